# SPDX-License-Identifier: MIT
"""GreenSocket and GreenPipe: the standard library's sockets and files, which cooperate after tendril.patch()."""

import os
import socket
import warnings

from tendril import unpreempted

__all__ = ["GreenSocket", "GreenPipe", "shutdown_safe", "set_nonblocking", "SOCKET_BLOCKING", "SOCKET_CLOSED",
           "CONNECT_ERR", "CONNECT_SUCCESS"]

unpreempted.patch()



class GreenSocket(socket.socket):
    """A socket; also one made of another, GreenSocket(sock), whose descriptor it takes over."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None, **kwargs):
        if isinstance(family, socket.socket):
            timeout = family.gettimeout()
            super().__init__(fileno=family.detach())
            self.settimeout(timeout)
        else:
            super().__init__(family, type, proto, fileno)

    def accept(self):
        """(GreenSocket, address) of the next connection. Waits for it."""
        fd, address = self._accept()
        conn = type(self)(self.family, self.type, self.proto, fileno=fd)
        if socket.getdefaulttimeout() is None and self.gettimeout():
            conn.setblocking(True)
        return conn, address

    @property
    def fd(self):
        """The socket itself."""
        return self


_GLOBAL_DEFAULT_TIMEOUT = socket._GLOBAL_DEFAULT_TIMEOUT

CONNECT_ERR = {11, 115, 114}
CONNECT_SUCCESS = {0, 106}
SOCKET_BLOCKING = {11}
SOCKET_CLOSED = {107, 32, 104, 108}


def shutdown_safe(sock):
    """Shuts a socket down for both directions; one that is not connected is left alone."""
    try:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except TypeError:  # as pyOpenSSL has it
            sock.shutdown()
    except OSError as error:
        if error.errno not in (107, 9):
            raise


def set_nonblocking(fd):
    """Sets O_NONBLOCK."""
    os.set_blocking(fd if isinstance(fd, int) else fd.fileno(), False)


def GreenPipe(f, mode="r", bufsize=-1, *args, **kwargs):
    """A file object for a descriptor, a path or another file object, whose descriptor it takes over."""
    if isinstance(f, str):
        return open(f, mode, bufsize, *args, **kwargs)
    if not isinstance(f, int):
        fd = os.dup(f.fileno())
        f.flush() if f.writable() else None
        f.close()
        f = fd
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return os.fdopen(f, mode, bufsize, *args, **kwargs)
