#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the table of docs/python.md from the newest bench/results/python-*.json, or puts it into that file.

    bench/python/table.py [--write docs/python.md]

The manual has it between <!-- python-speed --> and <!-- /python-speed -->; tests/python/test_manual.py compares the two.
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
TABLE = re.compile(r"(?<=^<!-- python-speed -->\n).*?(?=^<!-- /python-speed -->$)", re.M | re.S)


def newest():
    """The file that bench/python/run has written last."""
    return sorted((ROOT / "bench" / "results").glob("python-[0-9]*.json"))[-1]


def time(ns):
    return f"{ns:.3g} ns" if ns < 1000 else f"{ns / 1000:.3g} µs"


def cell(figure):
    times = f" ({figure['times']:.0f} x)" if "times" in figure else ""
    return time(figure["ns_cpu"]) + times


def table():
    """The table, and where it is from."""
    file = newest()
    kept = json.loads(file.read_text(encoding="utf-8"))
    lines = ["| CPU time | " + " | ".join(SYSTEMS) + " |", "|---" * (len(SYSTEMS) + 1) + "|"]
    lines += [f"| {title} | " + " | ".join(cell(kept["results"][work][system]) for system in SYSTEMS) + " |"
              for work, (title, _) in WORKS.items()]
    memory = ", ".join(f"{kept['results']['sleepers'][system]['kib']:.1f} KiB on {system}" for system in SYSTEMS)
    machine = kept["machine"]
    lines.append(f"\nMedians of [{file.stem}](../bench/results/{file.name}), on one of {machine['cpus']} processors, "
                 f"{machine['cpu']}. A sleeper's memory: {memory}.")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Prints the table of measured figures.")
    parser.add_argument("--write", metavar="FILE", type=pathlib.Path, help="put it into this file")
    given = parser.parse_args()
    if not given.write:
        print(table(), end="")
        return
    text = given.write.read_text(encoding="utf-8")
    given.write.write_text(TABLE.sub(lambda _: table(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
