# SPDX-License-Identifier: MIT
"""Green threads and what they wait for: programs that measure themselves and print a line of JSON."""

import functools

from measuring import json_of
from rows import Figure, Row

# program: (system, what it needs). Several programs may be one system.
PROGRAMS = {
    "bench_floor": ("floor", "an x86-64 or aarch64 processor"),
    "bench_tendril": ("tendril", "the target bench_tendril"),
    "bench_threads": ("tendril", "the target bench_threads"),
    "bench_boost_fiber": ("Boost.Fiber", "libboost-fiber-dev"),
    "bench_photon": ("Photon", "a checkout: -D TENDRIL_PHOTON=<its folder>"),
    "bench_go": ("Go", "golang-go"),
    "bench_libuv": ("libuv", "libuv1-dev"),
    "bench_libev": ("libev", "libev-dev"),
    "bench_libst": ("libst", "libst-dev"),
    "bench_pth": ("GNU Pth", "libpth-dev"),
}
FLOOR, GREEN, THREADS, BOOST, PHOTON, GO, LIBUV, LIBEV, LIBST, PTH = PROGRAMS
PEERS = [GREEN, BOOST, GO]
WITH_PHOTON = [GREEN, BOOST, PHOTON, GO]
LATE = [Figure("ns_cpu"), Figure("late_us", "late, median", "us"), Figure("late_p99_us", "late, 99 %", "us")]
WALL = [Figure("ns_wall", "wall"), Figure("ns_cpu", "CPU")]
PARKED = [Figure("all_kib", "memory of each, with page tables", "KiB"), Figure("pte_kib", "page tables of each", "KiB"),
          Figure("ns_wall", "to make each", "us", 1000), Figure("guarded", "with a guard", "of 1")]
# row: (title, programs, figures, on one CPU or on all, rounds)
ONE, ALL = "one", "all"
BENCHES = {
    "yield_2": ("yield, 2 green threads", [FLOOR, *WITH_PHOTON, LIBST, PTH], None, ONE, None),
    "yield_1000": ("yield, 1,000 green threads", [FLOOR, *WITH_PHOTON, LIBST, PTH], None, ONE, None),
    "spawn_join_1": ("spawn+join, one at a time", [*WITH_PHOTON, LIBST, PTH], None, ONE, None),
    "spawn_join_1000": ("spawn+join, 1,000 at a time", [*WITH_PHOTON, LIBST, PTH], None, ONE, None),
    "sleep": ("sleep 1-20 ms, 10,000 green threads", [*WITH_PHOTON, LIBST], LATE, ONE, 3),
    "sleep_1000": ("sleep 1-20 ms, 1,000 green threads", [*WITH_PHOTON, LIBST], LATE, ONE, 3),
    "sleep_100": ("sleep 1-20 ms, 100 green threads", [*WITH_PHOTON, LIBST], LATE, ONE, 3),
    "queue": ("queue of 1, round trip", WITH_PHOTON, None, ONE, None),
    "queue_same": ("queue of 1, both ends the same code", WITH_PHOTON, None, ONE, None),
    "channel": ("unbuffered channel, round trip", PEERS, None, ONE, None),
    "channel_same": ("channel, both ends the same code", PEERS, None, ONE, None),
    "semaphore": ("semaphore, hand-off", WITH_PHOTON, None, ONE, None),
    "event": ("event, each of 10,000 waiters", PEERS, None, ONE, None),
    "shared_queue": ("between 2 hubs, queue of 1,024, one way", [THREADS, BOOST, GO], WALL, ALL, 5),
    "shared_queue_1": ("between 2 hubs, queue of 1, round trip", [THREADS, BOOST, GO], WALL, ALL, 5),
    "mailbox": ("a function posted to another hub", [THREADS, GO], WALL, ALL, 5),
    "offload_1": ("a job for an OS thread, one at a time", [THREADS, GO, LIBUV], WALL, ALL, 5),
    "offload_100": ("a job for an OS thread, 100 callers", [THREADS, GO, LIBUV], WALL, ALL, 5),
    "timers_arm": ("1,000,000 timers: armed, each", [GREEN, GO, LIBUV, LIBEV], None, ONE, 3),
    "timers_cancel": ("1,000,000 timers: cancelled, each", [GREEN, GO, LIBUV, LIBEV], None, ONE, 3),
    "timers_fire": ("1,000,000 timers: fired, each", [GREEN, GO, LIBUV, LIBEV], None, ONE, 3),
    "parked_1000": ("1,000 parked", PEERS, PARKED, ONE, None),
    "parked_100000": ("100,000 parked", PEERS, PARKED, ONE, 1),
    "parked": ("1,000,000 parked", WITH_PHOTON, PARKED, ONE, 1),
    "parked_guarded": ("1,000,000 parked, guarded stacks", [BOOST], PARKED, ONE, 1),
}


def rows(context):
    paths = {program: context.program(program, needs, system) for program, (system, needs) in PROGRAMS.items()}
    one = (context.cpus[1],)
    made = []
    for key, (title, programs, figures, where, rounds) in BENCHES.items():
        systems = {PROGRAMS[program][0]: functools.partial(measure, paths[program], key, one if where == ONE else ())
                   for program in programs if paths[program]}
        row = Row(key, title, systems, base="floor" if FLOOR in programs else "tendril")
        if figures:
            row.figures = figures
        if rounds:
            row.rounds = rounds
        made.append(row)
    if paths[GREEN]:
        made.append(Row("allocations", "operations that allocate, once warm",
                        {"tendril": lambda: allocations(json_of([paths[GREEN], "allocations"], one))},
                        figures=[Figure("guilty", "", "")], rounds=1))
    return made


def measure(program, key, cpus):
    seen = json_of([program, key], cpus)
    if "rss_kib" in seen:
        seen["all_kib"] = seen["rss_kib"] + seen["pte_kib"]
    return seen


def allocations(seen):
    """Counts the operations of which one allocates; the control must have been counted, or nothing was."""
    counts = dict(seen["counts"])
    if counts.pop("control: one operator new") != 1:
        raise RuntimeError("no allocation is counted")
    return {**seen, "guilty": sum(each != 0 for each in counts.values())}
