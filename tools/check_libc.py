#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks that nothing in an archive of the library calls a function by its plain name that the floor patch hooks:
# such calls go through the tables `libc` (src/base/libc.hpp) and `real` (src/patch/real_calls.hpp). The names are
# those of the tables, and of the hooks in src/patch/hooks_*.cpp. Prints archive: object: name; status 1 if there is one.
#
#   tools/check_libc.py ARCHIVE...

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLES = ("src/base/libc.hpp", "src/patch/real_calls.hpp")
TABLE_OBJECTS = {"libc.cpp.o", "real_calls.cpp.o"}
# What std::stop_callback calls while it is removed: right by a hook, too.
ALLOWED = {("accept_group.cpp.o", name) for name in ("pthread_self", "sched_yield", "syscall")}
TABLE_ENTRY = re.compile(r"\beach\((\w+)\)")
HOOK = re.compile(r'(?:\{|\bHook\()\s*"(\w+)"\s*,')
UNDEFINED = re.compile(r"^(?:.*:)?([^:]+):\s+[Uw] (\w+)(?:@.*)?$")


def hooked_names(root):
    names = set()
    for table in TABLES:
        path = root / table
        if path.exists():
            names.update(TABLE_ENTRY.findall(path.read_text()))
    names.discard("name")
    for path in (root / "src/patch").glob("hooks_*.cpp"):
        if not path.name.endswith("_test.cpp"):
            names.update(HOOK.findall(path.read_text()))
    return names


def offenders(listing, names):
    """Pairs of object and name in the output of nm -A."""
    found = []
    for line in listing.splitlines():
        match = UNDEFINED.match(line)
        if match and match[2] in names and match[1] not in TABLE_OBJECTS and match.groups() not in ALLOWED:
            found.append(match.groups())
    return found


def main(archives):
    names = hooked_names(ROOT)
    if not names or not archives:
        print("check_libc: no names, or no archive", file=sys.stderr)
        return 2
    status = 0
    for archive in archives:
        listing = subprocess.run(["nm", "-uA", archive], capture_output=True, text=True, check=True).stdout
        for where, name in offenders(listing, names):
            print(f"{Path(archive).name}: {where}: {name}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
