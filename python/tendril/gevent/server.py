# SPDX-License-Identifier: MIT
"""gevent.server: StreamServer and DatagramServer."""

from tendril.gevent import socket as _socket
from tendril.gevent.baseserver import BaseServer

__all__ = ["StreamServer", "DatagramServer"]


class StreamServer(BaseServer):
    """handle(socket, address) for each connection; with `keyfile`, `certfile` or `ssl_context` over TLS."""

    backlog = 256
    reuse_addr = 1

    def __init__(self, listener, handle=None, backlog=None, spawn="default", **ssl_args):
        self.ssl_args = None
        self.wrap_socket = None
        try:
            if ssl_args:
                self._init_tls(ssl_args)
            super().__init__(listener, handle=handle, spawn=spawn)
            if backlog is not None:
                if hasattr(self, "socket"):
                    raise TypeError("backlog must be None when a socket instance is passed")
                self.backlog = backlog
        except BaseException:
            self.close()
            raise

    _stop_event = None  # until the base is made

    def close(self):
        if self._stop_event is not None:
            super().close()

    def _init_tls(self, ssl_args):
        from tendril.gevent import ssl
        ssl_args = dict(ssl_args)
        context = ssl_args.pop("ssl_context", None)
        ssl_args.setdefault("server_side", True)
        if context is not None:
            self.wrap_socket = context.wrap_socket
        else:
            if "keyfile" in ssl_args or "certfile" in ssl_args:
                open(ssl_args.get("certfile") or ssl_args.get("keyfile"), "rb").close()
            self.wrap_socket = ssl.wrap_socket
        self.ssl_args = ssl_args

    @property
    def ssl_enabled(self):
        return self.ssl_args is not None

    def set_handle(self, handle):
        super().set_handle(handle)
        if self.ssl_enabled:
            self._inner_handle = self._handle
            self._handle = self.wrap_socket_and_handle

    def wrap_socket_and_handle(self, client_socket, address):
        """The handshake, in the connection's green thread, then handle()."""
        with _Closing(self.wrap_socket(client_socket, **self.ssl_args)) as wrapped:
            return self._inner_handle(wrapped, address)

    def init_socket(self):
        if not hasattr(self, "socket"):
            self.socket = self.get_listener(self.address, self.backlog, self.family)
            self.address = self.socket.getsockname()

    @classmethod
    def get_listener(cls, address, backlog=None, family=None):
        """A socket that listens there."""
        return _tcp_listener(address, cls.backlog if backlog is None else backlog, cls.reuse_addr, family)

    def do_read(self):
        return self.socket.accept()

    def do_close(self, sock, *args):
        sock.close()


class _Closing:

    def __init__(self, sock):
        self._sock = sock

    def __enter__(self):
        return self._sock

    def __exit__(self, kind, value, traceback):
        self._sock.close()


class DatagramServer(BaseServer):
    """handle(data, address) for each datagram; answers by sendto()."""

    reuse_addr = 1

    def init_socket(self):
        if not hasattr(self, "socket"):
            self.socket = self.get_listener(self.address, self.family)
            self.address = self.socket.getsockname()

    @classmethod
    def get_listener(cls, address, family=None):
        """A socket that is bound there."""
        return _udp_socket(address, cls.reuse_addr, family)

    def do_read(self):
        return self.socket.recvfrom(8192)

    def sendto(self, *args):
        """Sends a datagram; waits for room."""
        return self.socket.sendto(*args)


def _bound(kind, address, reuse_addr, family):
    family = _socket.AF_INET if family is None else family
    made = _socket.socket(family, kind)
    try:
        if reuse_addr is not None:
            made.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, reuse_addr)
        if family == _socket.AF_INET6 and address[0] == "":
            made.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
        made.bind(address)
    except OSError as error:
        made.close()
        if isinstance(error.args, tuple) and len(error.args) > 1:
            error.args = (error.args[0], f"{error.args[1]}: {address!r}", *error.args[2:])
        raise
    except BaseException:
        made.close()
        raise
    return made


def _tcp_listener(address, backlog=50, reuse_addr=None, family=_socket.AF_INET):
    """A socket that listens there."""
    made = _bound(_socket.SOCK_STREAM, address, reuse_addr, family)
    made.listen(backlog)
    return made


def _udp_socket(address, reuse_addr=None, family=_socket.AF_INET):
    """A socket that is bound there."""
    return _bound(_socket.SOCK_DGRAM, address, reuse_addr, family)
