# SPDX-License-Identifier: MIT
"""A byte between two green threads, on each backend: what waiting for a descriptor costs."""

import functools
import subprocess
import tempfile

from measuring import json_of, pinned, strace_counts
from rows import Figure, Row

BACKENDS = ("epoll", "io_uring", "poll", "select")
KINDS = {"unix": "a Unix-domain socket", "tcp": "TCP", "pipe": "pipes"}
FEW, MANY = 2_000, 12_000


def calls_per_message(program, backend, kind, cpu):
    counted = []
    for messages in (FEW, MANY):
        with tempfile.NamedTemporaryFile("r") as listed:
            subprocess.run(["strace", "-f", "-c", "-o", listed.name, program, backend, kind, str(messages)], check=True,
                           preexec_fn=pinned(cpu))
            counted.append(strace_counts(listed.read()))
    return {name: (count - counted[0].get(name, 0)) / (MANY - FEW) for name, count in counted[1].items()}


def rows(context):
    program = context.program("bench_backends", "the target bench_backends", "tendril")
    if not program:
        return []
    there = [backend for backend in BACKENDS
             if subprocess.run([program, backend, "unix", "2"], capture_output=True, check=False).returncode == 0]
    for backend in set(BACKENDS) - set(there):
        context.lacks(f"tendril on {backend}", "the kernel's permission, and the package when tendril was built")
    cpu = context.cpus[1]
    names = {backend: "tendril" if backend == "epoll" else f"on {backend}" for backend in there}
    return [Row(f"backend_{kind}", f"a message over {title}",
                {name: functools.partial(json_of, [program, backend, kind], (cpu,)) for backend, name in names.items()},
                figures=[Figure("ns_cpu"), Figure("ns_wall", "wall")],
                calls={name: functools.partial(calls_per_message, program, backend, kind, cpu)
                       for backend, name in names.items()})
            for kind, title in KINDS.items()]
