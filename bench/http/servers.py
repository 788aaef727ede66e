# SPDX-License-Identifier: MIT
#
# The servers of bench/http, for the programs next to this one: how to start each, which of its processes serves, and
# how much that process has used.

import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which python3-gevent and python3-eventlet are for
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

# system: (command, what it needs)
SYSTEMS = {
    "epoll": (["{build}/bench_http_epoll"], "the target bench_http_epoll"),
    "tendril": (["{build}/bench_http_tendril"], "the target bench_http_tendril"),
    "nginx": ([NGINX], "nginx-light"),
    "Go": (["{build}/bench_http_go"], "golang-go"),
    "gevent": ([PYTHON, str(HERE / "peers/hello_gevent.py")], "python3-gevent"),
    "eventlet": ([PYTHON, str(HERE / "peers/hello_eventlet.py")], "python3-eventlet"),
}


def cpus():
    """One CPU for the server, another for the load."""
    all_of_them = sorted(os.sched_getaffinity(0))
    return all_of_them[0], all_of_them[-1]


def pinned(cpu, urgent=False):
    """For a new process. urgent: with priority over all else on that CPU, if allowed; else that is measured too."""
    def prepare():
        os.sched_setaffinity(0, {cpu})
        if urgent:
            try:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            except PermissionError:
                pass
    return prepare


def choose(build, names):
    """The commands of the servers that are installed; prints the names of the others."""
    commands = {}
    for name in names:
        command = [part.format(build=build) for part in SYSTEMS[name][0]]
        module = name if command[0] == PYTHON else "sys"
        if not pathlib.Path(command[0]).exists() or subprocess.run([PYTHON, "-c", f"import {module}"],
                                                                   capture_output=True).returncode:
            print(f"left out: {name} (needs {SYSTEMS[name][1]})", file=sys.stderr)
        else:
            commands[name] = command
    return commands


class Server:
    """A server that runs on a CPU of its own. `pid` is the process that serves."""

    def __init__(self, command, cpu, urgent=False):
        self.folder = tempfile.TemporaryDirectory()
        nginx = command[0] == NGINX
        if nginx:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            text = (HERE / "peers/nginx.conf").read_text()
            configuration = pathlib.Path(self.folder.name) / "nginx.conf"
            configuration.write_text(text.replace("PORT", str(self.port)).replace("FOLDER", self.folder.name))
            command = [NGINX, "-p", self.folder.name, "-c", str(configuration)]
        # GOMAXPROCS: it has one CPU, as all servers have. Standard error: some print a line for each slow client.
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, text=True,
                                        preexec_fn=pinned(cpu, urgent), env=dict(os.environ, GOMAXPROCS="1"))
        if not nginx:
            self.port = int(self.process.stdout.readline().strip() or 0)
        self.answer = self.wait_for_answer()
        self.pid = self.worker() if nginx else self.process.pid

    def wait_for_answer(self):
        for _ in range(100):
            try:
                return ask(self.port)
            except ConnectionRefusedError:
                time.sleep(0.05)
        self.errors.seek(0)
        raise RuntimeError("the server never answered: " + self.errors.read())

    def worker(self):
        pid = self.process.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def cpu_ns(self):
        """CPU time of all its threads, user and system."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def memory_kib(self):
        """Resident, proportional and anonymous memory."""
        lines = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        fields = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return {name: fields[name] for name in ("Rss", "Pss", "Anonymous")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        self.folder.cleanup()


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def read_answer(connection):
    answer = b""
    while not answer.endswith(b"Hello, World!"):
        some = connection.recv(4096)
        if not some:
            raise RuntimeError(f"the answer is {answer!r}")
        answer += some
    return answer


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(REQUEST)
        return read_answer(connection)


def machine(build):
    """What the figures depend on."""
    commit = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True)
    cache = (build / "CMakeCache.txt").read_text()
    kind = next((line.split("=")[1] for line in cache.splitlines() if line.startswith("CMAKE_BUILD_TYPE")), "")
    if kind not in ("Release", "RelWithDebInfo"):
        sys.exit(f"{build} is a '{kind}' build: figures of a debug build mean nothing; use the release preset")
    model = [line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {"host": socket.gethostname(), "kernel": platform.release(), "cpus": os.cpu_count(),
            "cpu": model[0].split(":")[1].strip() if model else platform.machine(), "commit": commit.stdout.strip()}
