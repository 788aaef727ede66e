# SPDX-License-Identifier: MIT
"""gevent.socket: the standard library's, which cooperates after tendril.patch(), with gevent's additions."""

import errno as _errno
import select as _select
import socket as _socket

from tendril.gevent import _stdlib
from tendril.gevent.exceptions import ConcurrentObjectUseError
from tendril.gevent.hub import get_hub

socket = SocketType = _socket.socket


def _wait(fd, events, timeout, timeout_exc):
    fd = fd if isinstance(fd, int) else fd.fileno()
    poll = _select.poll()
    poll.register(fd, events)
    found = poll.poll(None if timeout is None else timeout * 1000)
    if not found:
        raise timeout_exc
    if found[0][1] & _select.POLLNVAL:
        raise cancel_wait_ex()


def wait(io, timeout=None, timeout_exc=_socket.timeout("timed out")):
    """Waits for an io watcher's event."""
    events = (_select.POLLIN if io.events & 1 else 0) | (_select.POLLOUT if io.events & 2 else 0)
    if io.callback is not None:
        raise ConcurrentObjectUseError(f"The socket is already being used by another greenlet: {io.callback!r}")
    _wait(io.fd, events, timeout, timeout_exc)


def wait_read(fileno, timeout=None, timeout_exc=_socket.timeout("timed out")):
    """Waits until the descriptor can be read; raises timeout_exc after `timeout` seconds."""
    _wait(fileno, _select.POLLIN, timeout, timeout_exc)


def wait_write(fileno, timeout=None, timeout_exc=_socket.timeout("timed out"), event=None):
    """Waits until the descriptor can be written."""
    _wait(fileno, _select.POLLOUT, timeout, timeout_exc)


def wait_readwrite(fileno, timeout=None, timeout_exc=_socket.timeout("timed out"), event=None):
    """Waits until the descriptor can be read or written."""
    _wait(fileno, _select.POLLIN | _select.POLLOUT, timeout, timeout_exc)


class cancel_wait_ex(OSError):
    """What a wait raises when its descriptor was closed."""

    def __init__(self):
        super().__init__(_errno.EBADF, "File descriptor was closed in another greenlet")


def cancel_wait(watcher, error=cancel_wait_ex):
    """Raises the error in the green thread that waits for the watcher."""
    get_hub().cancel_wait(watcher, error() if isinstance(error, type) else error)


__all__ = _stdlib.take(_socket, globals())
__implements__ = ["socket", "SocketType", "socketpair", "fromfd", "create_connection"]
__dns__ = ["getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo", "getfqdn"]
__extensions__ = ["cancel_wait", "wait_read", "wait_write", "wait_readwrite"]
__imports__ = [name for name in __all__ if name not in __implements__]
_GLOBAL_DEFAULT_TIMEOUT = _socket._GLOBAL_DEFAULT_TIMEOUT
create_connection = _socket.create_connection
__all__ = __all__ + [name for name in __extensions__ if name not in __all__]
