# SPDX-License-Identifier: MIT
"""wsgi.input of tendril.gevent.pywsgi: a request's body, by its Content-Length or in chunks."""

_HEX = frozenset(b"0123456789abcdefABCDEF")
MAX_REQUEST_LINE = 8192


class InvalidClientInput(OSError):
    """The client sent what is not HTTP: it gets 400."""


class Input:
    """The body; never reads more than it. Sends 100 Continue before the first read, if the client waits for that."""

    __slots__ = ("rfile", "content_length", "socket", "position", "chunked_input", "_left", "_ended", "send_continue")

    def __init__(self, rfile, content_length, socket=None, chunked_input=False):
        self.rfile = rfile
        self.content_length = content_length
        self.socket = socket  # where 100 Continue goes; None: the client does not wait
        self.position = 0
        self.chunked_input = chunked_input
        self._left = 0
        self._ended = False

    @property
    def untouched(self):
        """Whether the client still waits for 100 Continue, so that the body does not come."""
        return self.socket is not None

    def _begin(self):
        socket, self.socket = self.socket, None
        if socket is not None:
            socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    # ---- One piece

    def _next_chunk(self):
        line = self.rfile.readline(MAX_REQUEST_LINE + 1)
        if not line:
            raise OSError("unexpected end of file while reading chunked data header")
        if not line.endswith(b"\r\n"):
            raise InvalidClientInput("a chunk's size does not end with CR LF, or is too long")
        size = line[:-2].partition(b";")[0].rstrip(b" \t")
        if not size or len(size) > 16 or not _HEX.issuperset(size):
            raise InvalidClientInput("a chunk's size is not a number")
        self._left = int(size, 16)
        if self._left == 0:
            self._read_trailers()
            self._ended = True

    def _read_trailers(self):
        total = 0
        while True:
            line = self.rfile.readline(MAX_REQUEST_LINE + 1)
            total += len(line)
            if line == b"\r\n":
                return
            if not line:
                if total == 0:
                    return
                raise OSError("unexpected end of file while reading trailers")
            if not line.endswith(b"\r\n") or b":" not in line or total > 65536:
                raise InvalidClientInput("the trailers are not valid")

    def _piece(self, read, most):
        """read(n) for at most `most` bytes of the current chunk; b"" at the body's end."""
        if self.chunked_input:
            if self._ended:
                return b""
            if self._left == 0:
                self._next_chunk()
                if self._ended:
                    return b""
            data = read(self._left if most is None else min(most, self._left))
            if not data:
                raise OSError("unexpected end of file while parsing chunked data")
            self._left -= len(data)
            self.position += len(data)
            if self._left == 0 and self.rfile.read(2) != b"\r\n":
                raise InvalidClientInput("a chunk does not end with CR LF")
            return data
        left = (self.content_length or 0) - self.position
        if left <= 0:
            return b""
        data = read(left if most is None else min(most, left))
        if not data:
            raise OSError(f"unexpected end of file while reading request at position {self.position}")
        self.position += len(data)
        return data

    # ---- What PEP 3333 asks for

    def read(self, length=None):
        """At most `length` bytes, less only at the end; without a length, all."""
        if length is not None and length < 0:
            length = None
        self._begin()
        pieces = []
        while length is None or length > 0:
            piece = self._piece(self.rfile.read, length)
            if not piece:
                break
            pieces.append(piece)
            if length is not None:
                length -= len(piece)
        return b"".join(pieces)

    def readline(self, size=None):
        """A line, at most `size` bytes of it."""
        if size is not None and size < 0:
            size = None
        self._begin()
        pieces = []
        while size is None or size > 0:
            piece = self._piece(self._read_line, size)
            if not piece:
                break
            pieces.append(piece)
            if piece.endswith(b"\n"):
                break
            if size is not None:
                size -= len(piece)
        line = b"".join(pieces)
        if line and not line.endswith(b"\n") and size is None and not self.chunked_input \
                and self.position < (self.content_length or 0):
            raise OSError(f"unexpected end of file while reading request at position {self.position}")
        return line

    def _read_line(self, most):
        return self.rfile.readline(min(most, 1 << 30))

    def readlines(self, hint=None):
        """All lines."""
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def discard(self, most=1 << 20):
        """Reads the rest away, so that the next request can follow. Returns whether it came to the end."""
        if self.socket is not None:
            return False
        while most > 0:
            piece = self._piece(self.rfile.read, min(most, 16384))
            if not piece:
                return True
            most -= len(piece)
        return False
