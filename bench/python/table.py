#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the tables of docs/python.md from the newest bench/results, or puts them into that file.

    bench/python/table.py [--write docs/python.md]

The manual has them between such as <!-- python-speed --> and <!-- /python-speed -->; tests/python/test_manual.py
compares.
"""

import argparse
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
                 f"{machine['cpu']}. A sleeper's memory: {memory}.")
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
    lines.append(f"\nMedians of [{file.stem}](../bench/results/{file.name}), {machine['cpus']} processors, {machine['cpu']}, "
                 f"at a load of {machine['load']:.0f}.")
    return "\n".join(lines) + "\n"


TABLES = {"python-speed": works, "wsgi-speed": sites}


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
