# SPDX-License-Identifier: MIT
"""How the modules of tendril.gevent wait and wake: Flag, which can be raised once, and switching by greenlets' names.

switch() and throw() are those of gevent's programs that park by `hub.switch()`, and wake by `greenlet.switch(value)`:
the one that is switched to becomes ready, and runs when the caller waits next.
"""

import tendril
from tendril import Event, Greenlet, getcurrent

NOTHING = object()


class Flag(Event):
    """Waited for by one green thread; raised once."""

    __slots__ = ()


def _as_error(kind, value=None, traceback=None):
    if isinstance(kind, BaseException):
        error = kind
    elif isinstance(value, BaseException):
        error = value
    elif value is None:
        error = kind()
    else:
        error = kind(*value) if isinstance(value, tuple) else kind(value)
    return error.with_traceback(traceback) if traceback is not None else error


def park():
    """Waits until another green thread switches to this one. Returns what it passes, or raises what it throws."""
    me = getcurrent()
    flag = me.__dict__["_parked"] = Flag()
    try:
        flag.wait()
    finally:
        me.__dict__.pop("_parked", None)
    error = me.__dict__.pop("_thrown", None)
    if error is not None:
        try:
            raise error
        finally:
            del error
    return me.__dict__.pop("_passed", None)


def is_parked(greenlet):
    return "_parked" in greenlet.__dict__


def _switch(self, *args, **kwargs):
    """Wakes this green thread, which is in hub.switch(), with a value for it; starts one that was not started."""
    if self is getcurrent():
        return args[0] if len(args) == 1 else args
    flag = self.__dict__.get("_parked")
    if flag is not None:
        self.__dict__["_passed"] = args[0] if len(args) == 1 else args if args else kwargs or ()
        flag.set()
    elif not self.started and not self.dead:
        self.start()
    return None


def _throw(self, kind=tendril.GreenletExit, value=None, traceback=None):
    """Raises the exception in this green thread where it waits; in the running one at once."""
    error = _as_error(kind, value, traceback)
    if self is getcurrent():
        raise error
    flag = self.__dict__.get("_parked")
    if flag is not None:
        self.__dict__["_thrown"] = error
        flag.set()
    else:
        self.kill(error, block=False)


def _parent(self):
    from tendril.gevent.hub import get_hub
    return self.__dict__.get("_parent_greenlet") or get_hub()


def _set_parent(self, parent):
    self.__dict__["_parent_greenlet"] = parent


for _name, _value in (("switch", _switch), ("throw", _throw), ("parent", property(_parent, _set_parent)),
                      ("gr_frame", None), ("gr_context", None)):
    if not hasattr(Greenlet, _name):
        setattr(Greenlet, _name, _value)
