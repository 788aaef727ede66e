# SPDX-License-Identifier: MIT
"""Parts of the soak that are more than green threads: raw greenlets, garbage, child processes, and servers."""

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import traceback

import tendril
import tendril.greenlet
import tendril.wsgi

import support

try:
    import greenlet
except ImportError:
    greenlet = None


class Odd(Exception):
    pass


def raw_greenlets(rng):
    """Raw greenlets, tendril's and after patch() the package's: they switch, throw, wait, end, or are left in the middle."""
    module = greenlet if greenlet is not None and tendril.patched() and rng.random() < 0.5 else tendril.greenlet

    def work(parent, number):
        while True:
            try:
                number = parent.switch(number + 1)
            except Odd:
                return number

    def within():
        some = [module.greenlet(work) for _ in range(5)]
        here = module.getcurrent()
        for each in some:
            assert each.switch(here, 1) == 2
            if module is tendril.greenlet:
                tendril.sleep(0)
            assert each.switch(5) == 6
        for each in some[:3]:
            each.throw(Odd)
            assert each.dead
    tendril.spawn(within).get()


def garbage(rng):
    """Cycles through green threads, their frames, their errors with tracebacks, links, queues and locals."""
    values, things = tendril.local(), tendril.Queue()

    def fail(depth):
        values.mine = [things, values, green]
        try:
            if depth:
                fail(depth - 1)
            raise Odd(depth)
        except Odd as error:
            raise KeyError(green) from error

    def wait():
        here = [things]
        here.append(here)
        things.get()

    green = tendril.spawn(fail, rng.randrange(5))
    green.itself = green
    green.join()
    assert "KeyError" in "".join(traceback.format_exception(green.exception))
    event, result = tendril.Event(), tendril.AsyncResult()
    event.link(lambda _, kept=(event, result): None)
    result.set_exception(green.exception)
    things.put(things)
    waiting = tendril.spawn(wait)
    waiting.kept = waiting, things, result
    tendril.sleep(0)
    if rng.random() < 0.5:
        things.put(waiting)
    else:
        waiting.kill()
    waiting.join()


def children(rng):
    """Programs that are run and answered, and such as take too long."""
    def run():
        done = subprocess.run(["cat"], input=b"x" * 100_000, stdout=subprocess.PIPE, check=True)
        return len(done.stdout)

    def run_too_long():
        with subprocess.Popen(["sleep", "60"]) as child:
            try:
                child.wait(0.01)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
    run, run_too_long = ((one if tendril.patched() else lambda one=one: tendril.offload(one))
                         for one in (run, run_too_long))
    some = [tendril.spawn(rng.choice((run, run_too_long))) for _ in range(4)]
    assert {each.get() for each in some} <= {100_000, None}


def ask(address, data, patience=30.0):
    """Sends a request, and reads until the server closes; without patch(), too. Returns what came within `patience`."""
    got = b""
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(address)
        with contextlib.suppress(ConnectionError), tendril.Timeout(patience, False):
            while True:
                try:
                    data = data[client.send(data):] if data else data
                    if not data:
                        piece = client.recv(65536)
                        if not piece:
                            break
                        got += piece
                except BlockingIOError:
                    tendril.sleep(0.0005)
    return got


class Server:
    """A WSGI server in this process, and in another one `tendril serve --reload`."""

    def __init__(self):
        self.errors = io.StringIO()
        self.silence = os.open(os.devnull, os.O_WRONLY)
        self.server = self.make()
        self.server.start()
        self.folder = tempfile.TemporaryDirectory()
        self.version = 0
        self.write()
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        self.child = subprocess.Popen([sys.executable, "-m", "tendril", "serve", "--bind", "127.0.0.1:0", "--reload", "app"],
                                      cwd=self.folder.name, stderr=self.log, env=support.environment())
        while not (found := re.search(r"istening at:? (?:https?://)?([\d.]+):(\d+)", self.read_log())):
            assert self.child.poll() is None, self.read_log()
            tendril.sleep(0.01)
        self.address = found[1], int(found[2])

    def make(self):
        return tendril.wsgi.Server(("127.0.0.1", 0), self.application, errors=self.errors, error_log_fd=self.silence)

    def read_log(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def write(self):
        path = os.path.join(self.folder.name, "app.py")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(f"def application(environ, start_response):\n    start_response('200 OK', [])\n"
                       f"    return [b'version {self.version}.']\n")
        os.replace(path + ".new", path)

    def application(self, environ, start_response):
        """What the path says."""
        path = environ["PATH_INFO"]
        if path == "/fail":
            raise Odd(environ)
        if path == "/late":
            with tendril.Timeout(0.001, False):
                tendril.sleep(60)
        if path == "/killed":
            tendril.spawn(tendril.getcurrent().kill, block=False)
            tendril.sleep(60)
        size = len(environ["wsgi.input"].read())
        write = start_response("200 OK", [("Connection", "close")])
        write(b"%d " % size)
        if path == "/file":
            return environ["wsgi.file_wrapper"](open(__file__, "rb"))
        return (b"piece" * 10_000 for _ in range(50 if path == "/long" else 1))

    def requests(self, rng):
        """Requests to the server of this process; some fail, some clients leave."""
        # The errors' text, which would grow.
        self.errors.seek(0)
        self.errors.truncate()

        def one():
            path = rng.choice(("/", "/fail", "/late", "/long", "/file", "/killed", "/half"))
            length = 3 if path == "/half" else 1
            data = f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\nx".encode()
            got = ask(self.server.address, data, 0.002 if path == "/half" or rng.random() < 0.2 else 30)
            assert got == b"" or got.startswith((b"HTTP/1.1 200", b"HTTP/1.1 500")), got[:100]
        tendril.joinall([tendril.spawn(one) for _ in range(rng.randrange(1, 6))], raise_error=True)

    def restarts(self, rng):
        """A server that is stopped while it answers."""
        server = self.make()
        server.start()
        some = [tendril.spawn(ask, server.address, b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n", 5) for _ in range(3)]
        tendril.sleep(rng.choice((0, 0.002)))
        server.stop(rng.choice((0, 0.01)))
        tendril.killall(some)

    def reloads(self, rng):
        """The other process's application changes, and it is asked until it says so."""
        self.version += 1
        self.write()
        wanted, request = f"version {self.version}.".encode(), b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        with tendril.Timeout(60):
            while wanted not in ask(self.address, request):
                tendril.sleep(0.02)
        for _ in range(rng.randrange(50)):
            ask(self.address, request)
        with open(self.log.name, "w", encoding="utf-8"):
            pass  # the child goes on at its old place in the file, which the system keeps as a hole

    def figures(self):
        """The supervisor's memory and descriptors."""
        with open(f"/proc/{self.child.pid}/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
        return {"KiB supervisor": resident, "its descriptors": len(os.listdir(f"/proc/{self.child.pid}/fd"))}

    def stop(self):
        """Ends both."""
        self.child.terminate()
        while self.child.poll() is None:
            tendril.sleep(0.01)
        self.server.stop()
        self.log.close()
        self.folder.cleanup()
        os.close(self.silence)
        assert self.child.returncode == 0, self.child.returncode
