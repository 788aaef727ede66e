# SPDX-License-Identifier: MIT
"""tendril.eventlet.websocket. Each program runs in a child process."""

import textwrap
import unittest

import support

SERVER = """
import base64
from tendril import eventlet
from tendril.eventlet import websocket, wsgi

def echo(ws):
    while (message := ws.wait()) is not None:
        ws.send(message)

listener = eventlet.listen(("127.0.0.1", 0))
application = websocket.WebSocketWSGI.configured(echo, supported_protocols=["one"], max_frame_length=1000)
eventlet.spawn(wsgi.server, listener, application, log_output=False)

def shake(*more, key="dGhlIHNhbXBsZSBub25jZQ=="):
    conn = eventlet.connect(listener.getsockname())
    lines = ["GET /x HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             f"Sec-WebSocket-Key: {key}", *more]
    conn.sendall(("\\r\\n".join(lines) + "\\r\\n\\r\\n").encode())
    answer = b""
    while b"\\r\\n\\r\\n" not in answer:
        answer += conn.recv(1)
    return conn, answer.decode()
"""


class WebSockets(unittest.TestCase):
    def check(self, source, expected):
        status, output, errors = support.run_program(SERVER + textwrap.dedent(source))
        self.assertEqual((status, output), (0, expected), errors)

    def test_messages(self):
        self.check("""
            conn, answer = shake("Sec-WebSocket-Protocol: two, one")
            print("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer, "Protocol: one" in answer)
            ws = websocket.RFC6455WebSocket(conn, {}, client=True)
            for message in ("text \\u00fc", b"binary", b"x" * 900):
                ws.send(message)
                print(ws.wait() == message)
            ws.close((1000, "end"))
            print(conn.recv(100)[:1])
            """, "True True\nTrue\nTrue\nTrue\nb'\\x88'\n")

    def test_deflated_messages(self):
        self.check("""
            conn, answer = shake("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")
            print("permessage-deflate; client_no_context_takeover" in answer)
            extensions = {"permessage-deflate": {"client_no_context_takeover": True}}
            ws = websocket.RFC6455WebSocket(conn, {}, client=True, extensions=extensions)
            for _ in range(2):
                ws.send("again " * 100)
                print(ws.wait() == "again " * 100)
            ws.send("bomb" * 1000)
            print(ws.wait(), ws.remote_close_data[:2])
            """, "True\nTrue\nTrue\nNone b'\\x03\\xf1'\n")

    def test_what_is_refused(self):
        self.check("""
            print(shake(key="short")[1].split("\\r\\n")[0])
            for frame in (b"\\x81\\x01x", b"\\x87\\x80", b"\\xf1\\x80", b"\\x80\\x80", b"\\x89\\xfe"):
                conn, answer = shake()
                conn.sendall(frame + bytes(8))
                print(conn.recv(4)[2:])
            """, "HTTP/1.1 400 Bad Request\n" + "b'\\x03\\xea'\n" * 5)


if __name__ == "__main__":
    unittest.main()
