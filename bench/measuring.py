# SPDX-License-Identifier: MIT
"""What all programs that measure share: which builds they refuse, what figures depend on, processors, servers, sums."""

import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results"
PYTHON = "/usr/bin/python3"  # Debian's, which python3-gevent and the others are for


def fail(message):
    sys.exit(f"{sys.argv[0]}: {message}")


def output_of(command):
    """What a command prints; nothing if it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def read(path):
    try:
        return pathlib.Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def check_build(build):
    """Refuses a build that isn't optimized; returns what it was compiled with."""
    cache = build / "CMakeCache.txt"
    if not cache.exists():
        fail(f"{build} is no CMake build directory (no CMakeCache.txt); `make bench` makes one")
    values = dict(re.findall(r"^([A-Za-z0-9_]+):[A-Z]+=(.*)$", cache.read_text(), re.MULTILINE))
    kind = values.get("CMAKE_BUILD_TYPE", "")
    if kind not in ("Release", "RelWithDebInfo"):
        fail(f"{build} is a '{kind}' build: figures of a debug build mean nothing; use the release preset")
    flags = values.get("CMAKE_CXX_FLAGS", "") + " " + values.get(f"CMAKE_CXX_FLAGS_{kind.upper()}", "")
    if "-fsanitize" in flags or values.get("TENDRIL_SANITIZE"):
        fail(f"{build} is built with a sanitizer: use the release preset")
    if "-DNDEBUG" not in flags:
        fail(f"{build} is built with assertions: use the release preset")
    compiler = values.get("CMAKE_CXX_COMPILER", "c++")
    return {"version": output_of([compiler, "--version"]).split("\n")[0], "flags": flags.strip(), "build_type": kind}


def commit():
    head = output_of(["git", "-C", str(HERE), "rev-parse", "--short=12", "--verify", "--quiet", "HEAD"])
    changed = output_of(["git", "--no-optional-locks", "-C", str(HERE), "status", "--porcelain"])
    return (head or "none") + (", with uncommitted changes" if changed else "")


def machine():
    """What the figures depend on, and how busy others keep the machine."""
    model = re.search(r"^model name\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    family = re.search(r"^cpu family\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    number = re.search(r"^model\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"), re.MULTILINE)
    return {
        "host": socket.gethostname(),
        "architecture": platform.machine(),
        "processor": model[1] if model else platform.machine(),
        "processor_model": f"{family[1]}/{number[1]}" if family and number else "",  # a VM may hide the name
        "cpus": os.cpu_count(),
        "memory_kib": int(memory[1]) if memory else None,
        "kernel": platform.release(),
        "vm.max_map_count": int(read("/proc/sys/vm/max_map_count") or 0),
        "transparent_hugepages": read("/sys/kernel/mm/transparent_hugepage/enabled"),
        "commit": commit(),
        "load": os.getloadavg()[0],
    }


def text_of(about):
    """One line about a machine."""
    model = f" ({about['processor_model']})" if about.get("processor_model") else ""
    return (f"{about['processor']}{model}, {about['cpus']} CPUs, Linux {about['kernel']}, commit {about['commit']}, load "
            f"{about['load']:.1f}")


def dumps(kept):
    """The text of a file of results: a line for each row, and for each target."""
    def rounded(value):
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        if isinstance(value, list):
            return [rounded(each) for each in value]
        return float(f"{value:.6g}") if isinstance(value, float) else value

    def lines(value):
        if isinstance(value, list):
            return "[\n" + ",\n".join(json.dumps(rounded(each)) for each in value) + "\n]"
        return "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(rounded(each))}" for key, each in value.items()) + "\n}"

    return "{\n" + ",\n".join(f"{json.dumps(key)}: {lines(value) if isinstance(value, (dict, list)) else json.dumps(value)}"
                              for key, value in kept.items()) + "\n}\n"


def keep(kind, about, results):
    """Writes bench/results/<kind>-<date>-<host>.json; what the same commit has there of other rows stays."""
    where = RESULTS / f"{kind}-{datetime.date.today()}-{about['host']}.json"
    if where.exists():
        before = json.loads(where.read_text(encoding="utf-8"))
        if before["machine"]["commit"] == about["commit"]:
            results = before["results"] | results
            about = dict(about, load=max(about["load"], before["machine"]["load"]))
    where.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n", encoding="utf-8")
    print(f"written: {where}", file=sys.stderr)


