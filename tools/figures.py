#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Counts what docs and reviews compare: the size of files and functions, folders that include each other, comments in
# public headers, checks of invariants, what a public header pulls in, the form of commits. Of the files that git tracks.
#
#   tools/figures.py [revision]     with a revision: "what it was there -> what it is now"
#
# A line counts as code when something but blanks and comments is on it. The code is include/ and src/ without tests and
# benches; the tests are all other C++ of src/ and tests/. A function's lines are those of its body with both braces.

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CXX = (".cpp", ".hpp")
LONG_FUNCTION, LONG_SUBJECT = 60, 72
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
CHECK = re.compile(r"^(?!\s*#)[^\n]*\bTENDRIL_ASSERT\(", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<(tendril/[^>]+)>)', re.M)
TOKEN = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.[^\']*|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.S)
NO_FUNCTION = re.compile(r"^\s*(?:(?:inline\s+)?namespace|class|struct|union|enum|extern)\b|=\s*$|\breturn\s*$")


def blank(match):
    """Literals become "", comments nothing; the lines stay."""
    literal = not match[0].startswith("/")
    return ('""' if literal else "") + "\n" * match[0].count("\n")


def code_of(text):
    return TOKEN.sub(blank, text)


def code_lines(text):
    return sum(1 for line in code_of(text).split("\n") if line.strip())


def comment_lines(text):
    """Lines with nothing but a comment on them."""
    kept = TOKEN.sub(lambda m: blank(m) if not m[0].startswith("/") else re.sub(r"[^\n]+", "\0", m[0]), text)
    return sum(1 for line in kept.split("\n") if "\0" in line and not line.replace("\0", "").strip())


def function_lengths(text):
    """The lines of each function's body; what lies inside it, lambdas too, is part of it."""
    code = re.sub(r"^\s*#.*(?:\\\n.*)*", lambda m: "\n" * m[0].count("\n"), code_of(text), flags=re.M)
    lengths, stack, start = [], [], 0
    for match in re.finditer(r"[{};]", code):
        at, sign = match.start(), match[0]
        if sign == "{":
            before = code[start:at].strip()
            inside = any(kind == "function" for kind, _ in stack)
            function = not inside and ")" in before and not NO_FUNCTION.search(before)
            stack.append(("function" if function else "other", at))
        elif sign == "}" and stack:
            kind, begin = stack.pop()
            if kind == "function":
                lengths.append(code.count("\n", begin, at) + 1)
        start = match.end()
    return lengths


class Tree:
    """The C++ of a checkout, sorted into code and tests."""

    def __init__(self, root, names):
        self.text = {name: (root / name).read_text() for name in names if name.endswith(CXX) and (root / name).is_file()}
        mine = [name for name in self.text if name.startswith(("include/", "src/"))]
        self.code = [name for name in mine if not name.endswith(("_test.cpp", "_bench.cpp"))]
        self.tests = [name for name in self.text if name.endswith("_test.cpp") or name.startswith("tests/")]
        self.public = [name for name in self.code if name.startswith("include/") and "/detail/" not in name]

    def includes(self, name):
        for own, public in INCLUDE.findall(self.text[name]):
            for path in (f"src/{own}", str(Path(name).parent / own)) if own else (f"include/{public}",):
                if path in self.text:
                    yield path
                    break

    def closure(self, name):
        """The own headers that including this one brings, without itself."""
        seen, todo = {name}, [name]
        while todo:
            for other in self.includes(todo.pop()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return len(seen) - 1

    def folder_pairs(self):
        """Pairs of folders of src/ that include each other; of a floor and a family in it, too."""
        edges = {
            (str(Path(name).parent), str(Path(other).parent))
            for name in self.code if name.startswith("src/")
            for other in self.includes(name) if other.startswith("src/")
        }
        return sum(1 for a, b in edges if a < b and (b, a) in edges)


def spread(values):
    values = sorted(values)
    if not values:
        return "0 / 0 / 0"
    return f"{statistics.median(values):.0f} / {values[(len(values) * 9) // 10]} / {values[-1]}"


def figures(tree, commits):
    sizes = [code_lines(tree.text[name]) for name in tree.code]
    lengths = [length for name in tree.code for length in function_lengths(tree.text[name])]
    comments = sum(comment_lines(tree.text[name]) for name in tree.public)
    public = sum(code_lines(tree.text[name]) for name in tree.public)
    pulled = [tree.closure(name) for name in tree.public] or [0]
    tests = sum(code_lines(tree.text[name]) for name in tree.tests)
    subjects = [message.split("\n")[0] for message in commits]
    return {
        "files": len(tree.code),
        "code lines": sum(sizes),
        "file median / p90 / max, all lines": spread([tree.text[name].count("\n") for name in tree.code]),
        "file median / p90 / max, code lines": spread(sizes),
        f"functions over {LONG_FUNCTION} lines": sum(length > LONG_FUNCTION for length in lengths),
        "folder pairs that include each other": tree.folder_pairs(),
        "unfinished marks": sum(len(UNFINISHED.findall(text)) for text in tree.text.values()),
        "test : code": f"{tests / max(1, sum(sizes)):.2f}",
        "comments in public headers": f"{100 * comments / max(1, comments + public):.0f} %",
        "checks of invariants": sum(len(CHECK.findall(code_of(tree.text[name]))) for name in tree.code),
        "own headers that a public header pulls in, median / max": f"{statistics.median(pulled):.0f} / {max(pulled)}",
        f"commit subjects over {LONG_SUBJECT} columns": f"{sum(len(s) > LONG_SUBJECT for s in subjects)} of {len(subjects)}",
        "commits with a body": sum("\n\n" in message for message in commits),
    }


def git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def messages(root, revision):
    return [message.strip() for message in git(root, "log", "--format=%B%x00", revision).split("\0")[:-1]]


def of_checkout(root):
    return figures(Tree(root, git(root, "ls-files", "-z").split("\0")), messages(root, "HEAD"))


def of_revision(root, revision):
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", revision], cwd=root, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        names = git(root, "ls-tree", "-rz", "--name-only", revision).split("\0")
        return figures(Tree(Path(folder), names), messages(root, revision))


def main(arguments):
    now = of_checkout(ROOT)
    before = of_revision(ROOT, arguments[0]) if arguments else None
    width = max(map(len, now))
    for name, value in now.items():
        was = f"{before[name]} -> " if before else ""
        print(f"{name:{width}}  {was}{value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
