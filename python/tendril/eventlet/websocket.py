# SPDX-License-Identifier: MIT
"""WebSockets (RFC 6455, with permessage-deflate) for applications under eventlet.wsgi."""

import base64
import codecs
import hashlib
import os
import socket
import struct
import zlib

import tendril
from tendril.eventlet._wsgi_protocol import WSGI_LOCAL

__all__ = ["WebSocketWSGI", "WebSocket", "RFC6455WebSocket", "ConnectionClosedError", "FailedConnectionError",
           "ProtocolError"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
DEFAULT_MAX_FRAME_LENGTH = 8 << 20
_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10


class ConnectionClosedError(Exception):
    """The peer has closed the connection, or it broke."""


class FailedConnectionError(Exception):
    """The connection fails: with a status for the peer, and a text."""

    def __init__(self, status, message):
        super().__init__(status, message)
        self.status = status
        self.message = message


class ProtocolError(ValueError):
    """A frame that is not allowed."""


def _tokens(text):
    return [each.strip().lower() for each in text.split(",") if each.strip()]


class WebSocketWSGI:
    """A WSGI application that calls handler(ws) for each WebSocket, and closes it when that returns.

    `max_frame_length` limits a message, also after inflating. Requests that are no handshakes get 400.
    """

    def __init__(self, handler, max_frame_length=DEFAULT_MAX_FRAME_LENGTH):
        self.handler = handler
        self.protocols = None
        self.support_legacy_versions = False
        self.supported_protocols = []
        self.origin_checker = None
        self.max_frame_length = max_frame_length

    @classmethod
    def configured(cls, handler=None, supported_protocols=None, origin_checker=None, support_legacy_versions=False,
                   max_frame_length=DEFAULT_MAX_FRAME_LENGTH):
        """One with a list of protocols, and origin_checker(origin) -> bool; without a handler, a decorator."""
        if support_legacy_versions:
            raise NotImplementedError("tendril.eventlet.websocket speaks RFC 6455 only, not what came before it")

        def make(function):
            made = cls(function, max_frame_length)
            made.origin_checker = origin_checker
            made.supported_protocols = list(supported_protocols or [])
            return made

        return make if handler is None else make(handler)

    def __call__(self, environ, start_response):
        error, headers = self._check(environ)
        if error is not None:
            start_response(error, [("Connection", "close"), *headers])
            return []
        body = environ["eventlet.input"]
        protocol = self._choose_protocol(environ)
        extensions = _negotiated(environ.get("HTTP_SEC_WEBSOCKET_EXTENSIONS", ""))
        sock = body.get_socket()
        sock.sendall(self._answer(environ["HTTP_SEC_WEBSOCKET_KEY"], protocol, extensions))
        sock.settimeout(None)
        WSGI_LOCAL.already_handled = True
        ws = RFC6455WebSocket(sock, environ, protocol=protocol, extensions=extensions,
                              max_frame_length=self.max_frame_length, read=body.rfile.read1)
        try:
            self.handler(ws)
        except ConnectionClosedError:
            pass
        except OSError as error:
            if error.errno not in (32, 104):
                raise
        finally:
            ws.close()
            WSGI_LOCAL.already_handled = True
        return []

    def _check(self, environ):
        """Returns (the status of a refusal or None, headers)."""
        if environ["REQUEST_METHOD"] != "GET" or "websocket" not in _tokens(environ.get("HTTP_UPGRADE", "")) or \
                "upgrade" not in _tokens(environ.get("HTTP_CONNECTION", "")):
            return "400 Bad Request", []
        if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() != "13":
            return "400 Bad Request", [("Sec-WebSocket-Version", "13")]
        try:
            key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", "").encode(), validate=True)
        except ValueError:
            key = b""
        if len(key) != 16:
            return "400 Bad Request", []
        if self.origin_checker is not None and not self.origin_checker(environ.get("HTTP_ORIGIN")):
            return "403 Forbidden", []
        return None, []

    def _choose_protocol(self, environ):
        asked = [each.strip() for each in environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(",")]
        return next((each for each in asked if each in self.supported_protocols), None)

    @staticmethod
    def _answer(key, protocol, extensions):
        accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept}"]
        if protocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        for name, values in extensions.items():
            parts = [name] + [key if value is True else f"{key}={value}" for key, value in values.items()]
            lines.append("Sec-WebSocket-Extensions: " + "; ".join(parts))
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _negotiated(offers):
    """The first offer of permessage-deflate that can be met, as {name: {parameter: value}}; else empty."""
    for offer in offers.split(","):
        name, *parameters = [each.strip() for each in offer.split(";")]
        if name.lower() != "permessage-deflate":
            continue
        agreed = {}
        for parameter in parameters:
            key, equals, value = (each.strip() for each in parameter.partition("="))
            key, value = key.lower(), value.strip('"')
            if key in ("server_no_context_takeover", "client_no_context_takeover") and not equals:
                agreed[key] = True
            elif key in ("server_max_window_bits", "client_max_window_bits") and not equals:
                agreed[key] = 15
            elif key in ("server_max_window_bits", "client_max_window_bits") and value in map(str, range(9, 16)):
                agreed[key] = int(value)
            else:
                break
        else:
            return {"permessage-deflate": agreed}
    return {}


