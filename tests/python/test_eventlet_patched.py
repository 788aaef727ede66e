# SPDX-License-Identifier: MIT
"""tendril.eventlet where the process is patched: sockets, servers, threads. Each program runs in a child process."""

import textwrap
import unittest

import support


class Patched(unittest.TestCase):
    def check(self, source, expected):
        status, output, errors = support.run_program(textwrap.dedent(source))
        self.assertEqual((status, output), (0, expected), errors)

    def test_an_echo_server(self):
        self.check("""
            from tendril import eventlet

            def echo(conn, address):
                conn.sendall(conn.recv(100).upper())

            listener = eventlet.listen(("127.0.0.1", 0))
            server = eventlet.spawn(eventlet.serve, listener, echo)

            def ask(i):
                conn = eventlet.connect(listener.getsockname())
                conn.sendall(b"line %d" % i)
                return conn.recv(100)

            print(b"".join(eventlet.GreenPool(20).imap(ask, range(3))))
            server.kill()
            """, "b'LINE 0LINE 1LINE 2'\n")

    def test_serve_ends_by_stop_serve_and_raises_other_errors(self):
        self.check("""
            from tendril import eventlet

            for error in (eventlet.StopServe, KeyError):
                def handle(conn, address):
                    conn.recv(1)
                    raise error("x")

                listener = eventlet.listen(("127.0.0.1", 0))
                eventlet.debug.hub_exceptions(False)
                client = eventlet.connect(listener.getsockname())
                client.sendall(b"x")
                try:
                    print(eventlet.serve(listener, handle))
                except KeyError as raised:
                    print("raised", raised)
            """, "None\nraised 'x'\n")

    def test_a_timeout_in_a_socket(self):
        self.check("""
            from tendril import eventlet
            from tendril.eventlet.green import socket

            one, two = socket.socketpair()
            try:
                with eventlet.Timeout(0.01):
                    one.recv(1)
            except eventlet.Timeout as raised:
                print(raised)
            """, "0.01 seconds\n")

    def test_trampoline(self):
        self.check("""
            from tendril import eventlet
            from tendril.eventlet import hubs
            from tendril.eventlet.green import socket

            one, two = socket.socketpair()
            hubs.trampoline(one, write=True)
            try:
                hubs.trampoline(one, read=True, timeout=0.01)
            except eventlet.Timeout:
                print("late")
            green = eventlet.spawn(hubs.trampoline, one, read=True)
            eventlet.sleep(0)
            try:
                hubs.trampoline(one, read=True)
            except RuntimeError:
                print("second")
            two.send(b"x")
            print(green.wait())
            """, "late\nsecond\nNone\n")

    def test_monkey_patch(self):
        self.check("""
            from tendril import eventlet
            eventlet.monkey_patch()
            import threading
            import time

            said = []
            def run():
                time.sleep(0.02)
                said.append("thread")
            thread = threading.Thread(target=run)
            thread.start()
            green = eventlet.spawn(lambda: (time.sleep(0.001), said.append("green")))
            thread.join()
            print(said, eventlet.patcher.is_monkey_patched("socket"), eventlet.patcher.is_monkey_patched("builtins"))
            try:
                eventlet.monkey_patch(sockets=True)
            except TypeError as error:
                print(error)
            """, "['green', 'thread'] True False\nmonkey_patch() got an unexpected keyword argument 'sockets'\n")

    def test_wsgi(self):
        self.check("""
            import io
            from tendril import eventlet
            from tendril.eventlet import wsgi

            def application(environ, start_response):
                if environ["PATH_INFO"] == "/error":
                    raise KeyError("secret")
                body = environ["wsgi.input"].read()
                start_response("200 OK", [("content-type", "text/plain")])
                return [body or b"hello"]

            listener = eventlet.listen(("127.0.0.1", 0))
            log = io.StringIO()
            server = eventlet.spawn(wsgi.server, listener, application, log=log)

            def ask(request):
                conn = eventlet.connect(listener.getsockname())
                conn.sendall(request)
                answer = b"".join(iter(lambda: conn.recv(1000), b""))
                head, _, body = answer.partition(b"\\r\\n\\r\\n")
                print(head.split(b"\\r\\n")[0].decode(), body)

            ask(b"GET / HTTP/1.0\\r\\n\\r\\n")
            ask(b"PUT / HTTP/1.1\\r\\nConnection: close\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n0\\r\\n\\r\\n")
            ask(b"GET /error HTTP/1.1\\r\\n\\r\\n")
            ask(b"GET / HTTP/1.1\\r\\nContent-Length: 3\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
            ask(b"GET / HTTP/1.1\\r\\nContent-Length: -3\\r\\n\\r\\n")
            ask(b"GET /" + b"x" * 9000 + b" HTTP/1.1\\r\\n\\r\\n")
            server.kill()
            print(log.getvalue().count(" 200 "))
            """, "HTTP/1.1 200 OK b'hello'\nHTTP/1.1 200 OK b'abc'\nHTTP/1.1 500 Internal Server Error b''\n"
                 "HTTP/1.0 400 Bad Request b''\nHTTP/1.0 400 Bad Request b''\nHTTP/1.0 414 Request URI Too Long b''\n2\n")

    def test_tpool(self):
        self.check("""
            import threading
            from tendril.eventlet import tpool

            here = threading.get_native_id()
            print(tpool.execute(threading.get_native_id) != here)
            try:
                tpool.execute(int, "x")
            except ValueError:
                print("error")
            print(tpool.Proxy([3, 1]).index(1), len(tpool.Proxy([1])))
            tpool.killall()
            """, "True\nerror\n1 1\n")

    def test_green_modules(self):
        self.check("""
            import time
            from tendril.eventlet import greenio
            from tendril.eventlet.green import socket, time as green_time
            from tendril.eventlet.green.http import client
            print(socket.socket is greenio.GreenSocket, green_time.sleep is time.sleep, client.HTTPConnection.__module__)
            try:
                from tendril.eventlet.green import nothing
            except ImportError as error:
                print("nothing" in str(error))
            """, "True True http.client\nTrue\n")


if __name__ == "__main__":
    unittest.main()
