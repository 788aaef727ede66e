#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Builds and runs the tests of what changed since the branch left main, in the preset dev: the test programs one of whose
# own sources changed (the library's of that floor are among them), or a header that one of these includes, by whatever
# way. Changes that are not committed count. The tools' own tests always run.
#
#   tools/test_changed.py [--print]     --print: only says which

import re
import subprocess
import sys
from pathlib import Path

import check_commits

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<(tendril/[^>]+)>)', re.M)
FOLDERS = ("conformance", "crash", "integration", "model", "stress")
STARTED = ("tests/programs", "examples/main_job", "examples/crawler")  # by integration's tests


def programs(root):
    """label: the files that its test program is made of, without the floors below."""
    found = {folder.name: sources(folder) for folder in sorted((root / "src").iterdir()) if folder.is_dir()}
    found |= {name: sources(root / "tests" / name) for name in FOLDERS}
    for folder in STARTED:
        found["integration"] += sources(root / folder)
    return {label: files for label, files in found.items() if any(file.name.endswith("_test.cpp") for file in files)}


def sources(folder):
    return [path for path in sorted(folder.rglob("*.[ch]pp")) if not path.name.endswith("_bench.cpp")]


def closure(root, files):
    """The files and all own headers that they include."""
    seen, todo = set(files), list(files)
    while todo:
        file = todo.pop()
        for own, public in INCLUDE.findall(file.read_text()):
            places = [root / "src" / own, file.parent / own, root / "tests/support" / own]
            for path in places if own else [root / "include" / public]:
                if path.is_file():
                    # What is declared there is defined beside it, in tests/support at least.
                    for each in {path, path.with_suffix(".cpp")} if path.parent.name == "support" else {path}:
                        if each.is_file() and each not in seen:
                            seen.add(each)
                            todo.append(each)
                    break
    return seen


def changed(root, base):
    listed = subprocess.run(["git", "diff", "--name-only", "-z", base], cwd=root, check=True, capture_output=True, text=True)
    new = subprocess.run(["git", "ls-files", "-oz", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True)
    return {root / name for name in (listed.stdout + new.stdout).split("\0") if name}


def affected(root, base):
    files = changed(root, base)
    return [label for label, own in programs(root).items() if not files.isdisjoint(closure(root, own))]


def main(arguments):
    base = check_commits.base_of(ROOT) or "HEAD"
    labels = affected(ROOT, base)
    print("changed since", base[:7] + ":", " ".join(labels) or "no test program", flush=True)
    if "--print" in arguments:
        return 0
    if labels:
        targets = [f"{label}_test" for label in labels]
        subprocess.run(["cmake", "--build", "--preset", "dev", "--target", *targets], cwd=ROOT, check=True)
    pattern = rf"^({'|'.join(['tools', *labels])})[.]"
    return subprocess.run(["ctest", "--preset", "dev", "-R", pattern], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
