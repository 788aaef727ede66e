#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Counts the instructions of the hub's hot operations, and fails when one takes more than 3 % above what counts.json has.
#
#   check.py PROGRAM COMPILER_ID [--renew REASON]
#
# Valgrind counts, so the figures are the same on each machine with this compiler; the difference of N operations and 2 N
# is taken, so starting does not count. --renew writes counts.json anew, with the reason for the change, which reviewers
# read. Skips (status 77) where valgrind is missing, and where the compiler is not the one of counts.json.

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

COUNTS = pathlib.Path(__file__).resolve().parent / "counts.json"
ALLOWED = 1.03
SKIPPED = 77
OPERATIONS = 2_000
# The C library chooses its string functions by the processor: these are those that every x86-64 has.
PLAIN = "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in (
    "AVX512F", "AVX512VL", "AVX512BW", "AVX2", "AVX", "AVX_Fast_Unaligned_Load", "BMI1", "BMI2", "ERMS", "FSRM", "LZCNT",
    "MOVBE", "POPCNT", "SSE4_2", "SSE4_1", "SSSE3", "XSAVE", "XSAVEC"))


def instructions(program, name, operations):
    """Returns how many one run takes."""
    done = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program, name,
         str(operations)], capture_output=True, text=True, env={"GLIBC_TUNABLES": PLAIN, "PATH": os.environ["PATH"]})
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{program} {name} {operations} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return int(found[1].replace(",", ""))


def count(program):
    """Returns the instructions of one operation, by name."""
    names = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
    # Two at a time: most of a run is valgrind's own start.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        few, many = (list(pool.map(lambda name, n=n: instructions(program, name, n), names))
                     for n in (OPERATIONS, 2 * OPERATIONS))
    return {name: round((more - less) / OPERATIONS, 1) for name, less, more in zip(names, few, many)}


def compare(counts, kept):
    """Returns lines for the operations that grew, those that shrank, and those that are in one of both only."""
    grew, shrank, other = [], [], []
    for name in sorted(counts.keys() | kept.keys()):
        if name not in counts or name not in kept:
            other.append(f"{name}: " + ("not in counts.json" if name in counts else "not counted any more"))
            continue
        line = f"{name}: {kept[name]} -> {counts[name]} instructions ({counts[name] / kept[name] - 1:+.1%})"
        if counts[name] > kept[name] * ALLOWED:
            grew.append(line)
        elif counts[name] * ALLOWED < kept[name]:
            shrank.append(line)
    return grew, shrank, other


def main():
    parser = argparse.ArgumentParser(description="Counts the instructions of the hot operations.")
    parser.add_argument("program")
    parser.add_argument("compiler", help="its name and version, and the options")
    parser.add_argument("--renew", metavar="REASON", help="write counts.json; why they changed")
    options = parser.parse_args()
    renew = f"{COUNTS.parent / 'check.py'} {options.program} '{options.compiler}' --renew 'the reason'"
    if not shutil.which("valgrind"):
        print("skipped: no valgrind")
        return SKIPPED
    kept = json.loads(COUNTS.read_text()) if COUNTS.exists() else {"compiler": options.compiler, "counts": {}}
    if not options.renew and kept["compiler"] != options.compiler:
        print(f"skipped: counts.json is for {kept['compiler']}, and this is {options.compiler}")
        return SKIPPED
    counts = count(options.program)
    if options.renew:
        COUNTS.write_text(json.dumps({"compiler": options.compiler, "reason": options.renew, "counts": counts}, indent=1)
                          + "\n")
        print(f"written: {COUNTS}")
        return 0
    grew, shrank, other = compare(counts, kept["counts"])
    for title, lines in (("grew", grew), ("shrank", shrank), ("differ", other)):
        for line in lines:
            print(f"{title}: {line}")
    if grew or other:
        print(f"More than {ALLOWED - 1:.0%} needs a reason. If there is one:\n  {renew}")
        return 1
    if shrank:
        print(f"So that this is kept:\n  {renew}")
    print(f"{len(counts)} operations, none above counts.json by more than {ALLOWED - 1:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
