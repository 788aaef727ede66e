# SPDX-License-Identifier: MIT
"""wsgi.input of eventlet.wsgi: a request's body."""


class ChunkReadError(ValueError):
    """A chunked body that is not one."""


def capitalized(name):
    """Foo-Bar, of any spelling."""
    return b"-".join(part.capitalize() for part in name.encode("latin-1").split(b"-")).decode("latin-1")


class Input:
    """A body of content_length bytes, or in chunks. Reading sends the "100 Continue" that the client waits for.

    Reading waits for the client. Raises OSError if it goes away first, ChunkReadError for chunks that are none.
    """

    def __init__(self, rfile, content_length, sock, expects_continue=False, chunked=False):
        self.rfile = rfile
        self.content_length = content_length or 0
        self.position = 0
        self.chunked_input = chunked
        self.hundred_continue_headers = None
        self.expects_continue = expects_continue
        self._sock = sock
        self._left = 0        # of the chunk
        self._ended = False   # the last chunk was read
        self._begun = False   # a chunk was read

    @property
    def complete(self):
        """Whether all of it was read."""
        return self._ended if self.chunked_input else self.position >= self.content_length

    def get_socket(self):
        """The connection, for protocols that take it over."""
        return self._sock

    def set_hundred_continue_response_headers(self, headers, capitalize_response_headers=True):
        """Headers to be sent with the next "100 Continue"."""
        self.hundred_continue_headers = [
            (capitalized(name) if capitalize_response_headers else name, value) for name, value in headers]

    def send_hundred_continue_response(self):
        """Sends "100 Continue" now. A chunked body may then go on with a further one."""
        lines = ["HTTP/1.1 100 Continue", *(f"{name}: {value}" for name, value in self.hundred_continue_headers or ())]
        self._sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        self.hundred_continue_headers = None
        self.expects_continue = False
        self._ended = self._begun = False

    def _prepare(self):
        if self.expects_continue and not self.complete:
            self.send_hundred_continue_response()

    def _next_chunk(self):
        """Reads a chunk's head. Returns whether there is one."""
        if self._ended:
            return False
        if self._begun and self.rfile.readline(3) not in (b"\r\n", b"\n"):
            raise ChunkReadError("a chunk does not end where it should")
        line = self.rfile.readline(1024)
        size = line.split(b";", 1)[0].strip()
        if not line.endswith(b"\n") or not size or size.strip(b"0123456789abcdefABCDEF"):
            raise ChunkReadError(f"{line!r} is not a chunk's size")
        self._left = int(size, 16)
        self._begun = True
        if self._left == 0:
            self._ended = True
            while self.rfile.readline(8192) not in (b"\r\n", b"\n", b""):
                pass
        return self._left > 0

    def _take(self, limit, read):
        """At most `limit` bytes of what is left, by read(n), which may return fewer."""
        if self.chunked_input:
            if self._left == 0 and not self._next_chunk():
                return b""
            limit = min(limit, self._left)
        else:
            limit = min(limit, self.content_length - self.position)
            if limit <= 0:
                return b""
        data = read(limit)
        if not data:
            raise OSError(f"the client went away after {self.position} bytes of the request's body")
        self.position += len(data)
        if self.chunked_input:
            self._left -= len(data)
        return data

    def read(self, length=None):
        """So many bytes, fewer only at the end; all without a length."""
        if length is not None and length < 0:
            length = None
        self._prepare()
        parts = []
        while length is None or length > 0:
            data = self._take(1 << 16 if length is None else length, self.rfile.read)
            if not data:
                break
            parts.append(data)
            if length is not None:
                length -= len(data)
        return b"".join(parts)

    def readline(self, size=None):
        """A line, with its end; at most `size` bytes."""
        if size is not None and size < 0:
            size = None
        self._prepare()
        parts = []
        while size is None or size > 0:
            data = self._take(1 << 16 if size is None else size, self.rfile.readline)
            if not data:
                break
            parts.append(data)
            if data.endswith(b"\n"):
                break
            if size is not None:
                size -= len(data)
        return b"".join(parts)

    def readlines(self, hint=None):
        """All lines."""
        return list(self)

    def __iter__(self):
        return iter(self.readline, b"")

    def discard(self, most=1 << 20):
        """Skips the rest. Returns whether the next request can follow."""
        if self.complete:
            return True
        if self.expects_continue:
            return False
        try:
            while not self.complete and most > 0:
                most -= len(self._take(1 << 14, self.rfile.read))
        except (OSError, ValueError):
            return False
        return self.complete
