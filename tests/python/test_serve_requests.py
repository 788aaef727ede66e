# SPDX-License-Identifier: MIT
"""Requests over raw sockets to `tendril serve` and to gunicorn's worker class: behaviours.md, 3.1 (RFC 9110, RFC 9112).

Each is followed by a second one, which is answered when the connection goes on, and never when it does not.
tests/conformance/http_requests_test.cpp has the same table for the server in C++.
"""

import importlib.util
import socket
import unittest

import serving

APPLICATION = """
    def application(environ, start_response):
        with open("paths", "a") as file:
            file.write(environ["PATH_INFO"] + " ")
        headers = [("Content-Type", "text/plain")]
        if environ["PATH_INFO"] == "/split":
            headers.append(("X-Own", "a\\r\\nX-Evil: b"))
        body = environ["wsgi.input"].read()
        start_response("200 OK", headers)
        return [body]
"""
HOST = "Host: a\r\n"
HIDDEN = "GET /hidden HTTP/1.1\r\n" + HOST + "\r\n"
POST = "POST / HTTP/1.1\r\n" + HOST


def chunked(chunks):
    return POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks


REFUSED = [
    ("gzip, chunked", POST + "Transfer-Encoding: gzip, chunked\r\n\r\n" + HIDDEN, 501),
    ("xchunked", POST + "Transfer-Encoding: xchunked\r\n\r\n" + HIDDEN, 501),
    ("two lengths", POST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + HIDDEN, 400),
    ("a blank before the colon", POST + "Content-Length : 5\r\n\r\nhello", 400),
    ("both", POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, 400),
    ("+5", POST + "Content-Length: +5\r\n\r\nhello", 400),
    ("1_0", POST + "Content-Length: 1_0\r\n\r\nhellohello", 400),
    ("-1", POST + "Content-Length: -1\r\n\r\nhello", 400),
    ("no number", POST + "Content-Length: argh\r\n\r\nhello", 400),
    ("a chunk of 0x5", chunked("0x5\r\nhello\r\n0\r\n\r\n") + HIDDEN, 400),
    ("a chunk of +5", chunked("+5\r\nhello\r\n0\r\n\r\n") + HIDDEN, 400),
    ("a chunk of -1", chunked("-1\r\nhello\r\n0\r\n\r\n") + HIDDEN, 400),
    ("no CRLF after a chunk", chunked("5\r\nhello5\r\nhello\r\n0\r\n\r\n") + HIDDEN, 400),
    ("a request for trailers", chunked("0\r\n" + HIDDEN), 400),
    ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", "GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n", 400),
    ("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
     + HIDDEN, 400),
    ("HTTP/0.9", "GET /a\r\n", 400),
    ("NUL", "GET / HTTP/1.1\r\n" + HOST + "A: b\0c\r\n\r\n", 400),
    ("obs-fold", "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n c\r\n\r\n", 400),
    ("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
    ("2000 fields", "GET / HTTP/1.1\r\n" + HOST + "".join(f"X{i}: 1\r\n" for i in range(2000)) + "\r\n", 431),
    ("a field of 100 KB", "GET / HTTP/1.1\r\n" + HOST + "A: " + "x" * 100_000 + "\r\n\r\n", 431),
    ("a long line", "GET /" + "x" * 9000 + " HTTP/1.1\r\n" + HOST + "\r\n", 414),
]
ANSWERED = [
    ("valid trailers", chunked("5\r\nhello\r\n0\r\nA: b\r\n\r\n"), 200, b"hello"),
    ("chunks", chunked("5;a=b\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"), 200, b"helloworld"),
    ("the same length twice", POST + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello"),
    ("neither length nor coding", POST + "\r\n", 200, b""),
]
SECOND = "GET /second HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n"


class Requests:
    """On a server, that start() makes."""

    @classmethod
    def setUpClass(cls):
        cls.owner = unittest.TestCase()  # ends the server after all tests, as each test does its own
        cls.addClassCleanup(cls.owner.doCleanups)
        cls.server = cls.start(cls.owner)

    def paths(self):
        try:
            return self.server.read("paths").split()
        except FileNotFoundError:
            return []

    def exchange(self, request):
        """All that comes until the connection ends, and the paths that reached the application."""
        before = len(self.paths())
        host, _, port = self.server.address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as client, client.makefile("rb") as stream:
            try:
                client.sendall(request.encode("latin-1"))
            except ConnectionError:
                pass  # it may be refused before all of it is sent
            return stream.read(), self.paths()[before:]

    def test_what_is_refused(self):
        for name, request, status in REFUSED:
            with self.subTest(name):
                answer, paths = self.exchange(request + SECOND)
                self.assertEqual(int(answer.split()[1]), status)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
                self.assertIn(b"\r\nConnection: close\r\n", answer)
                self.assertLessEqual(set(paths), {"/"})

    def test_what_is_answered(self):
        for name, request, status, body in ANSWERED:
            with self.subTest(name):
                answer, paths = self.exchange(request + SECOND)
                first, second = answer.split(b"HTTP/1.1 ")[1:]
                self.assertEqual((int(first.split()[0]), first.partition(b"\r\n\r\n")[2]), (status, body))
                self.assertEqual(int(second.split()[0]), 200)
                self.assertEqual(paths, ["/", "/second"])

    def test_no_application_adds_lines_to_a_head(self):
        answer, _ = self.exchange("GET /split HTTP/1.1\r\n" + HOST + "\r\n")
        self.assertEqual(int(answer.split()[1]), 500)
        self.assertNotIn(b"Evil", answer)


class Serve(Requests, unittest.TestCase):
    @staticmethod
    def start(owner):
        return serving.served(owner, "app:application", source=APPLICATION)


@unittest.skipUnless(importlib.util.find_spec("gunicorn"), "gunicorn is not there")
class Gunicorn(Requests, unittest.TestCase):
    @staticmethod
    def start(owner):
        return serving.served(owner, "-k", "tendril.gunicorn_worker.TendrilWorker", "app:application",
                              program=("-m", "gunicorn"), source=APPLICATION)


if __name__ == "__main__":
    unittest.main()
