# SPDX-License-Identifier: MIT
"""Echo servers over TCP, TLS and WebSockets: CPU of the server per message, by a load of its own (bench/echo/load.cpp).

All read into 32 KiB, so that a message of 16 KiB fits with room to spare.
"""

import functools
import re
import subprocess

from measuring import HERE, PYTHON, Server, calls_during, json_of, pinned
from rows import Figure, Row

# system: (command, what it needs)
SYSTEMS = {
    "epoll": (["bench_echo_epoll"], "the target bench_echo_epoll"),
    "tendril": (["bench_echo_tendril"], "the target bench_echo_tendril"),
    "libuv": (["bench_echo_libuv"], "libuv1-dev"),
    "Asio": (["bench_echo_asio"], "libasio-dev"),
    "Asio with use_green": (["bench_echo_asio_green"], "libasio-dev"),
    "Go": (["bench_echo_go"], "golang-go"),
    "gevent": ([PYTHON, HERE / "echo/peers/echo_gevent.py"], "python3-gevent"),
}
WEBSOCKET = {
    "epoll": (["bench_websocket_epoll"], "the target bench_websocket_epoll"),
    "tendril": (["bench_websocket_tendril"], "the target bench_websocket_tendril"),
    "Go": (["bench_websocket_go"], "golang-go and golang-golang-x-net-dev"),
    "uWebSockets": (["bench_http_uwebsockets"], "a checkout: -D TENDRIL_UWEBSOCKETS=<its folder>"),
    "websockets": ([PYTHON, HERE / "websocket/peers/websockets_echo.py"], "python3-websockets"),
}
# row: (title, bytes, messages, what the load does besides)
ROWS = {
    "echo_tcp_64": ("echo, TCP, 64 B", 64, 100_000, ""),
    "echo_tcp_16k": ("echo, TCP, 16 KiB", 16384, 40_000, ""),
    "echo_tls_64": ("echo, TLS, 64 B", 64, 60_000, "tls"),
    "echo_tls_16k": ("echo, TLS, 16 KiB", 16384, 20_000, "tls"),
    "echo_short": ("echo, a TCP connection each", 64, 10_000, "short"),
    "echo_websocket": ("echo, WebSocket, 64 B", 64, 60_000, "websocket"),
}
CONNECTIONS = 64
NO_TLS = {"Asio", "Asio with use_green"}
SLOWER = {"gevent": 4, "websockets": 10}  # fewer messages by this factor, or a round takes too long


def load(context, server, size, messages, kind):
    return json_of([context.programs / "bench_echo_load", server.port, size, CONNECTIONS, messages, server.pid, *filter(None, [kind])],
                   (context.cpus[1],))


def measure(context, command, size, messages, kind):
    with Server([*command, *(context.certificate if kind == "tls" else [])], context.cpus[0]) as server:
        return load(context, server, size, messages, kind)


def calls_per_message(context, command, size, kind):
    few, many = 1_000, 6_000
    with Server([*command, *(context.certificate if kind == "tls" else [])], context.cpus[0]) as server:
        counted = [calls_during(server.pid, functools.partial(load, context, server, size, n, kind)) for n in (few, many)]
    messages = (many - few) * 1.1  # the load's own warm-up counts too
    return {name: (count - counted[0].get(name, 0)) / messages for name, count in counted[1].items()}


def hubs(program):
    """What two hubs on two processors are worth: messages a second of both, by those of one."""
    done = subprocess.run([program, "1"], capture_output=True, text=True, check=True, preexec_fn=pinned())
    rates = re.search(r"1 hub: (\d+)/s, \d+ hubs: (\d+)/s, ([\d.]+) times", done.stdout)
    return {"ns_wall_1": 1e9 / float(rates[1]), "ns_wall": 1e9 / float(rates[2]), "times": float(rates[3])}


def rows(context):
    servers, of_websockets = context.commands(SYSTEMS), context.commands(WEBSOCKET)
    made = []
    for key, (title, size, messages, kind) in ROWS.items():
        chosen = {system: command for system, command in (of_websockets if kind == "websocket" else servers).items()
                  if kind != "tls" or system not in NO_TLS}
        made.append(Row(key, title, {
            system: functools.partial(measure, context, command, size, messages // SLOWER.get(system, 1), kind)
            for system, command in chosen.items()
        }, base="epoll", rounds=3, figures=[Figure("ns_cpu"), Figure("ns_wall", "wall")], calls={
            system: functools.partial(calls_per_message, context, command, size, kind) for system, command in chosen.items()
        }))
    if program := context.program("bench_echo_hubs", "the target bench_echo_hubs", "tendril"):
        made.append(Row("hubs", "echo, as many hubs as processors", {"tendril": functools.partial(hubs, program)},
                        figures=[Figure("times", "times one hub's rate", ""), Figure("ns_wall", "wall")]))
    return made
