# SPDX-License-Identifier: MIT
"""HttpProtocol of eventlet.wsgi: one connection, request after request."""

import email.utils
import socket
import time
import traceback
import urllib.parse

from tendril.eventlet import corolocal
from tendril.eventlet._wsgi_input import ChunkReadError, Input, capitalized
from tendril.wsgi import FileWrapper

MAX_HEADER_LINE = 8192
MAX_TOTAL_HEADER_SIZE = 65536
STATE_IDLE = "idle"
STATE_REQUEST = "request"
STATE_CLOSE = "close"

WSGI_LOCAL = corolocal.local()


class _Refused(Exception):
    """A request that gets an error: a status line."""


class _Gone(Exception):
    """The client has gone away, or says no more."""


class HttpProtocol:
    """Speaks HTTP/1.1 on a connection: conn_state is [address, socket, state]."""

    protocol_version = "HTTP/1.1"
    minimum_chunk_size = 4096
    capitalize_response_headers = True

    def __init__(self, conn_state, server):
        self.conn_state = conn_state
        self.client_address = conn_state[0]
        self.connection = self.request = conn_state[1]
        self.server = server
        self.close_connection = False
        self.requestline = ""
        self.rfile = None
        if server.minimum_chunk_size is not None:
            self.minimum_chunk_size = server.minimum_chunk_size
        self.capitalize_response_headers = server.capitalize_response_headers

    def handle(self):
        """Serves requests until one of both sides closes. The caller closes the socket."""
        if self.server.socket_timeout is not None:
            self.connection.settimeout(self.server.socket_timeout)
        handshake = getattr(self.connection, "do_handshake", None)
        try:
            if handshake is not None:
                handshake()
            self.rfile = self.connection.makefile("rb", 8192)
            while not self.close_connection and self.conn_state[2] != STATE_CLOSE:
                self.conn_state[2] = STATE_IDLE
                self.handle_one_request()
        except (_Gone, OSError):
            pass
        finally:
            self.conn_state[2] = STATE_CLOSE
            if self.rfile is not None:
                self.rfile.close()

    # ---- The head

    def _line(self, limit, error):
        line = self.rfile.readline(limit + 1)
        if not line:
            raise _Gone
        if len(line) > limit:
            raise _Refused(error)
        return line

    def handle_one_request(self):
        """Reads a request and answers it."""
        began = None
        try:
            if not isinstance(self.server.keepalive, bool) and self.requestline:
                self.connection.settimeout(self.server.keepalive)
            line = self._line(self.server.url_length_limit, "414 Request URI Too Long")
            while line in (b"\r\n", b"\n"):
                line = self._line(self.server.url_length_limit, "414 Request URI Too Long")
            if not isinstance(self.server.keepalive, bool):
                self.connection.settimeout(self.server.socket_timeout)
            self.conn_state[2] = STATE_REQUEST
            began = time.time()
            self.requestline = line.decode("latin-1").rstrip("\r\n")
            words = self.requestline.split()
            if len(words) != 3 or not words[2].startswith("HTTP/") or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
                raise _Refused("400 Bad Request")
            self.command, self.path, self.request_version = words
            self.headers_raw = self._read_headers()
            environ = self.get_environ()
        except _Refused as refused:
            self.close_connection = True
            self._refuse(str(refused))
            return
        try:
            self.handle_one_response(environ, began)
        finally:
            self._call_posthooks(environ)

    def _read_headers(self):
        found = []
        total = 0
        while True:
            line = self._line(MAX_HEADER_LINE, "400 Header Line Too Long")
            total += len(line)
            if total > MAX_TOTAL_HEADER_SIZE:
                raise _Refused("400 Headers Too Large")
            if line in (b"\r\n", b"\n"):
                return tuple(found)
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip() or any(c in name for c in " \t"):
                raise _Refused("400 Bad Request")
            found.append((name, value.strip(" \t\r\n")))

    def _refuse(self, status):
        data = (f"HTTP/1.0 {status}\r\nConnection: close\r\nContent-length: 0\r\n\r\n").encode("latin-1")
        self.connection.sendall(data)
        try:
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    # ---- The environment

    def get_client_address(self):
        """(address, port) as texts, for the environment and the log."""
        address = self.client_address
        if isinstance(address, tuple):
            return str(address[0]), str(address[1])
        return "unix", ""

    def _header(self, name):
        name = name.lower()
        return ",".join(value for given, value in self.headers_raw if given.lower() == name)

    def get_environ(self):
        """The environment of the request."""
        environ = self.server.get_environ()
        target = self.path
        if not target.startswith("/") and "://" in target:
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("?")
        address = self.connection.getsockname()
        host, port = (address[0], str(address[1])) if isinstance(address, tuple) else ("unix", "")
        client, client_port = self.get_client_address()
        environ.update({
            "REQUEST_METHOD": self.command, "SCRIPT_NAME": "", "RAW_PATH_INFO": path,
            "PATH_INFO": urllib.parse.unquote(path, "latin-1"), "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.request_version, "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_NAME": host,
            "SERVER_PORT": port, "REMOTE_ADDR": client, "REMOTE_PORT": client_port, "CONTENT_TYPE": "text/plain",
            "headers_raw": self.headers_raw,
        })
        for name, value in self.headers_raw:
            if "_" in name:
                continue  # else X_Foo would be taken for X-Foo
            key = name.replace("-", "_").upper()
            if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                environ[key] = value
                continue
            key = "HTTP_" + key
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        self._add_input(environ)
        return environ

    def _add_input(self, environ):
        coding = self._header("Transfer-Encoding").strip().lower()
        lengths = [value for name, value in self.headers_raw if name.lower() == "content-length"]
        if coding not in ("", "chunked", "identity"):
            raise _Refused("501 Not Implemented")
        chunked = coding == "chunked"
        if lengths and (chunked or len(set(lengths)) > 1 or not (lengths[0].isascii() and lengths[0].isdigit())):
            raise _Refused("400 Bad Request")  # both of them, two of them, or no number: a proxy may think otherwise
        expects = self.request_version == "HTTP/1.1" and self._header("Expect").lower() == "100-continue"
        body = Input(self.rfile, int(lengths[0]) if lengths else 0, self.connection, expects, chunked)
        environ["wsgi.input"] = environ["eventlet.input"] = body
        environ["wsgi.file_wrapper"] = FileWrapper
        environ["wsgi.url_scheme"] = "https" if hasattr(self.connection, "do_handshake") else "http"
        environ["eventlet.posthooks"] = []

        def set_idle():
            self.conn_state[2] = STATE_IDLE

        environ["eventlet.set_idle"] = set_idle

    def _call_posthooks(self, environ):
        for hook, args, kwargs in environ.get("eventlet.posthooks") or ():
            try:
                hook(environ, *args, **kwargs)
            except Exception:
                self.server.log_message(traceback.format_exc())

    # ---- The answer

    def handle_one_response(self, environ, began):
        """Calls the application and sends what it returns."""
        body = environ["eventlet.input"]
        answer = _Answer(self, environ, body)
        WSGI_LOCAL.already_handled = False
        result = None
        try:
            result = self.server.app(environ, answer.start_response)
            answer.send_all(result)
        except (_Gone, OSError):
            self.close_connection = True
        except Exception:
            self.close_connection = True
            text = traceback.format_exc()
            self.server.log_message(text)
            if not answer.sent:
                answer.fail(text.encode("utf-8", "replace") if self.server.debug else b"")
        finally:
            if hasattr(result, "close"):
                result.close()
            if not self.close_connection and not body.discard():
                self.close_connection = True
            if self.server.log_output and not getattr(WSGI_LOCAL, "already_handled", False):
                self._log(answer, began)

    def _log(self, answer, began):
        client = self.get_client_address()
        ip = client[0]
        forwarded = self._header("X-Forwarded-For").replace(" ", "") if self.server.log_x_forwarded_for else ""
        values = {"client_ip": f"{forwarded},{ip}" if forwarded else ip, "client_port": client[1],
                  "date_time": time.strftime("%d/%b/%Y %H:%M:%S"), "request_line": self.requestline,
                  "status_code": answer.status.partition(" ")[0], "body_length": answer.length,
                  "wall_seconds": time.time() - began}
        self.server.log_message(self.server.log_format % values)


