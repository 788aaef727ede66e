# SPDX-License-Identifier: MIT
"""The answering half of tendril.gevent.pywsgi's handler: start_response(), the framing of bodies, errors."""

import time
from email.utils import formatdate

_BODYLESS = (204, 304)


def _checked(text, what):
    if not isinstance(text, str):
        raise UnicodeError(f"The {what} must be a native string, not {text!r}")
    if "\r" in text or "\n" in text:
        raise ValueError(f"carriage return or newline in {what}")
    return text.encode("latin-1")


class Response:
    """Mixed into WSGIHandler, which has `socket`, `request_version`, `command`, `close_connection`."""

    ApplicationError = AssertionError

    def _begin_response(self):
        self.status = None
        self.code = None
        self.headers_sent = False
        self.response_headers = []
        self.response_length = 0
        self.response_use_chunked = False
        self.result = None
        self._announced = None  # by Content-Length
        self._body_sent = 0
        self.time_start = time.time()
        self.time_finish = 0

    def start_response(self, status, headers, exc_info=None):
        """PEP 3333's. Raises AssertionError at the second call, ValueError and UnicodeError for what is not valid."""
        if exc_info:
            try:
                if self.headers_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("start_response() was called already, without exc_info")
        line = _checked(status, "status")
        found, length, has_date = [], None, False
        for name, value in headers:
            raw = (_checked(name, "header name"), _checked(value, "header value"))
            low = raw[0].lower()
            if low == b"content-length":
                length = value
            elif low == b"date":
                has_date = True
            elif low == b"connection" and value.lower() == "close":
                self.close_connection = True
            found.append(raw)
        code = int(status.split(" ", 1)[0])
        if length is not None:
            if code in _BODYLESS and length != "0":
                raise self.ApplicationError(
                    f"Invalid Content-Length for {code} response: {length!r} (must be absent or zero)")
            if not length.isascii() or not length.isdigit():
                raise self.ApplicationError(f"Invalid Content-Length: {length!r}")
        self.status, self.code = status, code
        self._status_line = line
        self._announced = None if length is None else int(length)
        if not has_date:
            found.append((b"Date", formatdate(usegmt=True).encode()))
        self.response_headers = found
        return self.write

    def _has_body(self):
        return self.code not in _BODYLESS and (self.code >= 200 or self.code == 101)

    def finalize_headers(self, length=None):
        """Decides how the body ends: by its length, in chunks, or with the connection."""
        headers = self.response_headers
        if self._announced is None and length is not None and self._has_body() and self.code != 101:
            self._announced = length
            headers.append((b"Content-Length", str(length).encode()))
        if not self._has_body() or self.code == 101:  # what follows a 101 is another protocol
            self._announced = None
        elif self._announced is None:
            if self.request_version == "HTTP/1.1":
                self.response_use_chunked = self.command != "HEAD"
                headers.append((b"Transfer-Encoding", b"chunked"))
            else:
                self.close_connection = True
        named = {name.lower() for name, _ in headers}
        if b"connection" not in named:
            if self.close_connection:
                headers.append((b"Connection", b"close"))
            elif self.request_version == "HTTP/1.0":
                headers.append((b"Connection", b"keep-alive"))

    def _head(self):
        lines = [b"HTTP/1.1 " + self._status_line]
        lines += [name + b": " + value for name, value in self.response_headers]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def write(self, data):
        """Sends data; the headers first, unless they were sent."""
        if data and not self._has_body():
            raise self.ApplicationError(f"The {self.code} response must have no body")
        if not self.headers_sent and (data or self.code == 101):
            self._send(data, last=not data)
        elif data:
            self._send(data)

    def _send(self, data, length=None, last=False):
        parts = []
        if not self.headers_sent:
            if not data and not last:
                return
            self.finalize_headers(length)
            self.headers_sent = True
            parts.append(self._head())
        if data and self.command != "HEAD":
            if self._announced is not None:
                data = data[:max(0, self._announced - self._body_sent)]
            self._body_sent += len(data)
            if data and self.response_use_chunked:
                parts += [b"%x\r\n" % len(data), bytes(data), b"\r\n"]
            elif data:
                parts.append(bytes(data))
        if last and self.response_use_chunked:
            parts.append(b"0\r\n\r\n")
        if parts:
            self._sendall(b"".join(parts))

    def _sendall(self, data):
        self.socket.sendall(data)
        self.response_length += len(data)

    def process_result(self):
        """Sends what the application returned."""
        result = self.result
        if self.status is not None and not self.headers_sent and isinstance(result, (list, tuple)):
            body = b"".join(result)
            if body and not self._has_body():
                raise self.ApplicationError(f"The {self.code} response must have no body")
            self._send(body, len(body), True)
            return
        if self.status is None and result == ():
            self.log_error("the application has not called start_response()")
            return self._send_error("500 Internal Server Error")
        for piece in result:
            if piece:
                if self.status is None:
                    raise AssertionError("the application has not called start_response()")
                self.write(piece)
        if self.status is None:
            raise AssertionError("the application has not called start_response()")
        self._send(b"", 0 if not self.headers_sent and self.command != "HEAD" and self._buffered(result) else None, True)
        if self._announced is not None and self._body_sent < self._announced and self._has_body() \
                and self.command != "HEAD":
            self.close_connection = True

    @staticmethod
    def _buffered(result):
        return hasattr(result, "__len__")

    def run_application(self):
        """Calls the application, sends what it returns, and closes that."""
        assert self.result is None
        try:
            self.result = self.application(self.environ, self.start_response)
            self.process_result()
        finally:
            close = getattr(self.result, "close", None)
            self.result = None
            if close is not None:
                close()

    def _send_error(self, status, text=None):
        """Answers an error that is not the application's, unless something was sent, and closes then."""
        self.close_connection = True
        if self.headers_sent:
            return
        self._begin_status(status)
        body = (text or status.split(" ", 1)[1]).encode("latin-1", "replace")
        self.response_headers = [(b"Content-Type", b"text/plain"), (b"Connection", b"close"),
                                 (b"Content-Length", str(len(body)).encode())]
        self.headers_sent = True
        try:
            self._sendall(self._head() + (b"" if self.command == "HEAD" else body))
        except OSError:
            pass

    def _begin_status(self, status):
        self.status = status
        self.code = int(status.split(" ", 1)[0])
        self._status_line = status.encode("latin-1")
