#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks the form of the commits since the branch left main: "scope: what it does" in at most 72 columns, no full stop, a
# blank line before the body, no merges. Prints commit: text; status 1 when there is anything.
#
#   tools/check_commits.py [base]      default: main, or origin/main where there is no main

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 72
SUBJECT = re.compile(r"[a-z0-9_.][\w./+-]*(?:, [\w./+-]+)*: \S")


def check_message(message):
    """Yields what is wrong with one."""
    lines = message.rstrip("\n").split("\n")
    subject = lines[0]
    if len(subject) > COLUMNS:
        yield f"the subject has {len(subject)} columns; {COLUMNS} is the limit"
    if not SUBJECT.match(subject):
        yield 'the subject is not "scope: what it does"'
    if subject.endswith("."):
        yield "the subject ends with a full stop"
    if len(lines) > 1 and lines[1]:
        yield "no blank line behind the subject"


def git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def base_of(root, name=None):
    """The commit where HEAD left the named branch; None when there is no such branch."""
    for branch in [name] if name else ["main", "origin/main"]:
        done = subprocess.run(["git", "merge-base", branch, "HEAD"], cwd=root, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def findings(root, base):
    for record in git(root, "log", "--reverse", "--format=%h %P%n%B%x00", f"{base}..HEAD").split("\0")[:-1]:
        head, message = record.strip("\n").split("\n", 1)
        commit, *parents = head.split()
        if len(parents) > 1:
            yield commit, "a merge; rebase the branch instead"
            continue
        for what in check_message(message):
            yield commit, f"{what}: {message.split(chr(10))[0]}"


def main(arguments):
    base = base_of(ROOT, *arguments)
    if base is None:
        print("commits: not checked, there is no main to compare with")
        return 1 if arguments else 0
    count = 0
    for commit, what in findings(ROOT, base):
        print(f"{commit}: {what}")
        count += 1
    print(f"commits: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
