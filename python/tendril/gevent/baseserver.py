# SPDX-License-Identifier: MIT
"""gevent.baseserver: BaseServer, what StreamServer and its kin have in common."""

import errno as _errno
import sys

import tendril
from tendril.gevent import socket as _socket
from tendril.gevent.event import Event
from tendril.gevent.greenlet import Greenlet, spawn_raw
from tendril.gevent.hub import get_hub, getcurrent
from tendril.gevent.pool import Pool

__all__ = ["BaseServer"]


class BaseServer:
    """Accepts by do_read(), and handles each connection in a green thread of its own.

    `spawn`: "default", "raw", None for no green thread, a Pool, a number for a Pool of that size, or a callable.
    """

    min_delay = 0.01
    max_delay = 1
    max_accept = 100
    stop_timeout = 1
    fatal_errors = (_errno.EBADF, _errno.EINVAL, _errno.ENOTSOCK)
    _spawn = Greenlet.spawn
    _SUPPORTED = True

    def __init__(self, listener, handle=None, spawn="default"):
        self._stop_event = Event()
        self._stop_event.set()
        self._accepting = None
        self._handle = None
        self.pool = None
        self.delay = self.min_delay
        self.address = None
        try:
            self.set_listener(listener)
            self.set_spawn(spawn)
            self.set_handle(handle)
        except BaseException:
            self.close()
            raise

    # ---- What it is made of

    def set_listener(self, listener):
        """A socket, or an address: (host, port), "host:port", a port."""
        if hasattr(listener, "accept"):
            if hasattr(listener, "do_handshake"):
                raise TypeError(f"Expected a regular socket, not SSLSocket: {listener!r}")
            self.family = listener.family
            self.address = listener.getsockname()
            self.socket = listener
        else:
            self.family, self.address = parse_address(listener)

    def set_spawn(self, spawn):
        """How a connection's green thread is made."""
        if spawn == "default":
            self.pool, self._spawn = None, type(self)._spawn
        elif spawn == "raw":
            self.pool, self._spawn = None, spawn_raw
        elif spawn is None:
            self.pool, self._spawn = None, None
        elif hasattr(spawn, "spawn"):
            self.pool, self._spawn = spawn, spawn.spawn
        elif isinstance(spawn, int):
            self.pool = Pool(spawn)
            self._spawn = self.pool.spawn
        else:
            self.pool, self._spawn = None, spawn
        if hasattr(self.pool, "full"):
            self.full = self.pool.full

    def full(self):
        """Whether no more connections can be handled now."""
        return False

    def set_handle(self, handle):
        """The function that handles a connection."""
        if handle is not None:
            self.handle = handle
        if hasattr(self, "handle"):
            self._handle = self.handle
        else:
            raise TypeError("'handle' must be provided")

    # ---- Accepting

    def start_accepting(self):
        """Accepts from now on."""
        if self._accepting is None:
            self._accepting = tendril.spawn(self._accept_loop)

    def stop_accepting(self):
        """Accepts no more, until start_accepting()."""
        accepting, self._accepting = self._accepting, None
        if accepting is not None and accepting is not getcurrent():
            accepting.kill(block=False)

    def _accept_loop(self):
        me = getcurrent()
        while self._accepting is me:
            try:
                if self.full():
                    wait = getattr(self.pool, "wait_available", None)
                    wait() if wait is not None else tendril.sleep(0.01)
                    continue
                args = self.do_read()
                if self._accepting is not me and args is not None:
                    self.do_close(*args)
                    return
                self.delay = self.min_delay
                if args is not None:
                    self._take(args)
            except Exception:
                error = sys.exc_info()
                if self._accepting is not me:
                    return
                if self.is_fatal_error(error[1]):
                    self._accepting = None
                    self.close()
                    get_hub().handle_error(self, *error)
                    return
                if self.delay >= 0:
                    if not isinstance(error[1], BlockingIOError):
                        get_hub().handle_error(self, *error)
                    tendril.sleep(self.delay)
                    self.delay = min(self.max_delay, self.delay * 2)

    def _take(self, args):
        try:
            self.do_handle(*args)
        except Exception:
            get_hub().handle_error((self._handle, args, self), *sys.exc_info())
            tendril.sleep(self.delay)
            self.delay = min(self.max_delay, self.delay * 2)

    def do_handle(self, *args):
        """Handles one connection, by the way that `spawn` says."""
        try:
            if self._spawn is None:
                self._handle_and_close_when_done(*args)
            else:
                self._spawn(self._handle_and_close_when_done, *args)
        except BaseException:
            self.do_close(*args)
            raise

    def _handle_and_close_when_done(self, *args):
        try:
            return self._handle(*args)
        finally:
            self.do_close(*args)

    def do_close(self, *args):
        """Closes a connection."""

    def do_read(self):
        """Waits for a connection. Returns the arguments for handle()."""
        raise NotImplementedError

    def is_fatal_error(self, error):
        """Whether the server has to stop at this error of do_read()."""
        return isinstance(error, OSError) and error.args[:1] and error.args[0] in self.fatal_errors

    # ---- Its life

    @property
    def started(self):
        return not self._stop_event.is_set()

    @property
    def closed(self):
        return not hasattr(self, "socket")

    @property
    def server_host(self):
        return self.address[0] if isinstance(self.address, tuple) else None

    @property
    def server_port(self):
        return self.address[1] if isinstance(self.address, tuple) else None

    def init_socket(self):
        """Makes the listening socket, if only an address was given."""

    def start(self):
        """Binds and accepts; returns at once."""
        self.init_socket()
        self._stop_event.clear()
        try:
            self.start_accepting()
        except BaseException:
            self.close()
            raise

    def close(self):
        """Closes the listening socket; connections go on."""
        self._stop_event.set()
        self.stop_accepting()
        listener = self.__dict__.pop("socket", None)
        self.__dict__.pop("handle", None)
        self.__dict__.pop("_handle", None)
        if listener is not None:
            listener.close()

    def stop(self, timeout=None):
        """close(); with a Pool waits for its connections up to `timeout` seconds, and kills the rest."""
        self.close()
        timeout = self.stop_timeout if timeout is None else timeout
        if self.pool:
            self.pool.join(timeout=timeout)
            self.pool.kill(block=True, timeout=1)

    def serve_forever(self, stop_timeout=None):
        """Starts and waits until it is stopped."""
        if not self.started:
            self.start()
        try:
            self._stop_event.wait()
        finally:
            tendril.spawn(self.stop, timeout=stop_timeout).join()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.stop()

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self._formatinfo()}>"

    __str__ = __repr__

    def _formatinfo(self):
        text = f"fileno={self.socket.fileno()} " if hasattr(self, "socket") else ""
        handle = self.__dict__.get("_handle")
        if getattr(handle, "__self__", None) is self:
            told = f"<bound method {type(self).__name__}.{handle.__name__} of self>"
        else:
            told = repr(handle)
        return text + f"address={self.address[0]}:{self.address[1]} handle={told}" if isinstance(self.address, tuple) \
            else text + f"address={self.address} handle={told}"


def parse_address(address):
    """(family, address) of (host, port), "host:port", "[host]:port", ":port" or a port."""
    if isinstance(address, tuple):
        if not address[0] or ":" in address[0]:
            return _socket.AF_INET6, address
        return _socket.AF_INET, address
    if isinstance(address, int) or isinstance(address, str) and ":" not in address and address.isdigit():
        return _socket.AF_INET6, ("", int(address))
    if not isinstance(address, str):
        raise TypeError(f"Expected tuple or string, got {type(address)}")
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"Failed to parse address {address!r}: it must be host:port")
    if host.startswith("[") and host.endswith("]"):
        return _socket.AF_INET6, (host[1:-1], int(port))
    if ":" in host:
        return _socket.AF_INET6, (host, int(port))
    return (_socket.AF_INET6, ("", int(port))) if host in ("", "*") else (_socket.AF_INET, (host, int(port)))
