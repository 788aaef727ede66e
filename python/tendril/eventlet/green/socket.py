# SPDX-License-Identifier: MIT
"""The module socket, whose socket is a GreenSocket."""

import socket as _stdlib

from tendril.eventlet.greenio import _GLOBAL_DEFAULT_TIMEOUT, GreenSocket, shutdown_safe  # noqa: F401

globals().update({name: value for name, value in vars(_stdlib).items() if not name.startswith("__")})
socket = GreenSocket


def create_connection(address, timeout=_GLOBAL_DEFAULT_TIMEOUT, source_address=None, **kwargs):
    """As the standard library's; returns a GreenSocket."""
    return GreenSocket(_stdlib.create_connection(address, timeout, source_address, **kwargs))


def socketpair(*args):
    """Two connected GreenSockets."""
    return tuple(map(GreenSocket, _stdlib.socketpair(*args)))


def fromfd(fd, family, type, proto=0):
    """A GreenSocket of a copy of the descriptor."""
    return GreenSocket(_stdlib.fromfd(fd, family, type, proto))