class _Answer:
    """A response: its head, and how its body is framed."""

    def __init__(self, protocol, environ, body):
        self.protocol = protocol
        self.environ = environ
        self.body = body
        self.status = "000 none"
        self.headers = None
        self.sent = False
        self.length = 0
        self.chunked = False
        self.pending = []

    def start_response(self, status, headers, exc_info=None):
        """What the application calls. Returns write()."""
        if exc_info is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.headers is not None:
            raise AssertionError("start_response() was called twice without exc_info")
        items = headers.items() if isinstance(headers, dict) else headers
        if self.protocol.capitalize_response_headers:
            items = [(capitalized(name), value) for name, value in items]
        self.status, self.headers = status, list(items)
        return self.write

    def _has(self, name):
        return any(given.lower() == name for given, _ in self.headers)

    def _bodiless(self):
        return self.protocol.command == "HEAD" or self.status[:3] in ("204", "304") or self.status.startswith("1")

    def _head(self):
        protocol, server = self.protocol, self.protocol.server
        old = protocol.request_version == "HTTP/1.0" or server.max_http_version == "HTTP/1.0"
        asked = protocol._header("Connection").lower()
        keep = bool(server.keepalive) and not protocol.close_connection and \
            (asked == "keep-alive" if old else "close" not in asked)
        for name, value in self.headers:
            if name.lower() == "connection" and str(value).lower() == "close":
                keep = False
        if not self._has("content-length") and not self._bodiless():
            if old:
                keep = False
            else:
                self.chunked = True
        if not self.body.complete and (self.body.expects_continue or (old and protocol._header("Expect"))):
            keep = False  # nobody can tell whether the client sends the body
        self.body.expects_continue = False
        lines = [f"HTTP/{'1.0' if server.max_http_version == 'HTTP/1.0' else '1.1'} {self.status}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if not self._has("date"):
            lines.append(f"Date: {email.utils.formatdate(usegmt=True)}")
        if self.chunked and not self._has("transfer-encoding"):
            lines.append("Transfer-Encoding: chunked")
        if not self._has("connection"):
            if not keep:
                lines.append("Connection: close")
            elif old:
                lines.append("Connection: keep-alive")
            if keep and not isinstance(server.keepalive, bool):
                lines.append(f"Keep-Alive: timeout={int(server.keepalive)}")
        if not keep:
            protocol.close_connection = True
        for line in lines:
            if "\r" in line or "\n" in line:
                raise ValueError(f"a header has a line break: {line!r}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _encoded(self, data):
        return data if isinstance(data, bytes) else str(data).encode("ascii")

    def write(self, data):
        """Sends a piece, with the head before the first."""
        self._write(data)

    def _write(self, data, last=False):
        if self.headers is None:
            raise AssertionError("write() before start_response()")
        data = self._encoded(data)
        parts = []
        if not self.sent:
            parts.append(self._head())
            self.sent = True
        if data and not self._bodiless():
            parts.append(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)
        if last and self.chunked and not self._bodiless():
            parts.append(b"0\r\n\r\n")
        self._send(b"".join(parts))

    def _send(self, data):
        self.length += len(data)
        while data:
            done = self.protocol.connection.send(data)
            data = data[done:]

    def send_all(self, result):
        """Sends the pieces of an application's result; small ones together."""
        if self.headers is not None and not self.sent and hasattr(result, "__len__") and \
                not self._has("content-length") and not self._handled():
            pieces = [self._encoded(piece) for piece in result]
            if len(pieces) > 0 or not result:
                self.headers.append(("Content-Length", str(sum(map(len, pieces)))))
            result = pieces
        size = 0
        for piece in result:
            if self._handled() and not piece:
                continue
            piece = self._encoded(piece)
            if not piece:
                continue
            self.pending.append(piece)
            size += len(piece)
            if size >= self.environ.get("eventlet.minimum_write_chunk_size", self.protocol.minimum_chunk_size):
                self._flush()
                size = 0
        if self._handled():
            if not self.sent:
                self.protocol.close_connection = True
            return
        if not self.sent or self.pending or self.chunked:
            pieces, self.pending = self.pending, []
            self._write(b"".join(pieces), last=True)

    @staticmethod
    def _handled():
        return getattr(WSGI_LOCAL, "already_handled", False)

    def _flush(self):
        pieces, self.pending = self.pending, []
        self.write(b"".join(pieces))

    def fail(self, text):
        """Answers 500."""
        self.status = "500 Internal Server Error"
        self.headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        self.chunked = False
        self.pending = []
        try:
            self.write(text)
        except OSError:
            pass


__all__ = ["ChunkReadError", "HttpProtocol", "Input", "WSGI_LOCAL"]
