#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks what is seen without compiling, over the files that git tracks or would track: clang-format, the licence line,
# `#pragma once`, the width of lines, marks of unfinished work, and that code which a document quotes is the file's,
# as measured figures are those of bench/results (tools/speed_table.py).
# Prints file:line: text; status 1 when there is anything.
#
# A document quotes a file whole, less its opening comment: <!-- quote: examples/x.cpp --> on the line before the fence.
#
# In the comments and literals of C++ it refuses the words that read as translated.
#
#   tools/check_style.py [root]

import re
import subprocess
import sys

import speed_table
from pathlib import Path

WIDTH = 120
SPDX = "SPDX-License-Identifier: MIT"
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|DIS" r"ABLED_\w+)\b")
QUOTE = re.compile(r"^<!-- quote: (\S+) -->\n+```\w*\n(.*?)^```", re.M | re.S)
# Each with what to write instead.
WORDS = {
    "amid": "in, during",
    "tell of": "report, name",
    "tells of": "reports, names",
    "told of": "notified of, informed of",
    "so many": "a number, a count, that many",
    "there is to be had": "there is, is available",
    "to be had": "available",
    "for ever": "never ends, without end",
    "shall": "the present tense",
    "whoever": "the caller, the waiter, the peer, ...",
    "that is none": "not a, invalid",
}
ENGLISH = re.compile(r"\b(?:" + "|".join(word.replace(" ", r"\s+") for word in WORDS) + r")\b", re.I)
TEXT = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.[^\']*|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.S)
CXX = (".cpp", ".hpp", ".h", ".S")
HASH = (".py", ".cmake", ".in", ".sh")


def commented(path, text):
    """The comment sign of a file that must carry the licence line, and how many lines down it may be; else None."""
    if path.suffix in CXX or path.suffix == ".go":
        return "//", 1
    if path.suffix in HASH or path.name in ("CMakeLists.txt", "Makefile") or text.startswith("#!"):
        return "#", 2
    return None


def check_text(path, text):
    """Yields (line, what is wrong) for one file."""
    lines = text.split("\n")
    is_code = path.suffix in CXX
    if sign := commented(path, text):
        if not any(line == f"{sign[0]} {SPDX}" for line in lines[: sign[1]]):
            yield 1, f"the first line must be: {sign[0]} {SPDX}"
    if path.suffix == ".hpp" and "#pragma once" not in lines:
        yield 1, "#pragma once is missing"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if is_code and "\t" in line:
            yield number, "a tab"
        if is_code and len(line) > WIDTH:
            yield number, f"{len(line)} columns; {WIDTH} is the limit"
        if is_code and (match := UNFINISHED.search(line)):
            yield number, f"{match[0]}: finish it, or write it down as an issue"


def check_english(text):
    """Yields (line, what is wrong) for one C++ file; a comment's lines are read as one text."""
    read, end = [], 0
    for match in TEXT.finditer(text):
        between = text[end : match.start()]
        read.append(between if between.isspace() else re.sub(r"[^\n]", "\0", between))
        read.append(re.sub(r"^//", "  ", match[0]))
        end = match.end()
    for match in ENGLISH.finditer("".join(read)):
        word = " ".join(match[0].lower().split())
        yield text.count("\n", 0, match.start()) + 1, f'"{word}": write: {WORDS[word]}'


def body(source):
    """A file without its opening comment."""
    lines = source.split("\n")
    while lines and (lines[0].startswith("//") or not lines[0].strip()):
        lines.pop(0)
    return "\n".join(lines)


def check_quotes(root, text):
    for match in QUOTE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        quoted = root / match[1]
        if not quoted.is_file():
            yield line, f"quotes {match[1]}, which does not exist"
        elif match[2] != body(quoted.read_text()):
            yield line, f"what is quoted differs from {match[1]}"


def check_format(root, files):
    """Yields clang-format's findings, one per file, and nothing else that it says."""
    if not files:
        return
    done = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", *files], cwd=root, text=True, capture_output=True)
    seen = set()
    for match in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): .*clang-format", done.stderr, re.M):
        if match[1] not in seen:
            seen.add(match[1])
            yield match[1], int(match[2]), "not formatted; `make format` does it"
    if done.returncode != 0 and not seen:
        yield ".clang-format", 1, f"clang-format failed: {done.stderr.strip()[:400]}"


def findings(root):
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, capture_output=True, check=True)
    names = sorted(set(name for name in listed.stdout.decode().split("\0") if name))
    cxx = []
    for name in names:
        path = root / name
        if not path.is_file() or name.startswith("tests/fuzz/corpus/"):  # a fuzzer's input is as it must be
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for line, what in check_text(path, text):
            yield name, line, what
        if path.suffix == ".md":
            for line, what in [*check_quotes(root, text), *speed_table.differs(text)]:
                yield name, line, what
        if path.suffix in (".cpp", ".hpp"):
            cxx.append(name)
        if path.suffix in CXX:
            for line, what in check_english(text):
                yield name, line, what
    yield from check_format(root, cxx)


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).resolve().parent.parent)
    count = 0
    for name, line, what in findings(root):
        print(f"{name}:{line}: {what}")
        count += 1
    print(f"style: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
