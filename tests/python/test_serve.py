# SPDX-License-Identifier: MIT
"""tendril serve: its settings, workers, signals and logs; and the worker class for gunicorn."""

import functools
import importlib.util
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import unittest
import urllib.request

import serving
import support
from tendril import serve, serve_settings

APPLICATION = """
    import os, re, time

    def application(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/sleep":
            open("asked", "w").close()
            time.sleep(0.3)
        elif path == "/block":
            re.match("(a+)+$", "a" * 60 + "b")  # never gives the GIL up, so nothing can interrupt it
        elif path == "/exit":
            os._exit(7)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{os.getpid()} VERSION {environ['wsgi.multiprocess']} {os.environ.get('OWN')}".encode()]

    def make(version, option=0):
        def made(environ, start_response):
            start_response("200 OK", [])
            return [f"{version} {option}".encode()]
        return made

    number = 5
"""
served = functools.partial(serving.served, source=APPLICATION)


class Serve(unittest.TestCase):
    def test_it_serves_until_sigterm(self):
        server = served(self, "--workers", "2", "--access-logfile", "access", "--env", "OWN=set", "app:application")
        self.assertRegex(server.get(), r"^\d+ VERSION True set$")
        self.assertEqual(server.stop(), 0)
        self.assertRegex(server.read("access"), r'^127.0.0.1 - - \[.*\] "GET / HTTP/1.1" 200 \d+ "-" "Python-urllib')

    def test_requests_end_before_a_stop(self):
        server = served(self, "app:application")
        server.get()
        asking = subprocess.Popen([sys.executable, "-c", "import sys, urllib.request; "
                                   "print(urllib.request.urlopen(sys.argv[1]).read())", f"http://{server.address}/sleep"],
                                  stdout=subprocess.PIPE, text=True)
        server.await_that(lambda: os.path.exists(os.path.join(server.folder, "asked")))
        self.assertEqual(server.stop(), 0)
        self.assertIn("VERSION", asking.communicate(timeout=30)[0])

    def test_sighup_brings_fresh_workers(self):
        server = served(self, "app:application")
        old = server.get()
        server.write("app.py", APPLICATION.replace("VERSION", "NEWER"))
        server.send(signal.SIGHUP)
        server.await_that(lambda: not os.path.exists("/proc/" + old.split()[0]))
        self.assertIn("NEWER", server.get())
        server.write("app.py", "broken = ")
        server.send(signal.SIGHUP)
        while "the old ones stay" not in server.line():
            pass
        self.assertIn("NEWER", server.get())
        self.assertEqual(server.stop(), 0)

    def test_a_worker_that_dies_is_replaced(self):
        server = served(self, "app:application")
        first = server.pid()
        self.assertRaises(OSError, server.get, "/exit")
        server.await_that(lambda: server.pid() not in (None, first))
        self.assertEqual(server.stop(), 0)

    def test_a_worker_that_hangs_is_killed(self):
        server = served(self, "--timeout", "1", "app:application")
        self.assertRaises(OSError, server.get, "/block")
        self.assertIn("let no green thread run for 1 s", server.line())
        server.await_that(server.pid)
        self.assertEqual(server.stop(), 0)

    def test_a_worker_is_replaced_after_max_requests(self):
        server = served(self, "--max-requests", "2", "app:application")
        seen = set()
        server.await_that(lambda: len(seen.add(server.pid()) or seen) > 2)
        self.assertEqual(server.stop(), 0)

    def test_without_a_supervisor(self):
        server = served(self, "--workers", "0", "app:application")
        self.assertEqual(server.pid(), str(server.child.pid))
        self.assertEqual(server.stop(), 0)

    def test_reload_sees_a_change(self):
        server = served(self, "--reload", "app:application")
        self.assertIn("VERSION", server.get())
        server.write("app.py", APPLICATION.replace("VERSION", "NEWER"))
        server.await_that(lambda: server.pid() and "NEWER" in server.get())
        self.assertEqual(server.stop(), 0)

    def test_the_application_is_imported_before_the_fork(self):
        server = served(self, "--preload", "app:application")
        self.assertNotEqual(server.pid(), str(server.child.pid))
        self.assertIn("VERSION", server.get("/sleep"))
        self.assertEqual(server.stop(), 0)

    def test_a_factory(self):
        server = served(self, "app:make('first', option=2)")
        self.assertEqual(server.get(), "first 2")

    def test_tls_and_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            files = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
            made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-out", files[0], "-keyout",
                                   files[1], "-days", "2", "-subj", "/CN=localhost"], capture_output=True)
            self.assertEqual(made.returncode, 0, made.stderr)
            server = served(self, "--bind", "unix:" + folder + "/socket", "--certfile", files[0], "--keyfile", files[1],
                            "app:application")
            context = ssl.create_default_context(cafile=files[0])
            context.check_hostname = False
            with urllib.request.urlopen(f"https://{server.address}/", timeout=30, context=context) as answer:
                self.assertIn(b"VERSION", answer.read())
            self.assertTrue(os.path.exists(folder + "/socket"))
            self.assertEqual(server.stop(), 0)
            self.assertFalse(os.path.exists(folder + "/socket"))

    def test_what_cannot_be_served(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "app.py"), "w") as file:
                file.write(textwrap.dedent(APPLICATION))
            for arguments, text in [
                (["nowhere:application"], "there is no module 'nowhere'"), (["app:number"], "app:number is not callable"),
                (["app:missing"], "the module 'app' has no 'missing'"), (["app:make(x)"], "neither a name nor a call"),
                ([], "no application is named"), (["--bind", "127.0.0.1:http", "app:application"], "127.0.0.1:http"),
                (["--bind", "192.0.2.1:1", "app:application"], "192.0.2.1"),
                (["--bind", "127.0.0.1:99999", "app:application"], "not a port to listen at: 99999"),
                (["--bind", "no..name:1", "app:application"], "no..name"),
                (["--bind", "a.invalid:1", "app:application"], "a.invalid:1"), (["app.py:number"], "without .py: app:number"),
                (["--config", "none.py", "app:application"], "cannot read the configuration none.py"),
                (["--access-logformat", "%(z)s", "app:application"], "there is no %(z)s"),
                (["--certfile", "none.pem", "app:application"], "none.pem"),
            ]:
                with self.subTest(arguments=arguments):
                    bind = [] if "--bind" in arguments else ["--bind", "127.0.0.1:0"]
                    status, _, stderr = support.run_command([sys.executable, "-m", "tendril", "serve", *bind, *arguments],
                                                            cwd=folder)
                    self.assertEqual(status, 1)
                    self.assertIn(text, stderr)
                    self.assertNotIn("Traceback", stderr)


