# SPDX-License-Identifier: MIT
"""gevent.monkey: its functions call tendril.patch(), which covers all at once; the rest is bookkeeping.

`saved` holds what was replaced of the standard library's own objects: few, as the C library's calls are what is
patched. get_original() returns an object as it is in the module, which cooperates too.
"""

import importlib as _importlib
import sys as _sys
import warnings as _warnings

from tendril import unpreempted
from tendril.gevent import events as _events

__all__ = ["patch_all", "patch_builtins", "patch_dns", "patch_os", "patch_queue", "patch_select", "patch_signal",
           "patch_socket", "patch_ssl", "patch_subprocess", "patch_sys", "patch_thread", "patch_time",
           "get_original", "is_module_patched", "is_object_patched", "patch_module", "main"]

saved = {}
_MODULES = {"os": ("os",), "time": ("time",), "thread": ("threading", "_thread"), "signal": ("signal",),
            "socket": ("socket",), "dns": ("socket",), "select": ("select", "selectors"), "ssl": ("ssl",),
            "subprocess": ("subprocess",), "sys": ("sys",), "builtins": ("builtins",), "queue": ("queue",),
            "contextvars": ("contextvars",)}
_REPLACED = {"os": ("fork", "forkpty"), "time": ("sleep",), "threading": ("local",), "select": ("select",), "subprocess": ("Popen",)}
_NAMED = {"socket": ("socket", "socketpair", "fromfd", "create_connection", "getaddrinfo"), "ssl": ("SSLSocket",),
          "threading": ("Event", "_start_new_thread", "Lock", "RLock", "Condition"),
          "_thread": ("allocate_lock", "start_new_thread", "get_ident", "_local"),
          "selectors": ("DefaultSelector",), "queue": ("SimpleQueue",), "signal": ("signal", "getsignal")}


class MonkeyPatchWarning(RuntimeWarning):
    """Something about patching that may not be as it was meant."""


def is_module_patched(mod_name):
    """Whether a function of this module was asked to patch it."""
    return mod_name in saved


def is_object_patched(mod_name, item_name):
    """Whether the object cooperates by a function of this module."""
    return is_module_patched(mod_name) and item_name in saved[mod_name]


def is_anything_patched():
    return bool(saved)


def get_original(mod_name, item_name):
    """What the module had before; of a list of names a list."""
    if isinstance(item_name, str):
        return _get(mod_name, item_name)
    return [_get(mod_name, each) for each in item_name]


def _get(mod_name, item_name):
    if item_name in saved.get(mod_name, {}):
        return saved[mod_name][item_name]
    return getattr(_importlib.import_module(mod_name), item_name)


def _save(module, name):
    saved.setdefault(module.__name__, {}).setdefault(name, getattr(module, name, None))


def patch_item(module, attr, newitem):
    """Sets the module's attribute, and keeps what it was."""
    _save(module, attr)
    setattr(module, attr, newitem)


def remove_item(module, attr):
    """Deletes the module's attribute, and keeps what it was."""
    _save(module, attr)
    if hasattr(module, attr):
        delattr(module, attr)


def patch_module(target_module, source_module, items=None, _warnings=None, **kwargs):
    """Gives the module the other's objects, which are named in its __implements__."""
    for name in items if items is not None else source_module.__implements__:
        patch_item(target_module, name, getattr(source_module, name))
    return True


def _apply(names):
    """Replaces what is ours; in order that the standard library's classes raise kills as themselves."""
    unpreempted.patch()
    return any([_apply_module(each) for name in names for each in _MODULES[name]])


def _apply_module(module_name):
    target = _importlib.import_module(module_name)
    source = _importlib.import_module("tendril.gevent." + module_name.lstrip("_")) \
        if module_name in _REPLACED else target
    try:
        _events.notify(_events.GeventWillPatchModuleEvent(module_name, source, target))
    except _events.DoNotPatch:
        return False
    for name in _REPLACED.get(module_name, ()):
        patch_item(target, name, getattr(source, name))
    for name in _NAMED.get(module_name, ()):
        if hasattr(target, name):
            _save(target, name)
    if module_name == "queue":
        patch_item(target, "SimpleQueue", target._PySimpleQueue)
    saved.setdefault(module_name, {})
    _events.notify(_events.GeventDidPatchModuleEvent(module_name, source, target))
    return True


def patch_os():
    return _apply(["os"])


def patch_queue():
    return _apply(["queue"])


def patch_time():
    return _apply(["time"])


def patch_contextvars():
    return _apply(["contextvars"])


def patch_thread(threading=True, _threading_local=True, Event=True, logging=True, existing_locks=True, _warnings=None):
    return _apply(["thread"])


def patch_socket(dns=True, aggressive=True):
    return _apply(["socket"])


def patch_dns():
    return _apply(["dns"])


def patch_ssl(_warnings=None, _first_time=True):
    return _apply(["ssl"])


def patch_select(aggressive=True):
    return _apply(["select"])


def patch_selectors(aggressive=True):
    return _apply(["select"])


def patch_subprocess():
    return _apply(["subprocess"])


def patch_builtins():
    return _apply(["builtins"])


def patch_signal():
    return _apply(["signal"])


def patch_sys(stdin=True, stdout=True, stderr=True):
    return _apply(["sys"])


def patch_all(socket=True, dns=True, time=True, select=True, thread=True, os=True, ssl=True, subprocess=True, sys=False,
              aggressive=True, Event=True, builtins=True, signal=True, queue=True, contextvars=True, **kwargs):
    """tendril.patch(), which cannot leave out parts: what is False is only not counted as patched."""
    asked = {name: value for name, value in locals().items() if name != "kwargs"}
    marks = {**asked, **kwargs}
    before = saved.get("_gevent_saved_patch_all_module_settings")
    if before is not None and before != marks:
        _warnings.warn("Patching more than once will result in the union of all True parameters being patched",
                       MonkeyPatchWarning, stacklevel=2)
    first = before is None
    saved["_gevent_saved_patch_all_module_settings"] = marks
    wanted = [name for name in ("os", "time", "thread", "sys", "socket", "select", "ssl", "subprocess", "builtins",
                                "signal", "queue", "contextvars")
              if asked[name] and (first or not before.get(name))]
    if not wanted:
        return None
    try:
        _events.notify(_events.GeventWillPatchAllEvent(asked, kwargs))
    except _events.DoNotPatch:
        return False
    _apply(wanted)
    _events.notify(_events.GeventDidPatchBuiltinModulesEvent(asked, kwargs))
    _events.notify(_events.GeventDidPatchAllEvent(asked, kwargs))
    return True


def main():
    """python3 -m gevent.monkey program.py args: patches all, then runs the program."""
    import runpy
    args = [each for each in _sys.argv[1:]]
    while args and args[0].startswith("--"):
        args.pop(0)
    if not args:
        print("python3 -m gevent.monkey program.py [args]", file=_sys.stderr)
        return 2
    patch_all()
    _sys.argv[:] = args
    runpy.run_path(args[0], run_name="__main__")
    return None


if __name__ == "__main__":
    _sys.exit(main())
