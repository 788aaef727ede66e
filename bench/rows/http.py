# SPDX-License-Identifier: MIT
"""HTTP servers that say "Hello, World!": CPU of the server per request, by wrk; memory of idle connections, and after a
flood of them; what slow clients do to others. The floor is an epoll loop that parses nothing."""

import functools
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

from measuring import HERE, PYTHON, Nginx, Server, calls_during, json_of, pinned
from rows import Figure, Row

sys.path.append(str(HERE / "http"))

import client

# system: (command, what it needs)
SYSTEMS = {
    "epoll": (["bench_http_epoll"], "the target bench_http_epoll"),
    "tendril": (["bench_http_tendril"], "the target bench_http_tendril"),
    "uWebSockets": (["bench_http_uwebsockets"], "a checkout: -D TENDRIL_UWEBSOCKETS=<its folder>"),
    "nginx": ([Nginx.PROGRAM], "nginx-light"),
    "Go": (["bench_http_go"], "golang-go"),
    "gevent": ([PYTHON, HERE / "http/peers/hello_gevent.py"], "python3-gevent"),
    "eventlet": ([PYTHON, HERE / "http/peers/hello_eventlet.py"], "python3-eventlet"),
}
IN_C = ["tendril", "uWebSockets", "nginx", "Go"]
PIPELINED = """
local one = wrk.format("GET", "/")
function init() one = string.rep(wrk.format("GET", "/"), 16) end
function request() return one end
"""
# row: (title, systems, connections, further arguments of wrk)
LOADS = {
    "http": ("HTTP request, 64 connections kept alive", ["epoll", *IN_C, "gevent", "eventlet"], 64, []),
    "http_1000": ("HTTP request, 1,000 connections", ["epoll", *IN_C], 1000, []),
    "http_close": ("HTTP request, a connection each", IN_C, 64, ["-H", "Connection: close"]),
    "http_pipelined": ("HTTP request, 16 pipelined", IN_C, 64, ["-s", "PIPELINED"]),
    "http_tls": ("HTTP request, TLS, kept alive", ["tendril", "nginx", "Go"], 64, []),
}
IDLE, FLOOD, SLOW, RATE = 10_000, 18_500, 5_000, 1_000


def start(context, command, urgent=False, tls=False):
    """Starts a server, and sees it answer."""
    pair = context.certificate if tls else ["", ""]
    if command[0] == Nginx.PROGRAM:
        configuration = HERE / "http/peers" / ("nginx_tls.conf" if tls else "nginx.conf")
        server = Nginx(configuration, context.cpus[0], urgent, pair)
    else:
        server = Server([*command, *filter(None, pair)], context.cpus[0], urgent)
    if not tls:
        with client.connect(server.port) as connection:
            client.request(connection)
    return server


def wrk(context, server, connections, seconds, arguments, tls):
    """Returns: requests that were answered, and how many in a second."""
    script = pathlib.Path(context.folder.name) / "pipelined.lua"
    script.write_text(PIPELINED)
    more = [str(script) if each == "PIPELINED" else each for each in arguments]
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *more,
                           f"http{'s' if tls else ''}://127.0.0.1:{server.port}/"],
                          capture_output=True, text=True, check=True, preexec_fn=pinned(context.cpus[1]))
    # A server that closes after each answer is no error, though wrk counts a read of nothing as one.
    wrong = re.search(r"Socket errors: connect (\d+), read \d+, write (\d+), timeout (\d+)", done.stdout)
    if "Non-2xx" in done.stdout or (wrong and any(map(int, wrong.groups()))):
        raise RuntimeError(done.stdout)
    return (int(re.search(r"(\d+) requests in", done.stdout)[1]),
            float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]))


def measure(context, command, connections, arguments, tls):
    with start(context, command, tls=tls) as server:
        wrk(context, server, connections, 1, arguments, tls)  # warms up
        before = server.cpu_ns()
        requests, rate = wrk(context, server, connections, context.options.seconds, arguments, tls)
        return {"ns_cpu": (server.cpu_ns() - before) / requests, "ns_wall": 1e9 / rate}


def calls_per_request(context, command, connections, arguments, tls):
    answered = []
    with start(context, command, tls=tls) as server:
        calls = calls_during(server.pid,
                             lambda: answered.append(wrk(context, server, connections, 2, arguments, tls)[0]))
    return {name: count / answered[0] for name, count in calls.items()}


