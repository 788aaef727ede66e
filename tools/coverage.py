#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Sums up, per floor, which lines of the library ran in the tests of a build with GCC's --coverage (the preset coverage).
# A line counts once, in however many objects it was compiled; public headers count to the floor that they name.
#
#   tools/coverage.py build/coverage [file...]      with files: the numbers of their lines that never ran

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = re.compile(r"^// Floor: (\w+)$", re.M)
AT_ONCE = 20  # objects that one gcov reads


def floor_of(root, path):
    """The floor of a file of the library; None for any other file."""
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return None
    if parts[0] == "src":
        return None if path.name.endswith(("_test.cpp", "_bench.cpp")) else parts[1]
    if parts[0] == "include":
        if "detail" in parts[:-2]:
            return parts[parts.index("detail") + 1]
        match = FLOOR.search(path.read_text())
        return match[1] if match else None
    return None


def add(counts, report, root):
    """Adds one report of gcov's to counts[path][line]."""
    for file in report["files"]:
        path = (Path(report["current_working_directory"]) / file["file"]).resolve()
        if path.is_relative_to(root):
            lines = counts.setdefault(path, {})
            for line in file["lines"]:
                lines[line["line_number"]] = max(lines.get(line["line_number"], 0), line["count"])


def count(build, root):
    data = [str(path) for path in sorted(build.rglob("*.gcno"))]  # also of what never ran
    counts = {}
    for first in range(0, len(data), AT_ONCE):
        done = subprocess.run(["gcov", "--json-format", "--stdout", *data[first : first + AT_ONCE]], cwd=build, check=True,
                              capture_output=True, text=True)
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                add(counts, json.loads(line), root)
    return counts


def table(counts, root):
    """Yields (floor, lines that ran, lines), and the sum."""
    floors = {}
    for path, lines in counts.items():
        if floor := floor_of(root, path):
            ran, all_of_them = floors.get(floor, (0, 0))
            floors[floor] = ran + sum(count > 0 for count in lines.values()), all_of_them + len(lines)
    for floor in sorted(floors):
        yield floor, *floors[floor]
    yield "all", sum(ran for ran, _ in floors.values()), sum(lines for _, lines in floors.values())


def main(arguments):
    counts = count(Path(arguments[0]).resolve(), ROOT)
    for floor, ran, lines in table(counts, ROOT):
        print(f"{floor:10} {ran:6} of {lines:6} lines  {100 * ran / max(1, lines):5.1f} %")
    for name in arguments[1:]:
        lines = counts.get(Path(name).resolve(), {})
        print(f"{name}: {' '.join(str(line) for line, count in sorted(lines.items()) if count == 0)}")
    return 0 if counts else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
