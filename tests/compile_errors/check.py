#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check.py include-folder source compiler...: the source must not compile, and for each line of it that ends with
# "// error: text" there must be one error that says so and names the line; no other errors. Nothing is linked or run.

import re
import subprocess
import sys


def main() -> int:
    include, source, *compiler = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        wanted = {n: m[1] for n, line in enumerate(file, 1) if (m := re.search(r"// error: (.*)$", line))}
    said = subprocess.run([*compiler, "-std=c++20", "-fsyntax-only", "-w", "-I", include, source,
                           *(["-ferror-limit=0"] if "clang" in compiler[-1] else [])],
                          capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, check=False).stderr
    errors = [line for line in said.splitlines() if re.match(r"\S+:\d+:\d+: (fatal )?error: ", line)]
    faults = [f"line {n}: no error names it" for n in wanted if not re.search(rf"{re.escape(source)}:{n}\b", said)]
    for text in set(wanted.values()):
        alike = [line for line in errors if text in line]
        expected = [n for n, t in wanted.items() if t in text or text in t]
        if len(alike) < sum(t == text for t in wanted.values()):
            faults.append(f"{len(alike)} errors say \"{text}\", expected for lines {expected}")
    if len(errors) != len(wanted):
        faults.append(f"{len(errors)} errors, {len(wanted)} lines are wrong")
    if faults:
        print("\n".join(faults), said, sep="\n\n")
    return 1 if faults else 0


sys.exit(main())
