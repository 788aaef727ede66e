# SPDX-License-Identifier: MIT
"""Timeout: limits how long a block may wait."""

import builtins
import functools
import inspect

import tendril
from tendril import _tendril

__all__ = ["Timeout", "with_timeout", "wrap_is_timeout", "is_timeout"]

_missing = object()


class Timeout(_tendril._EventletTimeout, tendril.Timeout):
    """Raises itself, or `exception`, in the green thread that makes it, where that waits, after `seconds`.

    It counts from its construction on, until cancel() or the end of its with block. `seconds` of None: never. With
    `exception` False, its with block swallows it.
    """

    @property
    def timer(self):
        """Something true while it counts."""
        return self if self.pending else None

    _text = "{} ({})"

    def __repr__(self):
        pending = " pending" if self.pending else ""
        exception = "" if self.exception is None else f" exception={self.exception!r}"
        return f"<{type(self).__name__} at {id(self):#x} seconds={self.seconds}{exception}{pending}>"

    @property
    def is_timeout(self):
        """True."""
        return True


def with_timeout(seconds, function, *args, **kwds):
    """function(*args, **kwds) within a Timeout. Returns timeout_value, if that is given, when it is that which ends it."""
    instead = kwds.pop("timeout_value", _missing)
    limit = Timeout(seconds)
    try:
        return function(*args, **kwds)
    except Timeout as raised:
        if raised is limit and instead is not _missing:
            return instead
        raise
    finally:
        limit.cancel()


def wrap_is_timeout(base):
    """Marks the objects of a class, or those a function makes, so that is_timeout() knows them. Returns base, or a wrapper."""
    if inspect.isclass(base):
        base.is_timeout = property(lambda _: True)
        return base

    @functools.wraps(base)
    def marked(*args, **kwargs):
        made = base(*args, **kwargs)
        made.is_timeout = True
        return made

    return marked


def is_timeout(obj):
    """Whether an exception says that something took too long."""
    return bool(getattr(obj, "is_timeout", False)) or isinstance(obj, (builtins.TimeoutError, tendril.Timeout))
