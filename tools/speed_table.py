#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Prints README's table of measured figures from the newest files of bench/results, each of which `make bench` or a
# bench/<kind>/compare wrote. README has it between <!-- speed --> and <!-- /speed -->; tools/check_style.py compares the
# two, so that no figure is written by hand. After a new measurement: tools/speed_table.py --write README.md

import argparse
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSTEMS = ["tendril", "bare loop", "Boost.Fiber", "Go", "libuv", "nginx", "gevent", "eventlet"]
CORE = {
    "yield_2": "yield, 2 green threads",
    "yield_1000": "yield, 1,000 green threads",
    "spawn_join_1000": "spawn and join, 1,000 at a time",
    "queue": "an item through a queue",
    "channel": "an item through a channel",
    "semaphore": "a contended semaphore",
}
TABLE = re.compile(r"(?<=^<!-- speed -->\n).*?(?=^<!-- /speed -->$)", re.M | re.S)


def newest(results, pattern):
    found = sorted(results.glob(pattern))
    if not found:
        raise SystemExit(f"no {pattern} in {results}; run `make bench`")
    return found[-1], json.loads(found[-1].read_text())


def time(ns):
    return f"{ns:.3g} ns" if ns < 1000 else f"{ns / 1000:.3g} µs"


def row(name, by_system):
    cells = [time(by_system[system]) if system in by_system else "" for system in SYSTEMS]
    return f"| {name} | " + " | ".join(cells) + " |"


def table(root=ROOT):
    results = root / "bench" / "results"
    core_file, core = newest(results, "2*-vm.json")
    echo_file, echo = newest(results, "echo-*.json")
    http_file, http = newest(results, "http-*.json")
    lines = ["| CPU time of one | " + " | ".join(SYSTEMS) + " |", "|---" * (len(SYSTEMS) + 1) + "|"]
    for key, name in CORE.items():
        lines.append(row(name, {system: r["ns_cpu"]["median"] for system, r in core["results"][key].items() if system != "floor"}))
    for kind in dict.fromkeys(r["row"] for r in echo):
        lines.append(row(f"echo, {kind}", {r["system"].replace("epoll", "bare loop"): r["ns_cpu"] for r in echo if r["row"] == kind}))
    of_http = {r["system"].replace("epoll", "bare loop"): r["ns_cpu"] for r in http["results"]}
    lines.append(row("HTTP request, keep-alive", of_http))
    machine = core["machine"]["processor"].replace("(R)", "")
    sources = ", ".join(f"[{file.stem}](bench/results/{file.name})" for file in (core_file, echo_file, http_file))
    lines.append(f"\nMedians of {sources}: the first on an {machine}, the others on an {http['machine']['cpu']}, two cores each.")
    return "\n".join(lines) + "\n"


def differs(text):
    """Yields line and text for each table in a document that is not what table() makes."""
    for match in TABLE.finditer(text):
        if match[0] != table():
            yield text.count("\n", 0, match.start()) + 1, "the figures are not those of bench/results; tools/speed_table.py --write README.md"


def main():
    parser = argparse.ArgumentParser(description="Prints the table of measured figures.")
    parser.add_argument("--write", metavar="FILE", help="put it into this file")
    given = parser.parse_args()
    if not given.write:
        print(table(), end="")
        return
    path = pathlib.Path(given.write)
    path.write_text(TABLE.sub(lambda _: table(), path.read_text()))


if __name__ == "__main__":
    main()
