# SPDX-License-Identifier: MIT
"""Programs started and waited for, and names looked up: what the caller pays."""

import functools

from measuring import HERE, PYTHON, Server, json_of
from rows import Figure, Row

SPAWNERS = {
    "floor": ("bench_posix_spawn", "the target bench_posix_spawn"),
    "tendril": ("bench_process", "the target bench_process"),
    "Go": ("bench_go", "golang-go"),
}
RESOLVERS = {
    "tendril": ("bench_dns_tendril", "the target bench_dns_tendril"),
    "Go": ("bench_dns_go", "golang-go"),
}


def dns(context, responder, program):
    with Server([responder], context.cpus[0]) as server:
        return json_of([program, server.port], (context.cpus[1],))


def rows(context):
    cpu = (context.cpus[1],)
    figures = [Figure("ns_cpu", "CPU", "us", 1000), Figure("ns_wall", "wall", "us", 1000)]
    spawners = {system: functools.partial(json_of, [path, "popen"], cpu) for system, (program, needs) in SPAWNERS.items()
                if (path := context.program(program, needs, system))}
    spawners["Python"] = functools.partial(json_of, [PYTHON, HERE / "peers/popen.py"], cpu)
    made = [Row("popen", "a program started and waited for", spawners, base="floor", figures=figures)]
    if responder := context.program("bench_dns_responder", "the target bench_dns_responder", "the row of DNS"):
        resolvers = {system: functools.partial(dns, context, responder, path) for system, (program, needs) in RESOLVERS.items()
                     if (path := context.program(program, needs, system))}
        made.append(Row("dns", "a name looked up, 64 at a time", resolvers, figures=figures))
    return made
