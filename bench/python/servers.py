# SPDX-License-Identifier: MIT
"""The WSGI servers that are measured, each as one process that serves: how they are started, driven by wrk, and what
CPU time they use."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
GUNICORN, UWSGI = shutil.which("gunicorn") or "/usr/bin/gunicorn", shutil.which("uwsgi") or "/usr/bin/uwsgi"


def tendril(*more):
    return lambda python, site, port, _: [python, "-m", "tendril", "serve", "--bind", f"127.0.0.1:{port}", *more, site]


def gunicorn(kind, *more):
    def command(python, site, port, connections):
        threads = ["--threads", str(connections)] if kind == "gthread" else []
        return [python, GUNICORN, "--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", kind, "--log-level",
                "error", "--worker-connections", "2000", "--keep-alive", "60", *threads, *more, site]
    return command


def uwsgi(_, site, port, connections):
    return [UWSGI, "--plugin", "python3", "--http11-socket", f"127.0.0.1:{port}", "--module", site,
            "--enable-threads", "--threads", str(connections), "--disable-logging", "--listen", "100"]


def of_worker(kind):
    return ["--config", str(HERE / f"gunicorn_{kind}.py")]


# name: (command, the packages of Debian that have it)
SERVERS = {
    "tendril serve": (tendril(), []),
    "gunicorn gevent": (gunicorn("gevent", *of_worker("gevent")), ["gunicorn", "python3-gevent", "python3-psycogreen"]),
    "gunicorn eventlet": (gunicorn("eventlet", *of_worker("eventlet")), ["gunicorn", "python3-eventlet"]),
    "gunicorn gthread": (gunicorn("gthread"), ["gunicorn"]),
    "uwsgi": (uwsgi, ["uwsgi-core", "uwsgi-plugin-python3"]),
    "tendril serve --no-patch": (tendril("--no-patch"), []),
    "gunicorn tendril": (gunicorn("tendril.gunicorn_worker.TendrilWorker"), ["gunicorn"]),
}


def cpus():
    """One CPU for the server, another for wrk."""
    all_of_them = sorted(os.sched_getaffinity(0))
    return all_of_them[-1], all_of_them[0]


def there(name):
    """The packages that are missing."""
    return [package for package in SERVERS[name][1]
            if subprocess.run(["dpkg-query", "-W", package], capture_output=True, check=False).returncode]


class Server:
    """One that serves the site while the `with` lasts, on a CPU of its own unless `pinned` is false."""

    def __init__(self, name, site, connections, build, python="/usr/bin/python3", pinned=True):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            self.port = holder.getsockname()[1]
        self._cpus = cpus() if pinned else (None, None)
        environment = {**os.environ, "PYTHONPATH": f"{build}/python:{HERE}", "PYTHONDONTWRITEBYTECODE": "1"}
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(SERVERS[name][0](python, site, self.port, connections), env=environment, cwd=HERE,
                                         stdout=subprocess.DEVNULL, stderr=self._errors, start_new_session=True,
                                         preexec_fn=self._pin(0))
        self._connections = connections

    def _pin(self, which):
        cpu = self._cpus[which]
        return (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None

    def __enter__(self):
        give_up = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                probe.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                if probe.recv(100):
                    return self
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.__exit__()
                self._errors.seek(0)
                raise RuntimeError(f"does not start: {self._process.args}\n{self._errors.read()}")
            time.sleep(0.05)

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def cpu_seconds(self):
        """What the process and its living descendants have used."""
        parents, used = {}, {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
                parents[int(entry)], used[int(entry)] = int(fields[1]), int(fields[11]) + int(fields[12])
        members = {self._process.pid}
        while more := {process for process, parent in parents.items() if parent in members} - members:
            members |= more
        return sum(used.get(member, 0) for member in members) / os.sysconf("SC_CLK_TCK")

    def drive(self, path, seconds):
        """Returns requests a second, their number, and what went wrong."""
        told = subprocess.run(["wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", "--timeout", "10s",
                               f"http://127.0.0.1:{self.port}{path}"], check=True, stdout=subprocess.PIPE, text=True,
                              preexec_fn=self._pin(1)).stdout
        return (float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), int(re.search(r"(\d+) requests in", told)[1]),
                re.findall(r"Non-2xx.*|Socket errors.*", told))
