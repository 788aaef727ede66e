#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the tables of docs/python.md and docs/coming-from-*.md from the newest bench/results, or puts them into one.

    bench/python/table.py [--write docs/python.md]

The manual has them between such as <!-- python-speed --> and <!-- /python-speed -->; tests/python/test_manual.py
compares.
"""

import argparse
import functools
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SYSTEMS = ["tendril", "gevent", "eventlet"]
# work: (title, how many times as long gevent and eventlet must take)
WORKS = {
    "switch": ("`sleep(0)`, two in turns", 40),
    "spawn_get": ("`spawn()` and `get()`, one at a time", 60),
    "spawn_join": ("`spawn()` and `join()`, 1,000 at a time", None),
    "queue": ("an item there and back through queues", 10),
    "sleepers": ("one of 100,000 that sleep 0.5 s", 2),
}
# Of each module, the same work by its own names and by tendril's of that shape: (title, how many times as long the
# original must take).
NAMES = {
    "gevent": {
        "sleep": ("`sleep(0)`, two in turns", 40),
        "spawn_get": ("`spawn()` and `get()`, one at a time", 60),
        "joinall": ("`spawn()` and `joinall()`, 1,000 at a time", 2),
        "spawn_raw": ("`spawn_raw()`, 30,000 at once", 1.5),
        "queue": ("an item there and back through two `Queue`s", 2),
        "event": ("`Event`, `set()` and `wait()` there and back", 2),
        "result": ("`AsyncResult`, with the `spawn()` that sets it", 2),
        "semaphore": ("`with Semaphore()`", 2),
        "map": ("an item of `Pool(100).map()`", 2),
        "imap": ("an item of `Pool(100).imap()`", 2),
        "imap_unordered": ("an item of `Pool(100).imap_unordered()`", 2),
        "timeout": ("`with Timeout()`", 2),
        "hub_switch": ("`hub.switch()`, woken by `run_callback()`", 2),
        "threadpool": ("`threadpool.apply()`", 1.5),
        "sleepers": ("one of 100,000 that `sleep(0.5)`", 2),
    },
    "eventlet": {
        "sleep": ("`sleep(0)`, two in turns", 40),
        "spawn_wait": ("`spawn()` and `wait()`, one at a time", 60),
        "spawn_many": ("`spawn()` and `wait()`, 1,000 at a time", 2),
        "spawn_n": ("`spawn_n()`, 30,000 at once", 2),
        "queue": ("an item there and back through two `Queue`s", 2),
        "event": ("`Event`, with the `spawn_n()` that sends it", 2),
        "semaphore": ("`with Semaphore()`", 2),
        "pool_spawn_n": ("`GreenPool(100).spawn_n()`", 2),
        "pool_imap": ("an item of `GreenPool(100).imap()`", 2),
        "pile": ("`GreenPile(100)`, `spawn()` and `next()`", 2),
        "timeout": ("`with Timeout()`", 2),
        "hub_switch": ("`hub.switch()`, woken by `schedule_call_global()`", 1.5),
        "tpool": ("`tpool.execute()`", 2),
        "sleepers": ("one of 100,000 that `sleep(0.5)`", 2),
    },
    "greenlet": {
        "switch": ("`switch()`", 2),
        "run": ("one that runs to its end", 2),
    },
}
PEERS = ["tendril serve", "gunicorn gevent", "gunicorn eventlet", "gunicorn gthread", "uwsgi"]
FRAMEWORK = {"gunicorn gevent": (2, 0), "uwsgi": (1, 0)}
# row: (title, site, path, connections, {peer: (how many times the CPU it must take, and what part of tendril's rate is its)})
SITES = {
    "bare": ("bare WSGI", "bare", "/", 64, {"gunicorn gevent": (10, 0), "uwsgi": (2, 0)}),
    "flask": ("Flask", "on_flask()", "/", 64, FRAMEWORK),
    "django": ("Django", "on_django()", "/", 64, FRAMEWORK),
    "bare_sleep": ("bare, `sleep(0.05)`", "bare", "/sleep", 500, {}),
    "flask_sleep": ("Flask, `sleep(0.05)`", "on_flask()", "/sleep", 500, {}),
    "bare_database": ("bare, 50 ms in PostgreSQL", "bare", "/database", 500, {"gunicorn gevent": (2.5, 1.06)}),
    "flask_database": ("Flask, 50 ms in PostgreSQL", "on_flask()", "/database", 500, {}),
    "django_database": ("Django, 50 ms in PostgreSQL", "on_django()", "/database", 500, {}),
}


def newest(kind):
    """The file that bench/python/run has written last, and what is in it."""
    file = sorted((ROOT / "bench" / "results").glob(f"{kind}-[0-9]*.json"))[-1]
    return file, json.loads(file.read_text(encoding="utf-8"))


def processor(machine):
    return machine.get("processor") or machine["cpu"]  # as older files call it


def time(ns):
    return f"{ns:.3g} ns" if ns < 1000 else f"{ns / 1000:.3g} µs"


def cell(figure):
    times = f" ({figure['times']:.0f} x)" if "times" in figure else ""
    return time(figure["ns_cpu"]) + times


def works():
    """Green threads beside gevent's and eventlet's, and where the figures are from."""
    file, kept = newest("python")
    lines = ["| CPU time | " + " | ".join(SYSTEMS) + " |", "|---" * (len(SYSTEMS) + 1) + "|"]
    lines += [f"| {title} | " + " | ".join(cell(kept["results"][work][system]) for system in SYSTEMS) + " |"
              for work, (title, _) in WORKS.items()]
    memory = ", ".join(f"{kept['results']['sleepers'][system]['kib']:.1f} KiB on {system}" for system in SYSTEMS)
    machine = kept["machine"]
    lines.append(f"\nMedians of [{file.stem}](../bench/results/{file.name}), on one of {machine['cpus']} processors, "
                 f"{processor(machine)}. A sleeper's memory: {memory}.")
    return "\n".join(lines) + "\n"


def site_cell(figure):
    times = f", {figure['times']:.1f} x" if "times" in figure else ""
    cpu = f"{figure['us_cpu']:.3g}" if figure["us_cpu"] < 1000 else f"{figure['us_cpu']:,.0f}"
    return f"{cpu} ({figure['rate']:,}){times}"


def sites():
    """Servers of WSGI beside each other, and where the figures are from."""
    file, kept = newest("wsgi-python")
    lines = ["| µs CPU (requests/s) | " + " | ".join(PEERS) + " |", "|---" * (len(PEERS) + 1) + "|"]
    lines += [f"| {title}, {connections} at once | " + " | ".join(site_cell(kept["results"][row][peer]) for peer in PEERS) +
              " |" for row, (title, _, _, connections, _) in SITES.items()]
    machine = kept["machine"]
    lines.append(f"\nMedians of [{file.stem}](../bench/results/{file.name}), {machine['cpus']} processors, {processor(machine)}, "
                 f"at a load of {machine['load']:.0f}.")
    return "\n".join(lines) + "\n"


def names(shape):
    """A module beside tendril's of that shape."""
    file, kept = newest("python-names")
    figures = kept["results"][shape]
    lines = [f"| CPU time | {shape} | tendril.{shape} | |", "|---|---|---|---|"]
    for work, (title, _) in NAMES[shape].items():
        theirs, ours = figures[work][shape], figures[work][f"tendril.{shape}"]
        lines.append(f"| {title} | {time(theirs['ns_cpu'])} | {time(ours['ns_cpu'])} | {theirs['times']:.1f} x |")
    machine = kept["machine"]
    lines.append(f"\nMedians of [{file.stem}](../bench/results/{file.name}), on one of {machine['cpus']} processors, "
                 f"{processor(machine)}.")
    if "sleepers" in figures:
        memory = [figures["sleepers"][name]["kib"] for name in (shape, f"tendril.{shape}")]
        lines[-1] += f" A sleeper's memory: {memory[0]:.1f} and {memory[1]:.1f} KiB."
    return "\n".join(lines) + "\n"


TABLES = {"python-speed": works, "wsgi-speed": sites} | {
    f"python-{shape}": functools.partial(names, shape) for shape in NAMES}


def blocks():
    """Each table between its marks."""
    return {name: f"<!-- {name} -->\n{made()}<!-- /{name} -->\n" for name, made in TABLES.items()}


def main():
    parser = argparse.ArgumentParser(description="Prints the tables of measured figures.")
    parser.add_argument("--write", metavar="FILE", type=pathlib.Path, help="put them into this file")
    given = parser.parse_args()
    if not given.write:
        print("\n".join(blocks().values()), end="")
        return
    text = given.write.read_text(encoding="utf-8")
    for name, block in blocks().items():
        text = re.sub(rf"^<!-- {name} -->\n.*?^<!-- /{name} -->\n", lambda _, block=block: block, text, flags=re.M | re.S)
    given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
