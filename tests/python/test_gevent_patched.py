# SPDX-License-Identifier: MIT
"""tendril.gevent after patch(): sockets, servers, subprocesses, monkey. Each in a process of its own."""

import textwrap
import unittest

from support import run_program


class Patched(unittest.TestCase):

    def run_it(self, text):
        status, stdout, stderr = run_program(textwrap.dedent(text))
        self.assertEqual((status, stdout.strip()), (0, "ok"), stderr)

    def test_timeout_ends_a_socket_call_as_itself(self):
        self.run_it("""
            from tendril import gevent
            from tendril.gevent import monkey; monkey.patch_all()
            import socket
            a, b = socket.socketpair()
            try:
                with gevent.Timeout(0.05) as limit:
                    a.recv(1)
            except gevent.Timeout as raised:
                assert raised is limit
            one = gevent.spawn(a.recv, 1)
            gevent.sleep(0.01)
            one.kill()
            assert isinstance(one.value, gevent.GreenletExit), one.value
            assert monkey.is_module_patched("socket") and monkey.is_object_patched("threading", "local")
            print("ok")
            """)

    def test_kill_before_the_start(self):
        self.run_it("""
            from tendril import gevent
            from tendril.gevent import monkey; monkey.patch_all()
            one = gevent.spawn(print, "never")
            one.kill(gevent.GreenletExit())
            later = gevent.spawn_later(10, print, "never")
            later.kill()
            assert one.dead and later.dead
            print("ok")
            """)

    def test_a_green_thread_runs_until_it_waits(self):
        for begin in ("from tendril.gevent import monkey; monkey.patch_all()", "from tendril.gevent import socket",
                      "import tendril; tendril.patch(); from tendril.gevent import socket"):
            self.run_it(begin + """
import time
from tendril import gevent
ran = []
gevent.spawn(ran.append, 1)
began = time.perf_counter()
while time.perf_counter() - began < 0.2:
    assert not ran
gevent.sleep(0)
assert ran
print("ok")
""")

    def test_stream_server(self):
        self.run_it("""
            from tendril import gevent
            from tendril.gevent import socket
            from tendril.gevent.server import StreamServer

            def echo(sock, address):
                while data := sock.recv(100):
                    sock.sendall(data)

            server = StreamServer(("127.0.0.1", 0), echo, spawn=2)
            server.start()
            with socket.create_connection(server.address) as client:
                client.sendall(b"hello")
                assert client.recv(100) == b"hello"
            server.stop()
            try:
                socket.create_connection(server.address)
            except ConnectionRefusedError:
                print("ok")
            """)

    def test_wsgi_server(self):
        self.run_it("""
            import http.client
            from wsgiref.validate import validator
            from tendril import gevent
            from tendril.gevent import pywsgi, socket

            def application(environ, start_response):
                body = environ["wsgi.input"].read(10) if environ["REQUEST_METHOD"] == "POST" else b"hello"
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [body]

            server = pywsgi.WSGIServer(("127.0.0.1", 0), validator(application), log=None, error_log=None)
            server.start()
            client = http.client.HTTPConnection(*server.address)
            for method, body, expected in (("GET", None, b"hello"), ("HEAD", None, b""), ("POST", b"12345", b"12345"),
                                           ("GET", None, b"hello")):
                client.request(method, "/", body)
                answer = client.getresponse()
                assert (answer.status, answer.read()) == (200, expected), (method, answer.status)
            client.close()

            def status_of(request):
                with socket.create_connection(server.address) as raw:
                    raw.sendall(request)
                    return raw.makefile("rb").read().split(b" ")[1]

            head = b"POST / HTTP/1.1\\r\\nHost: x\\r\\n"
            assert status_of(head + b"Content-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n") == b"400"
            assert status_of(head + b"Content-Length: +1\\r\\n\\r\\nx") == b"400"
            assert status_of(head + b"Transfer-Encoding: chunked\\r\\n\\r\\n0x1\\r\\na\\r\\n0\\r\\n\\r\\n") == b"400"
            assert status_of(head + b"Space : 1\\r\\n\\r\\n") == b"400"
            assert status_of(b"GET /" + b"x" * 9000 + b" HTTP/1.1\\r\\n\\r\\n") == b"414"
            server.stop()
            print("ok")
            """)

    def test_subprocess_waits_cooperatively(self):
        self.run_it("""
            from tendril import gevent
            from tendril.gevent import subprocess
            log = []
            ticker = gevent.spawn(lambda: [gevent.sleep(0.01) or log.append(1) for _ in range(5)])
            child = subprocess.Popen(["sleep", "0.3"])
            assert gevent.wait([child], timeout=30) == [child] and child.returncode == 0
            assert len(log) == 5, log
            assert subprocess.check_output(["echo", "x"]) == b"x\\n"
            print("ok")
            """)

    def test_thread_pool(self):
        self.run_it("""
            import time
            from tendril import gevent
            from tendril.gevent import threadpool
            pool = threadpool.ThreadPool(3)
            assert pool.map(str, range(5)) == list("01234")
            try:
                pool.apply(int, ("x",))
            except ValueError:
                print("ok")
            pool.kill()
            """)


if __name__ == "__main__":
    unittest.main()