class Settings(unittest.TestCase):
    def read(self, *arguments, environment=None, config=None):
        warnings = []
        if config is not None:
            with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                file.write(config)
                file.flush()
                return serve_settings.read(["--config", file.name, *arguments], environment or {}, warnings.append), warnings
        return serve_settings.read(arguments, environment or {}, warnings.append), warnings

    def test_later_ones_win(self):
        config = "bind = 'a:1'\nworkers = 5\ntimeout = 6\nkeepalive = 7\nthreads = 8\ndef post_fork(server, worker): pass\n"
        settings, warnings = self.read("--workers", "2", "m:a", config=config, environment={
            "GUNICORN_CMD_ARGS": "--timeout 3 --workers 3", "TENDRIL_CMD_ARGS": "--timeout 4"})
        self.assertEqual((settings.bind, settings.workers, settings.timeout, settings.keepalive),
                         (["a:1"], 2, 4, 7))
        self.assertEqual([each.split()[2] for each in warnings], ["threads", "post_fork"])

    def test_defaults_come_from_the_environment(self):
        settings, _ = self.read("m:a", environment={"WEB_CONCURRENCY": "3", "PORT": "81"})
        self.assertEqual((settings.bind, settings.workers), (["0.0.0.0:81"], 3))

    def test_options_of_the_server(self):
        settings, _ = self.read("--static", "/s=/srv", "--keep-alive", "0", "--limit-request-body", "5", "m:a")
        options = serve_settings.server_options(settings, 1, 2)
        self.assertEqual((options["static"], options["keep_alive"], options["max_body"]), ({"/s/": "/srv"}, False, 5))

    def test_log_formats(self):
        self.assertEqual(serve_settings.log_format('%(h)s "%(r)s" %(s)s'), '{client_ip} "{request_line}" {status_code}')

    def test_a_name_is_loaded(self):
        self.assertIs(serve.load("tendril.serve:load"), serve.load)
        self.assertRaisesRegex(serve.LoadError, "no 'application'", serve.load, "tendril.serve")


class Frameworks(unittest.TestCase):
    """500 requests at once that each sleep 50 ms, in one OS thread."""

    def serve_and_ask(self, name):
        if importlib.util.find_spec(name) is None:
            self.skipTest(f"{name} is not there")
        server = served(self, "--pythonpath", os.path.join(support.ROOT, "bench", "python"), f"sites:on_{name}()")
        host, _, port = server.address.rpartition(":")
        server.get()
        clients = [socket.create_connection((host, int(port)), timeout=60) for _ in range(500)]
        for client in clients:
            client.sendall(b"GET /sleep HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for client in clients:
            with client, client.makefile("rb") as stream:
                answer = stream.read()
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"Hello, World!"), answer)
        self.assertEqual(server.stop(), 0)

    def test_flask(self):
        self.serve_and_ask("flask")

    def test_django(self):
        self.serve_and_ask("django")


@unittest.skipUnless(importlib.util.find_spec("gunicorn"), "gunicorn is not there")
class Gunicorn(unittest.TestCase):
    def test_its_worker_class(self):
        server = served(self, "-k", "tendril.gunicorn_worker.TendrilWorker", "--access-logfile", "access", "app:application",
                        program=("-m", "gunicorn"))
        self.assertIn("VERSION", server.get("/sleep"))
        self.assertEqual(server.stop(), 0)
        self.assertIn('"GET /sleep HTTP/1.1" 200', server.read("access"))


if __name__ == "__main__":
    unittest.main()
