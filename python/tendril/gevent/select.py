# SPDX-License-Identifier: MIT
"""gevent.select: the standard library's, which cooperates after tendril.patch()."""

import select as _select

from tendril.gevent import _stdlib

_select_original = getattr(_select, "_tendril_select", None) or _select.select
_select._tendril_select = _select_original
error = OSError


def select(rlist, wlist, xlist, timeout=None):
    """Waits until one is ready. Returns the three lists of those that are; ValueError for a timeout below 0."""
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    return _select_original(rlist, wlist, xlist, timeout)


__all__ = ["select", "poll", "error"]
_stdlib.take(_select, globals())
__implements__ = ["select"]
PollResult = object
