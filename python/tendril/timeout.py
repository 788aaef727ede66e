# SPDX-License-Identifier: MIT
"""Timeout: limits how long a block may wait."""

from tendril import _tendril


class Timeout(_tendril._Timeout):
    """Raised in the green thread that started it, where that waits, after `seconds`.

        with Timeout(2):             # raises itself
            ...
        with Timeout(2, False):      # leaves the block instead
            ...
        with Timeout(2, Late("too slow")):   # raises that
            ...

    It is a BaseException, so that `except Exception` does not swallow it. `seconds` of None means no limit.
    """

    @classmethod
    def start_new(cls, timeout=None, exception=None):
        """Makes and starts one; one that is given is started unless it counts already."""
        if isinstance(timeout, Timeout):
            if not timeout.pending:
                timeout.start()
            return timeout
        made = cls(timeout, exception)
        made.start()
        return made

    def __str__(self):
        if self.seconds is None:
            return ""
        text = f"{self.seconds} second" if self.seconds == 1 else f"{self.seconds} seconds"
        if self.exception is None or self.exception is True:
            return text
        return f"{text} (silent)" if self.exception is False else self._text.format(text, self.exception)

    _text = "{}: {}"  # with an exception

    def __repr__(self):
        state = " pending" if self.pending else ""
        return f"<{type(self).__name__} at {id(self):#x} seconds={self.seconds}{state}>"


def with_timeout(seconds, function, *args, timeout_value=Timeout, **kwargs):
    """function(*args, **kwargs) within a Timeout. Returns timeout_value, if that is given, instead of raising it."""
    limit = Timeout.start_new(seconds)
    try:
        return function(*args, **kwargs)
    except Timeout as raised:
        if raised is limit and timeout_value is not Timeout:
            return timeout_value
        raise
    finally:
        limit.cancel()


_tendril._set_timeout(Timeout)
