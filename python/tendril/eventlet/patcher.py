# SPDX-License-Identifier: MIT
"""monkey_patch() and its relatives. All of them make the whole process cooperative, C code too: tendril.patch()."""

import importlib
import sys

from tendril import unpreempted

__all__ = ["inject", "import_patched", "monkey_patch", "is_monkey_patched", "original", "patch_function"]

_parts = frozenset(("os", "select", "socket", "thread", "time", "psycopg", "MySQLdb", "builtins", "subprocess"))
_names = {"thread": ("thread", "_thread", "threading", "queue"), "socket": ("socket", "ssl"),
          "select": ("select", "selectors")}

already_patched = {}


def monkey_patch(**on):
    """Makes sockets, sleeps, locks, threads and all else that blocks cooperative. TypeError for an unknown part.

    Parts may be named as in eventlet; is_monkey_patched() remembers them, but the whole process is patched.
    """
    on = dict(on)
    if "__builtin__" in on:
        on["builtins"] = on.pop("__builtin__")
    everything = on.pop("all", None)
    for part in on:
        if part not in _parts:
            raise TypeError(f"monkey_patch() got an unexpected keyword argument {part!r}")
    if everything is None:
        everything = True not in on.values()
    unpreempted.patch()
    for part in _parts:
        if on.get(part, everything and part not in ("MySQLdb", "builtins")):
            already_patched[part] = True
    if "thread" in already_patched:
        from tendril.eventlet import _threads
        _threads.install()


def is_monkey_patched(module):
    """Whether monkey_patch() was asked for this part: a module or its name."""
    name = getattr(module, "__name__", module)
    return any(name == part or name in _names.get(part, ()) for part in already_patched)


def import_patched(module_name, *additional_modules, **kw_additional_modules):
    """Imports a module, after patching the process. The further arguments are accepted, and need nothing more."""
    unpreempted.patch()
    return importlib.import_module(module_name)


def inject(module_name, new_globals, *additional_modules):
    """import_patched(), with the module's names added to new_globals, if that is a dict. Returns the module."""
    module = import_patched(module_name)
    if new_globals is not None:
        for name, value in vars(module).items():
            if not name.startswith("__"):
                new_globals[name] = value
    return module


def original(modname):
    """The module. There is but one of each: what is patched lies below them all, in the C library."""
    return importlib.import_module(modname)


def patch_function(func, *additional_modules):
    """func, after patching the process."""
    unpreempted.patch()
    return func


def slurp_properties(source, destination, ignore=(), srckeys=None):
    """Copies a module's names to a dict: those in srckeys, or its __all__, but none of `ignore`."""
    for name in source.__all__ if srckeys is None else srckeys:
        if not name.startswith("__") and name not in ignore:
            destination[name] = getattr(source, name)


def _main(arguments):
    sys.argv[:] = arguments
    monkey_patch()
    with open(arguments[0]) as file:
        code = compile(file.read(), arguments[0], "exec")
    exec(code, {"__name__": "__main__", "__file__": arguments[0]})


if __name__ == "__main__":
    _main(sys.argv[1:])
