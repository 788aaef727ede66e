# SPDX-License-Identifier: MIT
"""A server for WSGI applications, in Python, with eventlet's parameters. tendril.wsgi is the fast one, in C++."""

import errno
import os
import socket
import ssl
import sys
import time
import traceback

import tendril
from tendril import unpreempted
from tendril.eventlet import greenpool
from tendril.eventlet._wsgi_input import ChunkReadError, Input  # noqa: F401
from tendril.eventlet._wsgi_protocol import (  # noqa: F401
    MAX_HEADER_LINE, MAX_TOTAL_HEADER_SIZE, STATE_CLOSE, STATE_IDLE, STATE_REQUEST, WSGI_LOCAL, HttpProtocol,
)

__all__ = ["server", "format_date_time"]

DEFAULT_MAX_SIMULTANEOUS_REQUESTS = 1024
DEFAULT_MAX_HTTP_VERSION = "HTTP/1.1"
MAX_REQUEST_LINE = 8192
MINIMUM_CHUNK_SIZE = 4096
DEFAULT_LOG_FORMAT = ('%(client_ip)s - - [%(date_time)s] "%(request_line)s" %(status_code)s %(body_length)s '
                      '%(wall_seconds).6f')
ALREADY_HANDLED = []  # what an application returns that has answered by itself, with WSGI_LOCAL.already_handled set

_passing = {errno.ECONNABORTED, errno.EPROTO, errno.EPIPE, errno.ECONNRESET, errno.EINTR}
_exhausted = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def format_date_time(timestamp):
    """A time as HTTP writes it."""
    import email.utils
    return email.utils.formatdate(timestamp, usegmt=True)


class _FileLog:
    """What log_message() writes to, made of a file or of a logger."""

    def __init__(self, log, debug=False):
        self.log = log
        self.is_logger = hasattr(log, "info") and hasattr(log, "debug")

    def write(self, message):
        if self.is_logger:
            self.log.info(message.rstrip("\n"))
        else:
            self.log.write(message if message.endswith("\n") else message + "\n")


class Server:
    """What the connections of a server() share."""

    def __init__(self, socket, address, app, log=None, environ=None, max_http_version=None, protocol=HttpProtocol,
                 minimum_chunk_size=None, log_x_forwarded_for=True, keepalive=True, log_output=True,
                 log_format=DEFAULT_LOG_FORMAT, url_length_limit=MAX_REQUEST_LINE, debug=False, socket_timeout=None,
                 capitalize_response_headers=True):
        self.outstanding_requests = 0
        self.socket = socket
        self.address = address
        self.log = _FileLog(log if log is not None else sys.stderr)
        self.app = app
        self.keepalive = keepalive
        self.environ = environ
        self.max_http_version = max_http_version or DEFAULT_MAX_HTTP_VERSION
        self.protocol = protocol
        self.pid = os.getpid()
        self.minimum_chunk_size = minimum_chunk_size
        self.log_x_forwarded_for = log_x_forwarded_for
        self.log_output = log_output
        self.log_format = log_format
        self.url_length_limit = url_length_limit
        self.debug = debug
        self.socket_timeout = socket_timeout
        self.capitalize_response_headers = capitalize_response_headers

    def get_environ(self):
        """What the environments of all requests begin with."""
        environ = {"wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "wsgi.multithread": True,
                   "wsgi.multiprocess": False, "wsgi.run_once": False}
        if self.environ is not None:
            environ.update(self.environ)
        return environ

    def process_request(self, conn_state):
        """Serves a connection, [address, socket, state], and closes it."""
        try:
            self.protocol(conn_state, self).handle()
        except (OSError, EOFError):
            pass
        finally:
            conn_state[2] = STATE_CLOSE
            sock = conn_state[1]
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def log_message(self, message):
        """Writes a line to the log, unless log_output is off."""
        if self.log_output:
            self.log.write(message)


def _url(sock):
    scheme = "https" if isinstance(sock, ssl.SSLSocket) else "http"
    address = sock.getsockname()
    if not isinstance(address, tuple):
        return f"{scheme}:{address}"
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{scheme}://{host}:{address[1]}"


def server(sock, site, log=None, environ=None, max_size=None, max_http_version=DEFAULT_MAX_HTTP_VERSION,
           protocol=HttpProtocol, server_event=None, minimum_chunk_size=None, log_x_forwarded_for=True,
           custom_pool=None, keepalive=True, log_output=True, log_format=DEFAULT_LOG_FORMAT,
           url_length_limit=MAX_REQUEST_LINE, debug=False, socket_timeout=None, capitalize_response_headers=True):
    """Serves the application `site` on a listening socket, until it is killed; then closes that and what is idle.

    At most max_size connections at once, or the size of custom_pool. Raises OSError if the socket cannot accept; a
    lack of descriptors only pauses it. With debug, the client gets the traceback of what the application raises.
    """
    unpreempted.patch()
    shared = Server(sock, sock.getsockname(), site, log, environ=environ, max_http_version=max_http_version,
                    protocol=protocol, minimum_chunk_size=minimum_chunk_size,
                    log_x_forwarded_for=log_x_forwarded_for, keepalive=keepalive, log_output=log_output,
                    log_format=log_format, url_length_limit=url_length_limit, debug=debug,
                    socket_timeout=socket_timeout, capitalize_response_headers=capitalize_response_headers)
    if server_event is not None:
        server_event.send(shared)
    if max_size is None:
        max_size = DEFAULT_MAX_SIMULTANEOUS_REQUESTS
    pool = custom_pool if custom_pool is not None else greenpool.GreenPool(max_size)
    if isinstance(sock, ssl.SSLSocket):
        sock.do_handshake_on_connect = False  # each connection's own green thread does it
    connections = {}
    shared.log_message(f"({shared.pid}) wsgi starting up on {_url(sock)}")
    try:
        _accept_all(sock, shared, pool, connections)
    except (KeyboardInterrupt, SystemExit):
        shared.log_message("wsgi exiting")
    finally:
        for state in list(connections.values()):
            _close_idle(state)
        shared.log_message(f"({shared.pid}) wsgi exited, is_accepting={pool.free() > 0}")
        sock.close()


def _close_idle(state):
    if state[2] == STATE_IDLE:
        state[2] = STATE_CLOSE
        try:
            state[1].shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _accept_all(sock, shared, pool, connections):
    while True:
        try:
            conn, address = sock.accept()
        except ssl.SSLError:
            continue
        except OSError as error:
            if error.errno in _exhausted:
                shared.log_message(f"accept() fails, and is tried again: {error}")
                time.sleep(0.1)
            elif error.errno not in _passing:
                raise
            continue
        state = [address, conn, STATE_IDLE]
        key = object()
        connections[key] = state
        shared.log_message(f"({shared.pid}) accepted {address!r}")
        try:
            pool.spawn_n(_serve, shared, state, connections, key)
        except BaseException:
            conn.close()
            raise
        conn = state = None


def _serve(shared, state, connections, key):
    try:
        shared.process_request(state)
    except (tendril.GreenletExit, SystemExit, KeyboardInterrupt):
        raise
    except BaseException:
        shared.log_message(traceback.format_exc())
    finally:
        connections.pop(key, None)
