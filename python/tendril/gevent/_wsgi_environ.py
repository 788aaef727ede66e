# SPDX-License-Identifier: MIT
"""What tendril.gevent.pywsgi gives applications and logs: Environ, SecureEnviron and LoggingLogAdapter."""


class Environ(dict):
    """A request's environ."""

    __slots__ = ()

    def copy(self):
        return type(self)(self)

    def __reduce_ex__(self, protocol):
        return dict, (), None, None, iter(self.items())


class SecureEnviron(Environ):
    """An Environ whose repr() shows no values, lest they get into logs; unless secure_repr is set to False."""

    default_secure_repr = True
    default_whitelist_keys = ()
    default_print_masked_keys = True
    __slots__ = ("secure_repr", "whitelist_keys", "print_masked_keys")

    def __getattr__(self, name):
        if name in ("secure_repr", "whitelist_keys", "print_masked_keys"):
            return getattr(type(self), "default_" + name)
        raise AttributeError(name)

    def __repr__(self):
        if not self.secure_repr:
            return dict.__repr__(self)
        known = self.whitelist_keys
        if not known:
            return f"<pywsgi.SecureEnviron dict (keys: {len(self)}) at {id(self)}>"
        if self.print_masked_keys:
            return repr({key: value if key in known else "<MASKED>" for key, value in self.items()})
        return repr({key: value for key, value in self.items() if key in known})

    __str__ = __repr__


class LoggingLogAdapter:
    """Lets a logger of `logging` be written to as a file."""

    __slots__ = ("_logger", "_level")

    def __init__(self, logger, level=20):
        object.__setattr__(self, "_logger", logger)
        object.__setattr__(self, "_level", level)

    def write(self, msg):
        self._logger.log(self._level, msg.rstrip("\n") if msg.endswith("\n") else msg)

    def flush(self):
        pass

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._logger, name)

    def __setattr__(self, name, value):
        setattr(self._logger, name, value)

    def __delattr__(self, name):
        delattr(self._logger, name)


def log_of(given, level, default):
    """The file that a server's `log` argument stands for; None for no log."""
    if given == "default":
        return default()
    if given is None or not hasattr(given, "log") or hasattr(given, "write"):
        return given
    return LoggingLogAdapter(given, level)