def cpus():
    """One CPU for the server, another for the load."""
    all_of_them = sorted(os.sched_getaffinity(0))
    return all_of_them[0], all_of_them[-1]


def pinned(*on, urgent=False):
    """For a new process: runs on these CPUs. urgent: before all else there, if allowed; else that is measured too."""
    def prepare():
        os.sched_setaffinity(0, on or os.sched_getaffinity(0))
        if urgent:
            try:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            except PermissionError:
                pass
    return prepare


def json_of(command, on=(), urgent=False, limit=600):
    """Runs a program on these CPUs. Returns the object in its last line."""
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=limit,
                              preexec_fn=pinned(*on, urgent=urgent))
    except subprocess.TimeoutExpired:
        fail(f"{' '.join(map(str, command))} did not end within {limit} s")
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))} failed with status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout.strip().split("\n")[-1])


def summary(values):
    ordered = sorted(values)
    low, _, high = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    return {"median": statistics.median(ordered), "quartiles": [low, high], "min": ordered[0], "max": ordered[-1]}


def has_module(name):
    return subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def certificate(folder):
    """Makes one for localhost. Returns the names of its file and its key's."""
    key, certificate_file = str(folder / "key.pem"), str(folder / "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=localhost", "-keyout", key, "-out", certificate_file], check=True, capture_output=True)
    return [certificate_file, key]


def strace_counts(text):
    """Reads what `strace -c` prints. Returns calls by name."""
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", text, re.MULTILINE)
    return {name: int(count) for count, name in rows if name != "total"}


def calls_during(pid, work):
    """Counts the system calls of a process while work() runs. Returns calls by name; nothing without strace."""
    if not shutil.which("strace"):
        return {}
    with tempfile.NamedTemporaryFile("r") as listed:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", listed.name, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        tracer.stderr.readline()  # "attached"
        work()
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        tracer.stderr.close()
        return strace_counts(listed.read())


def calls_text(each, least=0.02):
    """Calls per operation, the most frequent first."""
    return ", ".join(f"{name} {n:.2f}" for name, n in sorted(each.items(), key=lambda x: -x[1]) if n >= least)


class Server:
    """A server that prints its port, on a CPU of its own. `pid` is the process that serves."""

    def __init__(self, command, cpu, urgent=False, folder=None):
        self.folder = tempfile.TemporaryDirectory() if folder is None else folder
        # GOMAXPROCS: it has one CPU, as all servers have. Standard error: some print a line for each slow client.
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=self.errors, text=True,
                                        preexec_fn=pinned(cpu, urgent=urgent), env=dict(os.environ, GOMAXPROCS="1"))
        self.pid = self.process.pid
        self.port = self.find_port()

    def find_port(self):
        line = self.process.stdout.readline().strip()
        if not line:
            self.no_answer()
        return int(line)

    def no_answer(self):
        self.errors.seek(0)
        text = self.errors.read()
        self.__exit__()
        raise RuntimeError(f"{self.process.args} never answered: {text}")

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


class Nginx(Server):
    """nginx with a configuration in which PORT and FOLDER, and CERTIFICATE and KEY, are filled in."""

    PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"

    def __init__(self, configuration, cpu, urgent=False, pair=("", "")):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.given_port = probe.getsockname()[1]
        folder = tempfile.TemporaryDirectory()
        text = configuration.read_text()
        for name, value in (("PORT", str(self.given_port)), ("FOLDER", folder.name), ("CERTIFICATE", pair[0]), ("KEY", pair[1])):
            text = text.replace(name, value)
        file = pathlib.Path(folder.name) / "nginx.conf"
        file.write_text(text)
        super().__init__([self.PROGRAM, "-p", folder.name, "-c", file], cpu, urgent, folder)

    def find_port(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.given_port)).close()
                children = read(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()
                self.pid = int(children[0])
                return self.given_port
            except (ConnectionRefusedError, IndexError):
                time.sleep(0.02)
        self.no_answer()
        return 0
