# SPDX-License-Identifier: MIT
"""The module socket, whose socket is a GreenSocket."""

import socket as _socket
import sys as _sys

from tendril.eventlet.greenio import _GLOBAL_DEFAULT_TIMEOUT, GreenSocket, shutdown_safe  # noqa: F401

globals().update({name: value for name, value in vars(_socket).items() if not name.startswith("__")})
socket = GreenSocket


def create_connection(address, timeout=_GLOBAL_DEFAULT_TIMEOUT, source_address=None, **kwargs):
    """As the standard library's; returns a GreenSocket."""
    return GreenSocket(_socket.create_connection(address, timeout, source_address, **kwargs))


def socketpair(*args):
    """Two connected GreenSockets."""
    return tuple(map(GreenSocket, _socket.socketpair(*args)))


def fromfd(fd, family, type, proto=0):
    """A GreenSocket of a copy of the descriptor."""
    return GreenSocket(_socket.fromfd(fd, family, type, proto))


_sys.modules[__name__].__doc__ = __doc__
