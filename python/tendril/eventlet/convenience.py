# SPDX-License-Identifier: MIT
"""connect(), listen(), serve() and wrap_ssl(). The first call of one of them patches the process: see patcher."""

import socket
import sys
import warnings

from tendril import unpreempted
from tendril.eventlet import greenpool, greenthread
from tendril.greenlet import GreenletExit

__all__ = ["connect", "listen", "serve", "wrap_ssl", "StopServe"]


def _socket(family):
    from tendril.eventlet.greenio import GreenSocket
    return GreenSocket(family, socket.SOCK_STREAM)


def connect(addr, family=socket.AF_INET, bind=None):
    """A socket that is connected to addr, from the address `bind`. Waits for the peer; raises OSError."""
    sock = _socket(family)
    try:
        if bind is not None:
            sock.bind(bind)
        sock.connect(addr)
    except BaseException:
        sock.close()
        raise
    return sock


class ReuseRandomPortWarning(Warning):
    """listen() with reuse_port on port 0."""


class ReusePortUnavailableWarning(Warning):
    """The system refuses SO_REUSEPORT."""


def listen(addr, family=socket.AF_INET, backlog=50, reuse_addr=True, reuse_port=None):
    """A socket that listens at addr. reuse_port is off unless asked for: two servers at one port would share it."""
    sock = _socket(family)
    try:
        if reuse_addr:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            if family in (socket.AF_INET, socket.AF_INET6) and addr[1] == 0:
                warnings.warn("listen() on a random port with reuse_port: another server may get the same one",
                              ReuseRandomPortWarning, stacklevel=2)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            except OSError as error:
                warnings.warn(f"the system refuses SO_REUSEPORT: {error}", ReusePortUnavailableWarning, stacklevel=2)
        sock.bind(addr)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


class StopServe(Exception):
    """Raised by a handler of serve(), ends it."""


def _after_handler(green, server, conn):
    try:
        green.wait()
    except GreenletExit:
        pass
    except Exception:
        greenthread.kill(server, *sys.exc_info())
    finally:
        conn.close()


def serve(sock, handle, concurrency=1000):
    """Calls handle(conn, addr) in a green thread for each connection, at most `concurrency` at once, then closes it.

    Returns when a handler raises StopServe; raises what else one raises.
    """
    unpreempted.patch()
    pool = greenpool.GreenPool(concurrency)
    server = greenthread.getcurrent()
    while True:
        try:
            conn, addr = sock.accept()
            green = pool.spawn(handle, conn, addr)
            green.link(_after_handler, server, conn)
            conn = addr = green = None
        except StopServe:
            return


def wrap_ssl(sock, *a, **kw):
    """Makes a TLS socket of one, with the arguments of ssl.wrap_socket(): keyfile, certfile, server_side..."""
    from tendril.eventlet.green import ssl
    return ssl.wrap_socket(sock, *a, **kw)
