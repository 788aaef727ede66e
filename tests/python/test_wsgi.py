# SPDX-License-Identifier: MIT
"""tendril.wsgi: what applications get and may return (PEP 3333), and what clients get."""

import gzip
import io
import os
import socket
import tempfile
import unittest
from wsgiref.validate import validator

import support
import tendril
import tendril.wsgi

GET = "GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n"


class Answer:
    """One response, read from a socket's file."""

    def __init__(self, stream, head=False):
        line = stream.readline().decode("latin-1")
        self.status = int(line.split()[1]) if line else 0
        self.headers = {}
        while True:
            line = stream.readline().decode("latin-1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.chunks = []
        if head or self.status in (204, 304):
            pass
        elif self.headers.get("transfer-encoding") == "chunked":
            while True:
                size = stream.readline()
                if not size:
                    self.chunks.append(None)  # it ended too soon
                    break
                data = stream.read(int(size, 16) + 2)[:-2]
                if not data:
                    break
                self.chunks.append(data)
        elif "content-length" in self.headers:
            self.chunks.append(stream.read(int(self.headers["content-length"])))
        else:
            self.chunks.append(stream.read())

    @property
    def body(self):
        return b"".join(self.chunks)


def in_thread(function, *args):
    """Runs what blocks in an OS thread, while green threads go on. Returns its result."""
    results = []

    def run():
        results.append(function(*args))

    import threading
    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        tendril.sleep(0.002)
    return results[0]


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.silence = os.open(os.devnull, os.O_WRONLY)
        cls.addClassCleanup(os.close, cls.silence)

    def serve(self, application, **options):
        self.errors = io.StringIO()
        server = tendril.wsgi.Server(("127.0.0.1", 0), application, errors=self.errors,
                                     error_log_fd=self.silence, **options)
        self.address = server.address
        server.start()
        self.addCleanup(server.stop, 0)
        return server

    def talk(self, *requests, heads=()):
        """Sends each request and reads its answer, on one connection."""
        def run():
            with socket.create_connection(self.address, timeout=20) as client, client.makefile("rb") as stream:
                answers = []
                for i, request in enumerate(requests):
                    client.sendall(request if isinstance(request, bytes) else request.encode("latin-1"))
                    answers.append(Answer(stream, head=i in heads))
                return answers
        return in_thread(run)

    def get(self, path="/", fields=""):
        return self.talk(GET.format(path, fields))[0]

    def raw(self, request):
        """All that a connection brings until its end."""
        def run():
            with socket.create_connection(self.address, timeout=20) as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                parts = []
                while part := client.recv(65536):
                    parts.append(part)
                return b"".join(parts)
        return in_thread(run)


def answering(result, status="200 OK", headers=()):
    def application(environ, start_response):
        start_response(status, list(headers))
        return result() if callable(result) else result
    return application


class Environ(Served):
    def test_it_has_what_pep_3333_says(self):
        seen = {}

        def application(environ, start_response):
            seen.update(environ)
            start_response("200 OK", [])
            return []
        self.serve(application, environ={"SCRIPT_NAME": "/app", "own.thing": 5})
        self.get("/a%20b%ff/c?x=%20&y", "X-Two: 1\r\nx-two: 2\r\nX-Same: 1\r\nX-Same: 1\r\nCookie: a=1\r\nCookie: b=2\r\nProxy: evil\r\n"
                                        "X_Two: 3\r\nContent-Type: text/x\r\nContent-Length: 0\r\n")
        expected = {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/app", "PATH_INFO": "/a b\xff/c", "RAW_PATH_INFO": "/a%20b%ff/c",
            "RAW_URI": "/a%20b%ff/c?x=%20&y", "QUERY_STRING": "x=%20&y", "CONTENT_TYPE": "text/x",
            "CONTENT_LENGTH": "0", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": str(self.address[1]),
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_X_TWO": "1, 2", "HTTP_COOKIE": "a=1; b=2",
            "HTTP_X_SAME": "1, 1",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.multithread": True, "wsgi.multiprocess": False,
            "wsgi.run_once": False, "own.thing": 5,
        }
        self.assertEqual({name: seen.get(name) for name in expected}, expected)
        self.assertNotIn("HTTP_PROXY", seen)
        self.assertNotIn("HTTP_CONTENT_TYPE", seen)
        self.assertIs(type(seen), dict)
        self.assertTrue(seen["REMOTE_PORT"].isdigit())

    def test_each_request_has_its_own(self):
        def application(environ, start_response):
            environ["left.behind"] = environ.get("left.behind", 0) + 1
            start_response("200 OK", [])
            return [str(environ["left.behind"]).encode()]
        self.serve(application)
        answers = self.talk(*[GET.format("/", "")] * 3)
        self.assertEqual([each.body for each in answers], [b"1"] * 3)

    def test_the_validator_agrees(self):
        def application(environ, start_response):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            if environ["PATH_INFO"] == "/lines":
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [b"a\n", b"b\n"]
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
            return [body]
        self.serve(validator(application))
        answers = self.talk(GET.format("/lines", ""), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
                            "HEAD /lines HTTP/1.1\r\nHost: a\r\n\r\n", heads=(2,))
        self.assertEqual([(each.status, each.body) for each in answers], [(200, b"a\nb\n"), (200, b"body"), (200, b"")])
        self.assertEqual(self.errors.getvalue(), "")


class Input(Served):
    def body(self, read, body=b"one\ntwo\n\nlast", chunked=False):
        results = []

        def application(environ, start_response):
            results.append(read(environ["wsgi.input"]))
            start_response("200 OK", [])
            return []
        self.serve(application)
        if chunked:
            framing, sent = "Transfer-Encoding: chunked", b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n"
        else:
            framing, sent = f"Content-Length: {len(body)}", body
        answer = self.talk(f"POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n".encode() + sent)[0]
        self.assertEqual(answer.status, 200, self.errors.getvalue())
        return results[0]

    def test_it_reads_as_a_file(self):
        whole = b"one\ntwo\n\nlast"
        for read, expected in [
            (lambda f: f.read(), whole),
            (lambda f: f.read(-1), whole),
            (lambda f: f.read(None), whole),
            (lambda f: [f.read(5), f.read(100), f.read(5), f.read()], [whole[:5], whole[5:], b"", b""]),
            (lambda f: [f.readline(), f.readline(2), f.readline(), f.readline(), f.readline(), f.readline()],
             [b"one\n", b"tw", b"o\n", b"\n", b"last", b""]),
            (lambda f: f.readlines(), [b"one\n", b"two\n", b"\n", b"last"]),
            (lambda f: f.readlines(5), [b"one\n", b"two\n"]),
            (list, [b"one\n", b"two\n", b"\n", b"last"]),
            (lambda f: f.read(0), b""),
        ]:
            for chunked in (False, True):
                self.assertEqual(self.body(read, chunked=chunked), expected)

    def test_it_is_over_after_the_request(self):
        kept = []

        def application(environ, start_response):
            kept.append(environ["wsgi.input"])
            kept.append(start_response("200 OK", []))
            return [b"x"]
        self.serve(application)
        self.get()
        self.assertRaisesRegex(ValueError, "request is over", kept[0].read)
        self.assertRaisesRegex(RuntimeError, "request is over", kept[1], b"late")

    def test_what_is_not_read_is_skipped(self):
        self.serve(answering([b"ok"]))
        answers = self.talk("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345", GET.format("/", ""))
        self.assertEqual([each.body for each in answers], [b"ok", b"ok"])

    def test_100_continue_comes_when_it_is_read(self):
        def application(environ, start_response):
            body = environ["wsgi.input"].read() if environ["PATH_INFO"] == "/read" else b"unread"
            start_response("200 OK", [])
            return [body]
        self.serve(application)
        head = "POST {} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        first = self.talk(head.format("/unread"))[0]
        self.assertEqual((first.status, first.body), (200, b"unread"))
        self.assertTrue(self.raw(head.format("/read").encode() + b"abc").endswith(b"abc"))

        def run():
            with socket.create_connection(self.address, timeout=20) as client, client.makefile("rb") as stream:
                client.sendall(head.format("/read").encode())
                interim = stream.readline(), stream.readline()
                client.sendall(b"abc")
                return interim, Answer(stream).body
        self.assertEqual(in_thread(run), ((b"HTTP/1.1 100 Continue\r\n", b"\r\n"), b"abc"))

    def test_a_limit_is_413_and_a_late_body_408(self):
        def application(environ, start_response):
            environ["wsgi.input"].read()
            start_response("200 OK", [])
            return []
        self.serve(application, max_body=3, body_timeout=0.05)
        head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n"
        self.assertEqual(self.talk(head.format(4) + "1234")[0].status, 413)
        self.assertEqual(self.talk(head.format(3) + "1")[0].status, 408)
        self.assertNotIn("Traceback", self.errors.getvalue())


class StartResponse(Served):
    def failing(self, application):
        self.serve(application)
        answer = self.get()
        self.assertEqual(answer.status, 500)
        return self.errors.getvalue()

    def test_twice_is_an_assertion_error(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            start_response("200 OK", [])
        self.assertRegex(self.failing(application), "AssertionError: .*start_response.. twice")

    def test_never_is_an_assertion_error(self):
        self.assertIn("has not called start_response()", self.failing(lambda environ, start_response: [b"x"]))

    def test_with_exc_info_it_replaces_what_was_not_sent(self):
        import sys

        def application(environ, start_response):
            write = start_response("200 OK", [("X-First", "1")])
            if environ["PATH_INFO"] == "/sent":
                write(b"sent")
            try:
                raise LookupError("the reason")
            except LookupError:
                start_response("503 Sorry", [("X-Second", "2")], sys.exc_info())
            return [b"an error page"]
        self.serve(application)
        answer = self.get()
        self.assertEqual((answer.status, answer.body), (503, b"an error page"))
        self.assertNotIn("x-first", answer.headers)
        answer = self.get("/sent")
        self.assertEqual(answer.chunks, [b"sent", None], "it ends without its last chunk")
        self.assertIn("LookupError: the reason", self.errors.getvalue())

    def test_what_it_refuses(self):
        for status, headers, error in [
            (200, [], TypeError), ("OK", [], ValueError), ("200OK", [], ValueError), ("100 Continue", [], ValueError),
            ("200 O\r\nK", [], ValueError), ("200 \u20ac", [], ValueError),
            ("200 OK", [("A", "b\r\nC: d")], ValueError), ("200 OK", [("A\n", "b")], ValueError),
            ("200 OK", [("A", "\u20ac")], ValueError), ("200 OK", [("A", 1)], TypeError),
            ("200 OK", ["AB"], TypeError), ("200 OK", None, TypeError),
            ("200 OK", [("Transfer-Encoding", "chunked")], ValueError), ("200 OK", [("Upgrade", "x")], ValueError),
        ]:
            raised = []

            def application(environ, start_response):
                try:
                    start_response(status, headers)
                except Exception as caught:
                    raised.append(type(caught))
                start_response("200 OK", [])
                return []
            with self.subTest(status=status, headers=headers):
                self.serve(application)
                self.assertEqual(self.get().status, 200)
                self.assertEqual(raised, [error])

    def test_write_comes_before_the_rest(self):
        def application(environ, start_response):
            write = start_response("200 OK", [])
            write(b"first ")
            write(b"")
            return [b"second ", b"third"]
        self.serve(application)
        self.assertEqual(self.get().body, b"first second third")

    def test_connection_close_is_obeyed(self):
        self.serve(answering([b"x"], headers=[("Connection", "close")]))
        self.assertIn(b"Connection: close", self.raw(GET.format("/", "").encode() * 2))


class Body(Served):
    def test_lengths_and_chunks(self):
        class Iterable:
            def __iter__(self):
                return iter([b"a", b"", b"bc"])
        for result, chunks in [([], [b""]), ([b""], [b""]), ([b"abc"], [b"abc"]), ((b"a", b"", b"bc"), [b"abc"]),
                               (lambda: iter([b"a", b"", b"bc"]), [b"a", b"bc"]), (Iterable, [b"a", b"bc"]),
                               (lambda: (each for each in [b"a", b"bc"]), [b"a", b"bc"]), ([b"x" * 300000], [b"x" * 300000])]:
            self.serve(answering(result))
            answer, old = self.talk(GET.format("/", ""), "GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(answer.chunks, chunks)
            self.assertNotIn("transfer-encoding", old.headers)
            self.assertEqual(old.body, b"".join(chunks))

    def test_none_where_there_may_be_none(self):
        for status in ("204 No Content", "304 Not Modified"):
            for result in ([b"a body"], lambda: iter([b"a", b"b"])):
                self.serve(answering(result, status))
                answers = self.talk(*[GET.format("/", "")] * 2)
                self.assertEqual([each.status for each in answers], [int(status[:3])] * 2)
                self.assertEqual(self.errors.getvalue(), "")
        self.serve(answering([b"a body"]))
        answers = self.talk("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", GET.format("/", ""), heads=(0,))
        self.assertEqual(answers[0].headers["content-length"], "6")
        self.assertEqual(answers[1].body, b"a body")

    def test_a_piece_is_sent_before_the_next_is_made(self):
        go = []

        def application(environ, start_response):
            start_response("200 OK", [])
            yield b"first"
            while not go:
                tendril.sleep(0.001)
            yield b"second"
        self.serve(application)

        def run():
            with socket.create_connection(self.address, timeout=20) as client, client.makefile("rb") as stream:
                client.sendall(GET.format("/", "").encode())
                while stream.readline() != b"first\r\n":
                    pass
                go.append(True)
                return stream.read(11)
        self.assertEqual(in_thread(run), b"6\r\nsecond\r\n")

    def test_close_is_called_once_whatever_the_end(self):
        closed = []

        class Chunks:
            def __init__(self, path):
                self.path = path

            def __iter__(self):
                yield b"a"
                if self.path == "/fails":
                    raise ValueError("in the middle")
                if self.path == "/text":
                    yield "text"
                while self.path == "/endless":
                    yield b"x" * 100000

            def close(self):
                closed.append(self.path)

        def application(environ, start_response):
            start_response("200 OK", [])
            return Chunks(environ["PATH_INFO"])
        self.serve(application)
        self.assertEqual(self.get("/good").chunks, [b"a"])
        self.assertEqual(self.get("/fails").chunks, [b"a", None])
        self.assertIn("ValueError: in the middle", self.errors.getvalue())
        self.assertEqual(self.get("/text").chunks, [b"a", None])
        self.assertIn("must be made of bytes, not str", self.errors.getvalue())

        def leave():
            with socket.create_connection(self.address, timeout=20) as client:
                client.sendall(GET.format("/endless", "").encode())
                client.recv(10)
        in_thread(leave)
        with tendril.Timeout(20):
            while len(closed) < 4:
                tendril.sleep(0.001)
        self.assertEqual(closed, ["/good", "/fails", "/text", "/endless"])
        self.assertEqual(self.errors.getvalue().count("tendril: an error"), 2, "a client that has gone is no error")

    def test_more_or_less_than_the_content_length_is_an_error(self):
        for body in ([b"1234"], lambda: iter([b"1", b"2"])):
            self.serve(answering(body, headers=[("Content-Length", "3")]))
            self.get()
            self.assertIn("Content-Length", self.errors.getvalue())

    def test_files(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"0123456789" * 10000)
            file.flush()

            def application(environ, start_response):
                path = environ["PATH_INFO"]
                if path == "/memory":
                    opened = io.BytesIO(b"in memory")
                elif path == "/packed":
                    with gzip.open(file.name + ".gz", "wb") as packed:
                        packed.write(b"0123unpacked")
                    opened = gzip.open(file.name + ".gz")
                    os.unlink(file.name + ".gz")
                else:
                    opened = open(file.name, "rb")
                opened.seek(4)
                start_response("200 OK", [("Content-Length", "3")] if path == "/part" else [])
                return environ["wsgi.file_wrapper"](opened, 4)
            self.serve(application)
            whole, part, memory, packed, head = self.talk(
                *[GET.format(path, "") for path in ("/", "/part", "/memory", "/packed")],
                "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", heads=(4,))
        self.assertEqual(whole.body, (b"0123456789" * 10000)[4:])
        self.assertEqual(whole.headers["content-length"], "99996")
        self.assertEqual((part.body, memory.body, packed.body), (b"456", b"emory", b"unpacked"))
        self.assertEqual(head.headers["content-length"], "99996")

    def test_static_files(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "page.html"), "w") as page:
                page.write("<p>")
            self.serve(answering([b"application"]), static={"/files/": folder})
            answers = [self.get(path) for path in ("/files/page.html", "/files/none", "/files", "/files/../x")]
        self.assertEqual([each.status for each in answers], [200, 404, 200, 404])
        self.assertEqual((answers[0].body, answers[0].headers["content-type"]), (b"<p>", "text/html; charset=utf-8"))


class Errors(Served):
    def test_an_error_is_500_and_is_printed(self):
        def application(environ, start_response):
            raise ValueError("broken")
        server = self.serve(application)
        answer = self.get("/x")
        self.assertEqual((answer.status, answer.headers["connection"]), (500, "close"))
        self.assertNotIn(b"broken", answer.body)
        self.assertRegex(self.errors.getvalue(), r"(?s)^tendril: .*GET '/x' for 127.0.0.1\nTraceback.*ValueError: broken")
        self.assertEqual(server.stats()["errors"], 1)
        self.serve(application, debug=True)
        self.assertIn(b"ValueError: broken", self.get().body)

    def test_system_exit_ends_serving(self):
        def application(environ, start_response):
            raise SystemExit(3)
        server = self.serve(application)
        tendril.spawn(server.serve_forever)
        with self.assertRaises(SystemExit), tendril.Timeout(20):
            self.raw(GET.format("/", "").encode())
            tendril.sleep(20)

    def test_a_kill_is_raised_in_the_application(self):
        raised = []

        def application(environ, start_response):
            try:
                tendril.sleep(60)
            except BaseException as caught:
                raised.append(type(caught))
                raise
        server = self.serve(application)
        asking = tendril.spawn(self.raw, GET.format("/", "").encode())
        support.wait_until(lambda: server.stats()["requests"] != 0)
        self.assertEqual(server.stop(0), 1)
        self.assertEqual(raised, [tendril.GreenletExit])
        asking.get()

    def test_what_cannot_be_served(self):
        for application, options, error, text in [
            (5, {}, TypeError, "must be callable"), (answering([]), {"colour": 1}, TypeError, "no option 'colour'"),
            (answering([]), {"max_body": "x"}, TypeError, "the option max_body"),
            (answering([]), {"body_timeout": -1}, ValueError, "the option body_timeout"),
            (answering([]), {"certfile": "/nowhere.pem"}, OSError, "nowhere.pem"),
            (answering([]), {"static": {"/x": "/tmp"}}, ValueError, "slash"),
            (answering([]), {"trusted_proxies": ["x"]}, ValueError, "trusted_proxies"),
        ]:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                self.assertRaisesRegex(error, text, tendril.wsgi.Server, listener, application, **options)
        self.assertRaises(ValueError, tendril.wsgi.Server, "127.0.0.1:http", answering([]))


class Serving(Served):
    def test_others_run_while_one_waits(self):
        def application(environ, start_response):
            tendril.sleep(0.05)
            start_response("200 OK", [])
            return [b"slept"]
        self.serve(application)

        def run():
            clients = [socket.create_connection(self.address, timeout=20) for _ in range(200)]
            for client in clients:
                client.sendall(GET.format("/", "Connection: close\r\n").encode())
            answers = [client.makefile("rb").read() for client in clients]
            for client in clients:
                client.close()
            return answers
        import time
        begun = time.monotonic()
        answers = in_thread(run)
        self.assertTrue(all(each.endswith(b"slept") for each in answers))
        self.assertLess(time.monotonic() - begun, 8, "one after the other it is 10 s")

    def test_a_stop_lets_requests_end(self):
        end = tendril.Event()

        def application(environ, start_response):
            end.wait()
            start_response("200 OK", [])
            return [b"done"]
        server = self.serve(application)
        asking = tendril.spawn(self.raw, GET.format("/", "").encode())
        support.wait_until(lambda: server.stats()["requests"] != 0)
        stopping = tendril.spawn(server.stop, 20)
        tendril.sleep(0)
        end.set()
        self.assertEqual(stopping.get(), 0)
        self.assertTrue(asking.get().endswith(b"done"))
        self.assertFalse(server.is_running)

    def test_max_requests_ends_serving(self):
        server = self.serve(answering([b"x"]), max_requests=2)
        serving = tendril.spawn(server.serve_forever)
        self.assertEqual([self.get().body, self.get().body], [b"x", b"x"])
        with tendril.Timeout(20):
            serving.get()

    def test_the_access_log(self):
        reading, writing = os.pipe()
        self.serve(answering([b"four"], "404 Not Found"), access_log_fd=writing,
                   access_log_format='{client_ip} "{request_line}" {status_code} {body_length}')
        self.get("/a\"b")
        self.assertEqual(os.read(reading, 1000), b'127.0.0.1 "GET /a\\x22b HTTP/1.1" 404 4\n')
        os.close(reading)
        os.close(writing)

    def test_a_proxy_names_the_client(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]
        self.serve(application, proxy_protocol=True)
        answer = self.raw(b"PROXY TCP4 192.0.2.1 192.0.2.2 5 80\r\n" + GET.format("/", "").encode())
        self.assertTrue(answer.endswith(b"192.0.2.1 http"), answer)
        self.serve(application, trusted_proxies=["127.0.0.0/8"])
        self.assertEqual(self.get(fields="X-Forwarded-Proto: https\r\n").body, b"127.0.0.1 https")
        self.serve(application)
        self.assertEqual(self.get(fields="X-Forwarded-Proto: https\r\n").body, b"127.0.0.1 http")

    def test_a_unix_socket(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            return [repr((environ["REMOTE_ADDR"], environ["SERVER_NAME"], environ["SERVER_PORT"])).encode()]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            server = tendril.wsgi.Server("unix:" + path, application)
            server.start()

            def run():
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(path)
                    client.sendall(GET.format("/", "Connection: close\r\n").encode())
                    return client.makefile("rb").read()
            self.assertTrue(in_thread(run).endswith(b"('', 'localhost', '80')"))
            server.stop()

    def test_values_of_threads_live_as_long_as_the_connection(self):
        import threading
        local = threading.local()

        def application(environ, start_response):
            local.count = getattr(local, "count", 0) + 1
            start_response("200 OK", [])
            return [str(local.count).encode()]
        self.serve(application)
        self.assertEqual([each.body for each in self.talk(*[GET.format("/", "")] * 3)], [b"1", b"2", b"3"])
        self.assertEqual(self.get().body, b"1")


class Requests(Served):
    """behaviours.md, 3.1: what is refused, and how."""

    def test_bad_requests(self):
        def application(environ, start_response):
            environ["wsgi.input"].read()
            start_response("200 OK", [])
            return [b"x"]
        self.serve(application)
        post = b"POST / HTTP/1.1\r\nHost: a\r\n"
        chunked = post + b"Transfer-Encoding: chunked\r\n\r\n"
        for request, status in [
            (post + b"Transfer-Encoding: xchunked\r\n\r\n", (400, 501)),
            (post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (200, 501)),
            (post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", (400,)),
            (post + b"Content-Length : 1\r\n\r\na", (400,)),
            (post + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
            (post + b"Content-Length: +5\r\n\r\n12345", (400,)),
            (post + b"Content-Length: 1_0\r\n\r\n1234567890", (400,)),
            (chunked + b"0x5\r\n12345\r\n0\r\n\r\n", (400,)),
            (chunked + b"+5\r\n12345\r\n0\r\n\r\n", (400,)),
            (chunked + b"-1\r\n\r\n", (400,)),
            (b"GET / HTTP/1.1\r\n\r\n", (400,)),
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400,)),
            (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
            (b"GET /a\r\n\r\n", (400, 505)),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", (400,)),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", (400,)),
            (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 2000 + b"\r\n", (431,)),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100000 + b"\r\n\r\n", (431,)),
            (b"GET /" + b"y" * 10000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (414,)),
        ]:
            with self.subTest(request=request[:100]):
                answer = self.raw(request)
                self.assertIn(int(answer.split()[1]), status)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        trailers = chunked + b"1\r\na\r\n0\r\nX-After: b\r\n\r\n" + GET.format("/", "Connection: close\r\n").encode()
        self.assertEqual(self.raw(trailers).count(b"HTTP/1.1 200 OK"), 2)
        self.assertEqual(self.errors.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
