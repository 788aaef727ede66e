#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Prints README's table of measured figures from the newest file of bench/results that `make bench` wrote. README has it
# between <!-- speed --> and <!-- /speed -->; tools/check_style.py compares the two, so that no figure is written by hand.
# After a new measurement: tools/speed_table.py --write README.md

import argparse
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSTEMS = ["tendril", "bare loop", "Boost.Fiber", "Go", "libuv", "nginx", "gevent", "eventlet"]
ROWS = {
    "yield_2": "yield, 2 green threads",
    "yield_1000": "yield, 1,000 green threads",
    "spawn_join_1000": "spawn and join, 1,000 at a time",
    "sleep": "sleep, 10,000 green threads",
    "sleep_100": "sleep, 100 green threads",
    "queue": "an item through a queue",
    "channel": "an item through a channel",
    "semaphore": "a contended semaphore",
    "shared_queue": "an item to another OS thread",
    "offload_100": "a job for an OS thread",
    "echo_tcp_64": "echo, TCP, 64 B",
    "echo_tcp_16k": "echo, TCP, 16 KiB",
    "echo_tls_64": "echo, TLS, 64 B",
    "echo_tls_16k": "echo, TLS, 16 KiB",
    "http": "HTTP request, keep-alive",
    "http_close": "HTTP request, a connection each",
}
# The floors, which do less than a peer, and tendril itself on other backends.
NO_PEERS = {"tendril", "floor", "epoll", "on io_uring", "on poll", "on select"}
TABLE = re.compile(r"(?<=^<!-- speed -->\n).*?(?=^<!-- /speed -->$)", re.M | re.S)


def newest(results):
    """The file that make bench has written last, and what is in it."""
    for file in sorted(results.glob("2*.json"), reverse=True):
        kept = json.loads(file.read_text())
        if "targets" in kept:
            return file, kept
    raise SystemExit(f"no results of make bench in {results}")


def time(ns):
    return f"{ns:.3g} ns" if ns < 1000 else f"{ns / 1000:.3g} µs"


def row(name, by_system):
    cells = [time(by_system[system]) if system in by_system else "" for system in SYSTEMS]
    return f"| {name} | " + " | ".join(cells) + " |"


def behind(results):
    """Yields "row: system ratio" where a peer takes less than tendril."""
    for kept in results.values():
        figure = kept["figures"][0]["key"]
        ours = kept["systems"].get("tendril", {}).get(figure, {}).get("median")
        ahead = {system: entry[figure]["median"] / ours for system, entry in kept["systems"].items()
                 if ours and system not in NO_PEERS and figure in entry and entry[figure]["median"] < ours}
        if ahead:
            yield f"{kept['title']} (" + ", ".join(f"{system} {ratio:.2f}" for system, ratio in sorted(ahead.items())) + ")"


def table(root=ROOT):
    file, kept = newest(root / "bench" / "results")
    lines = ["| CPU time of one | " + " | ".join(SYSTEMS) + " |", "|---" * (len(SYSTEMS) + 1) + "|"]
    for key, name in ROWS.items():
        systems = kept["results"].get(key, {}).get("systems", {})
        if "tendril" in systems:
            # The bare switch is no peer of a yield: it decides nothing.
            lines.append(row(name, {system.replace("epoll", "bare loop"): entry["ns_cpu"]["median"]
                                    for system, entry in systems.items() if system != "floor"}))
    machine = kept["machine"]
    reached = sum(one["reached"] is True for one in kept["targets"])
    lines.append("\nBehind a peer, with the peer's share of what tendril takes: " + "; ".join(behind(kept["results"])) + ".")
    lines.append(f"\nMedians of {kept['rounds']} rounds, [{file.stem}](bench/results/{file.name}), on an "
                 f"{machine['processor'].replace('(R)', '')}, {machine['cpus']} cores, at a load of {machine['load']:.1f}; {reached} of {len(kept['targets'])} "
                 "targets of [bench/targets.py](bench/targets.py) reached.")
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