class RFC6455WebSocket:
    """One WebSocket. One green thread may wait() while others send()."""

    def __init__(self, sock, environ, version=13, protocol=None, client=False, extensions=None,
                 max_frame_length=DEFAULT_MAX_FRAME_LENGTH, read=None):
        self.socket = sock
        self.environ = environ
        self.version = version
        self.protocol = protocol
        self.path = environ.get("PATH_INFO")
        self.origin = environ.get("HTTP_ORIGIN")
        self.is_client = client
        self.max_frame_length = max_frame_length
        self.remote_close_data = None
        self.websocket_closed = False
        self._read = read if read is not None else (sock.recv if sock is not None else None)
        self._buffer = b""
        self._sending = tendril.Lock()
        deflate = (extensions or {}).get("permessage-deflate")
        self._deflates = deflate is not None
        mine, other = ("client", "server") if client else ("server", "client")
        values = deflate or {}
        self._bits = {True: int(values.get(mine + "_max_window_bits", 15)),
                      False: int(values.get(other + "_max_window_bits", 15))}
        self._forgets = {True: bool(values.get(mine + "_no_context_takeover")),
                         False: bool(values.get(other + "_no_context_takeover"))}
        self._deflater = self._inflater = None

    # ---- Receiving

    def _exactly(self, size):
        while len(self._buffer) < size:
            data = self._read(65536)
            if not data:
                raise ConnectionClosedError
            self._buffer += data
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _frame(self):
        """(opcode, final, deflated, payload)."""
        first, second = self._exactly(2)
        opcode, final, deflated = first & 15, first >> 7, first >> 6 & 1
        size = second & 127
        if first & 0x30 or (deflated and (not self._deflates or opcode not in (_TEXT, _BINARY))):
            raise FailedConnectionError(1002, "reserved bits are set")
        if bool(second >> 7) == self.is_client:
            raise FailedConnectionError(1002, "a frame of a client must be masked, and no other")
        if opcode not in (_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG):
            raise FailedConnectionError(1002, f"an unknown opcode {opcode}")
        if opcode >= _CLOSE and (not final or size > 125):
            raise FailedConnectionError(1002, "a control frame must be short, and whole")
        if size == 126:
            size, = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            size, = struct.unpack("!Q", self._exactly(8))
        if self.max_frame_length and size > self.max_frame_length:
            raise FailedConnectionError(1009, f"a frame of {size} bytes is too large")
        mask = b"" if self.is_client else self._exactly(4)
        payload = self._exactly(size)
        return opcode, final, deflated, _masked(payload, mask) if mask else payload

    def _inflated(self, data):
        if self._inflater is None or self._forgets[False]:
            self._inflater = zlib.decompressobj(-self._bits[False])
        limit = self.max_frame_length or 0
        try:
            result = self._inflater.decompress(data + b"\x00\x00\xff\xff", limit + 1 if limit else 0)
        except zlib.error as error:
            raise FailedConnectionError(1007, "a message cannot be inflated") from error
        if limit and len(result) > limit:
            raise FailedConnectionError(1009, "a message is too large when inflated")
        return result

    def _message(self):
        kind = deflated = None
        parts, size = [], 0
        while True:
            opcode, final, packed, payload = self._frame()
            if opcode == _PING:
                self._send_frame(_PONG, payload)
            elif opcode == _CLOSE:
                self._take_close(payload)
                return None
            elif opcode != _PONG:
                if (opcode == _CONTINUE) == (kind is None):
                    raise FailedConnectionError(1002, "a fragment out of its order")
                if opcode != _CONTINUE:
                    kind, deflated = opcode, packed
                parts.append(payload)
                size += len(payload)
                if self.max_frame_length and size > self.max_frame_length:
                    raise FailedConnectionError(1009, "a message is too large")
                if final:
                    break
        data = b"".join(parts)
        if deflated:
            data = self._inflated(data)
        return _text(data) if kind == _TEXT else data

    def _take_close(self, payload):
        if len(payload) == 1:
            raise FailedConnectionError(1002, "a close frame without a status")
        if payload:
            status, = struct.unpack("!H", payload[:2])
            if not (1000 <= status <= 1011 and status not in (1004, 1005, 1006)) and not 3000 <= status <= 4999:
                raise FailedConnectionError(1002, f"an invalid status {status}")
            _text(payload[2:])
        self.remote_close_data = payload
        self.close((status, "") if payload else None)

    def wait(self):
        """Waits for the next message: str, or bytes of a binary one. None: the peer has closed."""
        if self.websocket_closed:
            return None
        try:
            return self._message()
        except FailedConnectionError as error:
            self.close((error.status, error.message))
            raise ConnectionClosedError(error.message) from error
        except ConnectionClosedError:
            self.websocket_closed = True
            return None

    # ---- Sending

    def _send_frame(self, opcode, payload, deflated=False):
        head = bytes([0x80 | (0x40 if deflated else 0) | opcode])
        masked = 0x80 if self.is_client else 0
        if len(payload) < 126:
            head += bytes([masked | len(payload)])
        elif len(payload) < 1 << 16:
            head += struct.pack("!BH", masked | 126, len(payload))
        else:
            head += struct.pack("!BQ", masked | 127, len(payload))
        if masked:
            mask = os.urandom(4)
            head, payload = head + mask, _masked(payload, mask)
        with self._sending:
            self.socket.sendall(head + payload)

    def send(self, message, **kw):
        """Sends str as text, anything else as binary. ConnectionClosedError once it is closed."""
        if self.websocket_closed:
            raise ConnectionClosedError
        binary = not isinstance(message, str)
        payload = bytes(message) if binary else message.encode()
        if self._deflates:
            if self._deflater is None or self._forgets[True]:
                self._deflater = zlib.compressobj(wbits=-self._bits[True])
            payload = (self._deflater.compress(payload) + self._deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        self._send_frame(_BINARY if binary else _TEXT, payload, self._deflates)

    def close(self, close_data=None):
        """Sends a close frame, with (status, text) if given, and ends the connection. A second call does nothing."""
        if self.websocket_closed:
            return
        self.websocket_closed = True
        payload = b""
        if close_data is not None:
            payload = struct.pack("!H", close_data[0]) + close_data[1].encode()[:123]
        try:
            self._send_frame(_CLOSE, payload)
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass


WebSocket = RFC6455WebSocket


def _masked(data, mask):
    size = len(data)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(data, "little") ^ key).to_bytes(size, "little")


def _text(data):
    try:
        return codecs.decode(data, "utf-8")
    except UnicodeDecodeError as error:
        raise FailedConnectionError(1007, "a text is not UTF-8") from error
