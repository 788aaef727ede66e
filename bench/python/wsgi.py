# SPDX-License-Identifier: MIT
"""Servers of WSGI beside each other, for bench/python/run: CPU time per request, and requests a second."""

import statistics
import sys

import postgres
import servers
from table import SITES


def chosen(names):
    """Those that are installed; names the others."""
    found = []
    for name in names:
        missing = servers.there(name)
        if missing:
            print(f"left out: {name} (needs {', '.join(missing)})", file=sys.stderr)
        else:
            found.append(name)
    return found


def measure(options, name, row):
    """One server, warmed up. Returns (µs of CPU per request, requests per second)."""
    _, site, path, connections, _ = SITES[row]
    # PostgreSQL is on all CPUs, so the servers that wait for it are, too.
    with servers.Server(name, "sites:" + site, connections, options.build, options.python,
                        pinned=path != "/database") as server:
        server.drive(path, 2 if connections > 64 else 1)
        before = server.cpu_seconds()
        rate, count, wrong = server.drive(path, options.seconds)
        used = server.cpu_seconds() - before
    for each in wrong:
        print(f"{name}, {SITES[row][0]}: {each}", file=sys.stderr)
    if not count:
        raise RuntimeError(f"{name} answers nothing: {SITES[row][0]}")
    return used / count * 1e6, rate


def compare(row, figures):
    """One row's figures as they are kept, its text, and the targets that were missed."""
    title, _, _, _, targets = SITES[row]
    kept, missed, cells = {}, [], []
    own = figures.get("tendril serve")
    for name, ones in figures.items():
        cpu, rate = (statistics.median(column) for column in zip(*ones))
        kept[name] = {"us_cpu": round(cpu, 2), "rate": round(rate), "rounds": [[round(v, 2) for v in one] for one in ones]}
        text = f"{cpu:,.1f} ({rate:,.0f})"
        if own and name != "tendril serve":
            # From each round's own pair: a disturbance slows both.
            times = statistics.median(cpu / mine for (cpu, _), (mine, _) in zip(ones, own))
            rates = statistics.median(mine / rate for (_, rate), (_, mine) in zip(ones, own))
            kept[name] |= {"times": round(times, 2), "rate_of_tendril": round(rates, 3)}
            text += f", {times:.1f} x"
            wanted, wanted_rate = targets.get(name, (0, 0))
            if times < wanted:
                missed.append(f"{title}: {name} uses {times:.2f} times the CPU; the target is {wanted}")
            if rates < wanted_rate:
                missed.append(f"{title}: {rates:.3f} times the requests of {name}; the target is {wanted_rate}")
        cells.append(text)
    return kept, f"| {title} | " + " | ".join(cells) + " |", missed


def measure_all(options):
    """Prints a table. Returns the figures and the missed targets."""
    names = chosen(options.servers.split(","))
    print(f"\nCPU microseconds of the server's processes per request (requests/s), medians of {options.rounds} rounds of "
          f"{options.seconds} s\n")
    print("| | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|", flush=True)
    results, missed = {}, []
    with postgres.Postgres():
        for row in options.sites.split(","):
            figures = {name: [] for name in names}
            for _ in range(options.rounds):
                for name in names:
                    figures[name].append(measure(options, name, row))
            results[row], text, more = compare(row, figures)
            print(text, flush=True)
            missed += more
    return results, missed
