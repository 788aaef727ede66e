# SPDX-License-Identifier: MIT
"""The HTTP server in C++ with a WSGI application (PEP 3333) in Python.

    import tendril.wsgi

    tendril.wsgi.serve("127.0.0.1:8080", application)

Each connection has a green thread; while the application waits, others run. `tendril serve module:application` is the
same as a command.
"""

import io
import os
import socket
import sys
import traceback

from tendril import _tendril

__all__ = ["FileWrapper", "Server", "listen", "serve"]


class FileWrapper:
    """wsgi.file_wrapper: a file as a body, from its position to its end.

    The kernel copies a regular file; anything else with read() is read in blocks.
    """

    def __init__(self, filelike, blksize=65536):
        self.filelike = filelike
        self.blksize = blksize
        self.file = _regular(filelike)

    def __iter__(self):
        return self

    def __next__(self):
        block = self.filelike.read(self.blksize)
        if not block:
            raise StopIteration
        return block

    def close(self):
        """Closes the file, if it has a close()."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()


def _regular(filelike):
    """The file itself, if what it reads is what is in the file: not for one that decompresses, say."""
    inner = getattr(filelike, "file", filelike) if type(filelike).__module__ == "tempfile" else filelike
    raw = inner.raw if isinstance(inner, (io.BufferedReader, io.BufferedRandom)) else inner
    return inner if type(raw) is io.FileIO else None


def listen(address, backlog=2048, reuse_port=False):
    """A listening socket. `address` is "host:port", ":port", "[::1]:port", "unix:path", "fd://3" or (host, port).

    Raises OSError, ValueError for a text that is no address, and TypeError for what is none of these.
    """
    if isinstance(address, tuple) and len(address) == 2:
        return _listen_tcp(*address, backlog, reuse_port)
    if not isinstance(address, str):
        raise TypeError(f"an address to listen at is a str or (host, port); this is {address!r}")
    if address.startswith("fd://"):
        return socket.socket(fileno=os.dup(_number(address, address[5:])))
    if address.startswith("unix:"):
        return _listen_unix(address[5:].removeprefix("//"), backlog)
    host, _, port = address.rpartition(":")
    if "]" in port or not _:
        host, port = address, "8000"
    return _listen_tcp(host.strip("[]"), _number(address, port), backlog, reuse_port)


def _number(address, text):
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"not an address to listen at: {address!r}; it is host:port, unix:path or fd://number")
    return int(text)


def _listen_tcp(host, port, backlog, reuse_port):
    if not 0 <= port <= 65535:  # getaddrinfo() would take its last 16 bits
        raise ValueError(f"not a port to listen at: {port}; it is 0, which means any that is free, to 65535")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise socket.gaierror(error.errno, f"{error.strerror}: {host}:{port}") from None
    except UnicodeError:
        raise ValueError(f"not a host to listen at: {host!r}") from None
    family, _, _, _, at = found[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(at)
        made.listen(backlog)
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"{error.strerror}: {host}:{port}") from None
    return made


def _listen_unix(path, backlog):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if not path.startswith("\0") and _is_dead_socket(path):
            os.unlink(path)
        made.bind(path)
        made.listen(backlog)
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"{error.strerror}: unix:{path}") from None
    return made


def _is_dead_socket(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            pass
    return False


def _report(environ, error):
    """Prints the error of an application, in one write. Returns the text that the client gets."""
    lines = traceback.format_exception(error)
    lines.insert(0, f"tendril: an error while answering {environ.get('REQUEST_METHOD')} {environ.get('RAW_URI')!r} "
                    f"for {environ.get('REMOTE_ADDR') or 'a client'}\n")
    stream = environ.get("wsgi.errors") or sys.stderr
    stream.write("".join(lines))
    stream.flush()
    return "Internal Server Error\n"


def _report_to_client(environ, error):
    _report(environ, error)
    return "".join(traceback.format_exception(error))


class Server:
    """A server of one application on one listening socket. It belongs to the OS thread that makes it.

    listener: a socket that listens, its number, or an address as listen() takes it. environ: more variables of all
    requests, which may replace SCRIPT_NAME, SERVER_NAME, wsgi.url_scheme and the like. errors: the stream wsgi.errors.
    report: what to do with an error of the application, report(environ, error), instead of printing it; returns what the
    client gets to see. debug: clients see the traceback.

    options: see docs/python.md: header_timeout, body_timeout, write_timeout, idle_timeout, body_deadline,
    linger_timeout, handshake_timeout, drain (seconds, None for no limit); max_request_line, max_header_bytes,
    max_header_count, max_body, concurrency, max_per_address, max_requests; keep_alive, http_1_0, compression,
    server_name, write_coalesce; certfile, keyfile, keyfile_password, ca_certs, cert_reqs, ciphers; proxy_protocol,
    proxy_sources, trusted_proxies; static={"/prefix/": folder}; access_log_fd, access_log_format; stack_size.

    Raises TypeError for an application that is not callable and for an option that does not exist, ValueError for one
    that makes no sense, OSError.
    """

    def __init__(self, listener, application, *, environ=None, errors=None, report=None, debug=False, **options):
        if isinstance(listener, (str, tuple)):
            listener = listen(listener)
        if not isinstance(listener, int) and not hasattr(listener, "fileno"):
            raise TypeError(f"a Server needs a socket that listens, its number, or an address; this is {listener!r}")
        self.socket = listener if not isinstance(listener, int) else None
        fd = listener if isinstance(listener, int) else listener.fileno()
        if report is None:
            report = _report_to_client if debug else _report
        self._server = _tendril.WSGIServer(fd, application, report, FileWrapper,
                                           sys.stderr if errors is None else errors, dict(environ or {}), options)
        self._stopped = False

    @property
    def address(self):
        """What the socket is bound to: (host, port), or a path."""
        return None if self.socket is None else self.socket.getsockname()

    @property
    def is_running(self):
        """Started, and not stopped."""
        return self._server.is_running

    def start(self):
        """Begins to accept, in a green thread of its own. Does not wait."""
        self._server.start()

    def serve_forever(self):
        """Starts, and waits until the server has been stopped, or has answered `max_requests`.

        Raises SystemExit or KeyboardInterrupt if the application did.
        """
        self._server.serve_forever()

    def stop(self, drain=1):
        """Accepts no more, lets requests go on for `drain` seconds (None: without limit), kills what is left.

        Returns how many connections were killed. Waits.
        """
        if self.socket is not None and not self._stopped:
            self._stopped = True
            self.socket.close()
        return self._server.stop(drain)

    def stop_accepting(self):
        """Lets new connections wait in the backlog."""
        self._server.accept(False)

    def start_accepting(self):
        """Accepts them again."""
        self._server.accept(True)

    def stats(self):
        """Counts since the start: connections, open, requests, bad_requests, errors, timeouts, ..."""
        return self._server.stats()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stop()


def serve(listener, application, **options):
    """Makes a Server and serves until it is stopped. Arguments and errors are Server's."""
    Server(listener, application, **options).serve_forever()
