# SPDX-License-Identifier: MIT
"""How the modules of tendril.gevent wait and wake: Flag, which can be raised once, and switching by greenlets' names.

switch() and throw() are those of gevent's programs that park by `hub.switch()`, and wake by `greenlet.switch(value)`:
the one that is switched to becomes ready, and runs when the caller waits next.
"""

import tendril
from tendril import Event, Greenlet, _tendril, getcurrent

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


park = _tendril._gevent_park


def _throw(self, kind=tendril.GreenletExit, value=None, traceback=None):
    """Raises the exception in this green thread where it waits; in the running one at once."""
    error = _as_error(kind, value, traceback)
    if self is getcurrent():
        raise error
    if not self._throw_parked(error):
        self.kill(error, block=False)


def _parent(self):
    from tendril.gevent.hub import get_hub
    return self.__dict__.get("_parent_greenlet") or get_hub()


def _set_parent(self, parent):
    self.__dict__["_parent_greenlet"] = parent


for _name, _value in (("switch", Greenlet._switch), ("throw", _throw), ("parent", property(_parent, _set_parent)),
                      ("gr_frame", None), ("gr_context", None)):
    if not hasattr(Greenlet, _name):
        setattr(Greenlet, _name, _value)
