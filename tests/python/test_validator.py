# SPDX-License-Identifier: MIT
"""wsgiref's validator around Flask and Django under `tendril serve`: neither they nor the server break PEP 3333.

The sites avoid what it refuses of the frameworks themselves on any server: read() without a size, which werkzeug's
get_data() calls where the server ends the input, and the Content-Type of a 204.
"""

import http.client
import importlib.util
import unittest

import serving

COMMON = """
    import time, warnings
    from wsgiref.validate import WSGIWarning, validator
    warnings.simplefilter("error", WSGIWarning)

    def pieces():
        for i in range(3):
            time.sleep(0.001)
            yield f"{i} "
"""
FLASK = COMMON + """
    import flask

    site = flask.Flask("site")
    site.secret_key = "of a test"

    @site.route("/echo", methods=["POST"])
    def echo():
        return flask.request.stream.read(1_000_000)

    @site.route("/form", methods=["POST"])
    def form():
        return flask.request.form["a"] + flask.request.files["b"].read().decode()

    @site.route("/pieces")
    def stream():
        return flask.Response(pieces())

    @site.route("/file")
    def file():
        return flask.send_file(__file__, mimetype="text/plain")

    @site.route("/empty")
    def empty():
        answer = flask.Response(status=204)
        del answer.headers["Content-Type"]
        return answer

    @site.route("/cookie")
    def cookie():
        flask.session["a"] = "b"
        return flask.redirect("/echo")

    application = validator(site)
"""
DJANGO = COMMON + """
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
    from django.urls import path

    def cookie(request):
        answer = HttpResponseRedirect("/echo")
        answer.set_cookie("a", "b")
        return answer

    def empty(request):
        answer = HttpResponse(status=204)
        del answer.headers["Content-Type"]
        return answer

    settings.configure(SECRET_KEY="of a test", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware"])
    urlpatterns = [
        path("echo", lambda request: HttpResponse(request.body)),
        path("form", lambda request: HttpResponse(request.POST["a"] + request.FILES["b"].read().decode())),
        path("pieces", lambda request: StreamingHttpResponse(pieces())),
        path("file", lambda request: FileResponse(open(__file__, "rb"), content_type="text/plain")),
        path("empty", empty),
        path("cookie", cookie),
    ]
    application = validator(get_wsgi_application())
"""
BOUNDARY = "----a"
FORM = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\none \r\n--{BOUNDARY}\r\nContent-Disposition: '
        f'form-data; name="b"; filename="b.txt"\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--{BOUNDARY}--\r\n').encode()


class Sites(unittest.TestCase):
    def check(self, name, source):
        if importlib.util.find_spec(name) is None:
            self.skipTest(f"{name} is not there")
        server = serving.served(self, "app:application", source=source)
        connection = http.client.HTTPConnection(server.address, timeout=30)
        self.addCleanup(connection.close)

        def ask(method, path, body=None, **fields):
            connection.request(method, path, body, {key.replace("_", "-"): value for key, value in fields.items()})
            answer = connection.getresponse()
            return answer, answer.read()

        form = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}"}
        program = server.read("app.py").encode()
        for method, path, body, fields, status, expected in [
            ("POST", "/echo", b"x" * 300_000, {}, 200, b"x" * 300_000), ("POST", "/echo", b"", {}, 200, b""),
            ("POST", "/form", FORM, form, 200, b"one two"), ("GET", "/pieces?a=%20&b", None, {}, 200, b"0 1 2 "),
            ("GET", "/file", None, {}, 200, program), ("HEAD", "/file", None, {}, 200, b""),
            ("HEAD", "/pieces", None, {}, 200, b""), ("GET", "/empty", None, {}, 204, b""),
            ("GET", "/cookie", None, {"Cookie": "c=d"}, 302, None), ("GET", "/n%C3%B6%FF", None, {}, 404, None),
        ]:
            with self.subTest(method=method, path=path):
                answer, got = ask(method, path, body, **fields)
                self.assertEqual(answer.status, status)
                if expected is not None:
                    self.assertEqual(got, expected)
                if path == "/cookie":
                    self.assertTrue(answer.headers["Set-Cookie"])
        self.assertEqual(server.stop(), 0)
        self.assertNotIn("Traceback", "".join(server.lines))

    def test_flask(self):
        self.check("flask", FLASK)

    def test_django(self):
        self.check("django", DJANGO)

    def test_it_sees_what_breaks_the_rules(self):
        server = serving.served(self, "app:application", source=COMMON + """
    application = validator(lambda environ, start_response: start_response("200 OK", []) and ["text"])
""")
        with self.assertRaisesRegex(OSError, "500"):
            server.get()
        self.assertEqual(server.stop(), 0)
        self.assertIn("AssertionError: No Content-Type header", "".join(server.lines))


if __name__ == "__main__":
    unittest.main()
