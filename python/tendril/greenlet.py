# SPDX-License-Identifier: MIT
"""The package greenlet on tendril: flows of control that run only when another one switches to them.

    from tendril.greenlet import greenlet, getcurrent

Each green thread has a main greenlet of its own, and those made in it can be switched to in it only.
"""

from tendril._tendril import (  # noqa: F401
    GreenletExit, _RawGreenlet as greenlet, _raw_error as error, _raw_getcurrent as getcurrent,
    _raw_gettrace as gettrace, _raw_settrace as settrace,
)

__all__ = ["greenlet", "getcurrent", "GreenletExit", "error", "gettrace", "settrace"]
__version__ = "2.0.2"

GREENLET_USE_GC = True
GREENLET_USE_TRACING = True
GREENLET_USE_CONTEXT_VARS = True

greenlet.GreenletExit = GreenletExit
greenlet.error = error
greenlet.getcurrent = staticmethod(getcurrent)
greenlet.gettrace = staticmethod(gettrace)
greenlet.settrace = staticmethod(settrace)
