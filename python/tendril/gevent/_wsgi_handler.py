# SPDX-License-Identifier: MIT
"""WSGIHandler: one connection of tendril.gevent.pywsgi's server, request after request."""

import sys
import time
import traceback
from urllib.parse import unquote_to_bytes

from tendril.gevent._wsgi_input import MAX_REQUEST_LINE, Input, InvalidClientInput
from tendril.gevent._wsgi_response import Response
from tendril.gevent.timeout import Timeout

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class InvalidClientRequest(ValueError):
    """The client sent what is not HTTP: it gets 400, or the status that is said."""

    status = "400 Bad Request"

    def __init__(self, text, status=None):
        super().__init__(text)
        if status is not None:
            self.status = status


class WSGIHandler(Response):
    """Reads requests, calls the application, answers. One green thread for a connection."""

    protocol_version = "HTTP/1.1"
    max_headers = 100
    max_header_line = 65536
    header_timeout = 60  # seconds for a request's head to come, also after the one before; None: without limit
    environ = None
    requestline = None
    request_version = "HTTP/1.1"
    command = path = ""
    close_connection = True
    wsgi_input = None

    def __init__(self, sock, address, server, rfile=None):
        self.socket = sock
        self.client_address = address
        self.server = server
        self.rfile = rfile if rfile is not None else sock.makefile("rb", -1)
        self.application = server.application
        self._begin_response()

    # ---- The connection

    def handle(self):
        """Handles the connection until it ends, and closes it."""
        try:
            while self.socket is not None:
                result = self.handle_one_request()
                if result is None:
                    break
                if result is not True:
                    self.status, _ = result
                    self._sendall(result[1])
                    break
        finally:
            self._close()

    def _close(self):
        rfile, sock = self.rfile, self.socket
        self.rfile = self.socket = None
        for each in (rfile, sock):
            if each is not None:
                try:
                    each.close()
                except OSError:
                    pass

    def handle_one_request(self):
        """Handles the next request. Returns None when the connection is to be closed, else True."""
        if getattr(self.rfile, "closed", False):
            return None
        self._begin_response()
        self.close_connection = True
        try:
            with Timeout(self.header_timeout, _Slow):
                line = self.read_requestline()
                if not line:
                    return None
                if not self.read_request(line):
                    return None
        except _Slow:
            return None
        except InvalidClientRequest as error:
            self.handle_client_error(error)
            return None
        except OSError:
            return None
        self.environ = self.get_environ()
        self.handle_one_response()
        if self.close_connection or self.socket is None:
            return None
        return True

    def read_requestline(self):
        """The request's first line; b"" at the end of the connection. 414 if it is too long."""
        line = self.rfile.readline(MAX_REQUEST_LINE + 1)
        if len(line) > MAX_REQUEST_LINE:
            raise InvalidClientRequest("the request's line is too long", "414 Request URI Too Long")
        return line

    # ---- Its head

    def read_request(self, raw_requestline):
        """Reads the head after its first line. Returns False if there is none. ValueError for what is not HTTP."""
        self.requestline = raw_requestline.decode("latin-1").rstrip("\r\n")
        words = self.requestline.split(" ")
        if len(words) != 3 or not all(words):
            raise InvalidClientRequest(f"Invalid HTTP request: {self.requestline!r}")
        self.command, self.path, self.request_version = words
        if self.request_version not in ("HTTP/1.0", "HTTP/1.1"):
            raise InvalidClientRequest(f"Invalid HTTP version: {self.request_version!r}")
        if not _TOKEN.issuperset(self.command.encode("latin-1")):
            raise InvalidClientRequest(f"Invalid HTTP method: {self.command!r}")
        self.headers = self._read_headers()
        tokens = [word.strip().lower() for name, value in self.headers if name.lower() == "connection"
                  for word in value.split(",")]
        self.close_connection = "close" in tokens or (
            self.request_version == "HTTP/1.0" and "keep-alive" not in tokens)
        self._upgrades = "upgrade" in tokens or any(name.lower() == "upgrade" for name, _ in self.headers)
        self._find_body()
        return True

    def _read_headers(self):
        headers = []
        while True:
            line = self.rfile.readline(self.max_header_line + 1)
            if not line:
                raise InvalidClientRequest("the headers end before their end")
            if line in (b"\r\n", b"\n"):
                return headers
            if len(line) > self.max_header_line or len(headers) >= self.max_headers:
                raise InvalidClientRequest("too many headers, or too long ones", "431 Request Header Fields Too Large")
            text = line.rstrip(b"\r\n")
            if b"\r" in text or b"\0" in text:
                raise InvalidClientRequest("a control character in a header")
            if text[:1] in b" \t":
                if not headers:
                    raise InvalidClientRequest("the first header begins with a space")
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + text.strip().decode("latin-1"))
                continue
            name, colon, value = text.partition(b":")
            if not colon or not name or not _TOKEN.issuperset(name):
                raise InvalidClientRequest(f"Invalid HTTP header: {text[:80]!r}")
            headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def _find_body(self):
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        codings = [value for name, value in self.headers if name.lower() == "transfer-encoding"]
        hosts = [value for name, value in self.headers if name.lower() == "host"]
        if len(hosts) > 1:
            raise InvalidClientRequest("more than one Host")
        length = None
        if lengths:
            if len(set(lengths)) > 1 or not lengths[0].isascii() or not lengths[0].isdigit():
                raise InvalidClientRequest(f"Invalid Content-Length: {', '.join(lengths)!r}")
            length = int(lengths[0])
        if codings:
            if lengths or self.request_version == "HTTP/1.0":
                raise InvalidClientRequest("Transfer-Encoding with Content-Length, or in HTTP/1.0")
            if ", ".join(codings).strip().lower() != "chunked":
                raise InvalidClientRequest(f"Invalid Transfer-Encoding: {', '.join(codings)!r}")
        expects = [value.strip().lower() for name, value in self.headers if name.lower() == "expect"]
        if any(each != "100-continue" for each in expects):
            raise InvalidClientRequest("an expectation that is not known", "417 Expectation Failed")
        waits = bool(expects) and self.request_version == "HTTP/1.1"
        self.wsgi_input = Input(self.rfile, length, self.socket if waits else None, bool(codings))

    # ---- The application

    def get_environ(self):
        """The request as PEP 3333 says."""
        environ = self.server.get_environ()
        path, _, query = self.path.partition("?")
        if path.startswith(("http://", "https://")):
            path = "/" + path.split("//", 1)[1].partition("/")[2]
        environ["REQUEST_METHOD"] = self.command
        environ["SCRIPT_NAME"] = ""
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"] = query
        environ["SERVER_PROTOCOL"] = self.request_version
        if isinstance(self.client_address, tuple) and self.client_address:
            environ["REMOTE_ADDR"] = str(self.client_address[0])
            environ["REMOTE_PORT"] = str(self.client_address[1])
        else:
            environ["REMOTE_ADDR"] = environ["REMOTE_PORT"] = ""
        for name, value in self.headers:
            if "_" in name:  # not to be told from another one with "-"
                continue
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = "HTTP_" + key
            if key in environ and key not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
                value = environ[key] + ("; " if key.startswith("HTTP_COOKIE") else ",") + value
            environ[key] = value
        environ["wsgi.input"] = self.wsgi_input
        environ["wsgi.input_terminated"] = not self._upgrades
        return environ

    def handle_one_response(self):
        """Runs the application for a request whose head was read."""
        try:
            self.run_application()
            if self.wsgi_input.untouched:  # the client waits for 100 Continue, or sends the body nevertheless
                self.close_connection = True
            elif not self.close_connection and not self.wsgi_input.discard():
                self.close_connection = True
        except (InvalidClientInput, InvalidClientRequest) as error:
            self.handle_client_error(error)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception:
            self.handle_error(*sys.exc_info())
        finally:
            self.time_finish = time.time()
            self.log_request()

    # ---- Errors and logs

    def handle_client_error(self, error):
        """Answers what is not HTTP."""
        self.log_error("%s", str(error))
        self._send_error(getattr(error, "status", "400 Bad Request"))

    def handle_error(self, t, v, tb):
        """Reports an error of the application; answers 500, if nothing was sent."""
        secure = self.server.secure_environ_class
        context = self.environ if isinstance(self.environ, secure) else secure(self.environ or {})
        self.server.loop.handle_error(context, t, v, tb)
        self._send_error("500 Internal Server Error")

    def _print_unexpected_exc(self):
        traceback.print_exc()

    def log_error(self, msg, *args):
        """Writes to the server's error log."""
        if self.server.error_log is not None:
            try:
                text = msg % args
            except Exception:
                text = f"{msg!r} {args!r}"
            self.server.error_log.write(f"{text}\n")

    def log_request(self):
        """Writes to the server's log."""
        if self.server.log is not None:
            self.server.log.write(self.format_request() + "\n")

    def format_request(self):
        """The line of the log."""
        host = self.client_address[0] if isinstance(self.client_address, tuple) else self.client_address
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        spent = f"{self.time_finish - self.time_start:.6f}" if self.time_finish else "-"
        return (f'{host or "-"} - - [{now}] "{self.requestline or ""}" '
                f'{(self.status or "000").split(" ", 1)[0]} {self.response_length or "-"} {spent}')


class _Slow(Exception):
    pass