def idle(context, command):
    """Memory of a connection that waits for its client's next request, of the user space; and how much longer than
    another the first request takes then."""
    with start(context, command) as server:
        time.sleep(0.5)
        before = server.memory_kib()["Rss"]
        opened = client.open_many(server.port, IDLE)
        time.sleep(context.options.idle)
        after = server.memory_kib()["Rss"]
        took = [[], []]
        for one in opened[::50]:
            for turn in took:
                begun = time.perf_counter_ns()
                client.request(one)
                turn.append((time.perf_counter_ns() - begun) / 1e3)
        client.close_all(opened)
    first, second = map(statistics.median, took)
    return {"kib": (after - before) / IDLE, "first_us": first - second, "second_us": second}


def flood(context, command):
    """Memory before a flood of connections, and 5 s after it has ended."""
    with start(context, command) as server:
        client.close_all(client.open_many(server.port, 100))
        time.sleep(0.5)
        before = server.memory_kib()["Rss"]
        opened = client.open_many(server.port, FLOOD)
        most = server.memory_kib()["Rss"]
        client.close_all(opened)
        time.sleep(5)
        after = server.memory_kib()["Rss"]
        with client.connect(server.port) as one:
            client.request(one)
    return {"times_after": after / before, "before_kib": before, "most_kib": most, "after_kib": after}


def slow(context, command, clients, seconds):
    """5,000 connections that each send a byte of a request's head a second, and 1,000 requests a second of others.
    Latency counts from the time at which a request should have begun. All servers give a client 20 s for its head."""
    with start(context, command, urgent=True) as server:
        seen = json_of([context.programs / "bench_http_slow", server.port, clients, RATE, seconds], (context.cpus[1],), urgent=True)
    if seen["errors"]:
        raise RuntimeError(f"{command}: {seen}")
    return seen


def rows(context):
    servers = context.commands(SYSTEMS)
    made = []
    has_wrk = context.there("the rows of HTTP requests", shutil.which("wrk") or "wrk", "wrk")
    for key, (title, systems, connections, arguments) in LOADS.items() if has_wrk else ():
        chosen = {system: (context, servers[system], connections, arguments, key == "http_tls")
                  for system in systems if system in servers}
        made.append(Row(key, title, {system: functools.partial(measure, *how) for system, how in chosen.items()},
                        base="epoll" if "epoll" in systems else "tendril", rounds=5 if key == "http" else 3,
                        figures=[Figure("ns_cpu"), Figure("ns_wall", "wall")],
                        calls={system: functools.partial(calls_per_request, *how) for system, how in chosen.items()}))
    some = {system: servers[system] for system in ("tendril", "nginx", "Go") if system in servers}
    packed = {system: [*command, "--hibernate"] for system, command in some.items() if system == "tendril"}
    for key, title, which in (("idle", "10,000 idle HTTP connections: memory of each", some),
                              ("idle_packed", "10,000 idle HTTP connections, packed away: memory of each", packed)):
        made.append(Row(key, title, {system: functools.partial(idle, context, command) for system, command in which.items()},
                        rounds=1, figures=[Figure("kib", "", "KiB"),
                                           Figure("first_us", "the first request takes longer by", "us"),
                                           Figure("second_us", "another request", "us")]))
    made.append(Row("flood", "18,500 connections, 5 s later: memory",
                    {system: functools.partial(flood, context, command) for system, command in some.items()}, rounds=1, figures=[
                        Figure("times_after", "times that before", ""), Figure("before_kib", "before", "MiB", 1024),
                        Figure("most_kib", "at the most", "MiB", 1024), Figure("after_kib", "5 s after", "MiB", 1024)]))
    for key, title, clients, seconds in (("calm", "HTTP, 1,000 requests/s", 0, 3),
                                         ("slow", "the same beside 5,000 slow clients", SLOW, 40)):
        made.append(Row(key, title, {system: functools.partial(slow, context, command, clients, seconds)
                                     for system, command in some.items()}, rounds=1, figures=[
            Figure("p99_ms", "99 % within", "ms"), Figure("p50_ms", "half within", "ms"), Figure("p999_ms", "99.9 % within", "ms")]))
    return made
