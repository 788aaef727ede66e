#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks docs/names/*.md, which say for each public name of a peer (eventlet, gevent, greenlet, libev) what it is called
# here. A row has three columns:
#
#   the peer's names, in backticks: `sleep`, `Pool.join`; with parameters: `spawn_after(seconds, func)`
#   ours, in backticks and as the headers have them: `Queue::get`, `SpawnOptions::name`
#   what differs. Nothing: it is the same. "not yet: ...": it is missing, or weaker. "no: reason": it makes no sense here;
#   the reason is one of README's list ("- **reason**: ...").
#
# An error is: a name of ours that is not in the public headers (of A::b, b must be in the body of A or of one of its
# bases); a peer's name that stands twice in a section; a reason that README has not; a row without names; and a table
# of counts in README, between <!-- counts --> and <!-- /counts -->, that is not that of --counts.
# Prints file:line: text, then the counts; status 1 when there is an error.
#
#   tools/check_names.py [root]
#   tools/check_names.py --counts       only the counts, for README
#   tools/check_names.py --not-yet      only what is not yet here

import collections
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "docs/names"
STATES = ("here", "differs", "not applicable", "not yet")
MARKS = {"not yet:": "not yet", "no:": "not applicable"}  # how a third column begins
COUNTS = re.compile(r"(<!-- counts -->\n)(.*?)(<!-- /counts -->)", re.S)
SPAN = re.compile(r"`([^`]+)`")
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
WORD = re.compile(r"~?\w+")
KINDS = r"(?:class|struct|enum\s+class|enum|namespace)"
DECLARED = re.compile(rf"\b{KINDS}\s+(?:\[\[[^\]]*\]\]\s*)?([\w:]+)\s*(?:final\s*)?((?::(?!:)[^;{{]*)?)\{{")
ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*([^;]*);")
OURS = re.compile(r"^(?:\w+::)*~?\w+(?:\(\))?$")
SEPARATOR = re.compile(r"^[\s|:-]+$")

Row = collections.namedtuple("Row", "file line section spans ours state text")


class Headers:
    """The identifiers of the public headers, without comments and literals."""

    def __init__(self, root):
        self.raw, self.words = "", set()
        self.bodies = collections.defaultdict(set)  # a class, an enum or a namespace: the identifiers between its braces
        self.bases = collections.defaultdict(set)   # a class: those in what it is derived from, or stands for
        for path in sorted((root / "include").rglob("*.hpp")):
            text = path.read_text()
            self.raw += text
            code = COMMENT.sub(" ", text)
            self.words.update(WORD.findall(code))
            for match in DECLARED.finditer(code):
                name = match[1].split("::")[-1]
                self.bodies[name].update(WORD.findall(code, match.end(), end_of_body(code, match.end())))
                self.bases[name].update(WORD.findall(match[2]))
            for name, what in ALIAS.findall(code):
                self.bases[name].update(WORD.findall(what))

    def has_member(self, outer, inner, seen=frozenset()):
        """Whether `inner` is in the body of `outer` or of one of its bases."""
        if outer in seen:
            return False
        return inner in self.bodies.get(outer, ()) or any(
            self.has_member(base, inner, seen | {outer}) for base in self.bases.get(outer, ()))

    def has(self, name):
        """Whether it is in the headers: `spawn`, `Queue::get`, `http::Server::stop`."""
        if name.startswith("std::"):
            return True
        if name.isupper() and "_" in name:  # a variable of the environment, or a macro: comments have it too
            return re.search(rf"\b{name}\b", self.raw) is not None
        parts = name.removeprefix("tendril::").removesuffix("()").split("::")
        return parts[0] in self.words and all(self.has_member(outer, inner) for outer, inner in zip(parts, parts[1:]))


def end_of_body(code, begin):
    """The place of the brace that closes the one before `begin`."""
    depth = 1
    for match in re.compile(r"[{}]").finditer(code, begin):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)


def parts_of(span):
    """A peer's name in a span, and its parameters: `f(a, b)` is f, with f(a) and f(b)."""
    match = re.match(r"^([^(]+)\((.*)\)$", span, re.S)
    if not match:
        return span, []
    parameters = [each.strip() for each in match[2].split(",")]
    return match[1], [f"{match[1]}({each})" for each in parameters if each]


def state_of(text):
    for mark, state in MARKS.items():
        if text.startswith(mark):
            return state
    return "differs" if text else "here"


def reason_of(row):
    """Of a row that says no."""
    return re.split(r"[:;,]", row.text.removeprefix("no:"))[0].strip()


def rows_of(name, text):
    """Yields the rows of a document, and texts in place of rows that are malformed."""
    section = ""
    in_table = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            section = line.lstrip("#").strip()
        if not line.startswith("|"):
            in_table = False
            continue
        cells = [each.strip() for each in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not in_table or SEPARATOR.match(line):
            in_table = True
            continue
        if len(cells) != 3:
            yield number, f"{len(cells)} columns; a row has 3"
            continue
        spans = SPAN.findall(cells[0])
        if not spans:
            yield number, "no peer's name in backticks in the first column"
            continue
        yield Row(name, number, section, spans, SPAN.findall(cells[1]), state_of(cells[2]), cells[2])


def read(root):
    """All documents' rows and README's text; what is malformed, as (file, line, text)."""
    rows, wrong = [], []
    for path in sorted((root / FOLDER).glob("*.md")):
        if path.name == "README.md":
            continue
        name = str(path.relative_to(root))
        for each in rows_of(name, path.read_text()):
            if isinstance(each, Row):
                rows.append(each)
            else:
                wrong.append((name, *each))
    readme = root / FOLDER / "README.md"
    return rows, readme.read_text() if readme.is_file() else "", wrong


def check_row(row, headers, reasons, seen):
    """Yields what is wrong with a row."""
    for name in row.ours:
        if not OURS.match(name):
            yield f"`{name}` is not a name: write the arguments outside of the backticks"
        elif not headers.has(name):
            yield f"`{name}` is not in the public headers"
    if row.state == "not applicable":
        reason = reason_of(row)
        if reason not in reasons:
            yield f'"{reason}" is not one of the reasons in README.md'
        if row.ours:
            yield "a name of ours, although the row says no"
    if row.state in ("here", "differs") and not row.ours and not row.text:
        yield "no name of ours, and nothing said"
    for span in row.spans:
        name, parameters = parts_of(span)
        for each in parameters or [name]:  # the name of several spans with parameters may stand in each of them
            key = (row.file, row.section, each)
            if key in seen:
                yield f"`{each}` stands in line {seen[key]} already"
            seen.setdefault(key, row.line)


def counted(rows):
    """Returns: for each peer and section how many names there are in each state. A name counts once: as where it stands
    without parameters, else as where it stands first."""
    alone = {(row.file, row.section, span) for row in rows for span in row.spans if "(" not in span}
    counts = collections.OrderedDict()
    seen = set()
    for row in rows:
        at = counts.setdefault((Path(row.file).stem, row.section), collections.Counter())
        for span in row.spans:
            name, parameters = parts_of(span)
            key = (row.file, row.section, name)
            if key not in seen and (not parameters or key not in alone):
                seen.add(key)
                at[row.state] += 1
            at[row.state] += len(parameters)
    return counts


def table(counts):
    lines = ["| peer | module | here | differs | not applicable | not yet |", "|---|---|---|---|---|---|"]
    peers = list(dict.fromkeys(peer for peer, _ in counts))
    total = collections.Counter()
    for peer in peers:
        whole = collections.Counter()
        for (of, section), count in counts.items():
            if of == peer:
                whole.update(count)
                lines.append(f"| {peer} | {section} | " + " | ".join(str(count[state]) for state in STATES) + " |")
        lines.append(f"| **{peer}** | all | " + " | ".join(f"**{whole[state]}**" for state in STATES) + " |")
        total.update(whole)
    lines.append("| **all** | | " + " | ".join(f"**{total[state]}**" for state in STATES) + " |")
    return "\n".join(lines) + "\n"


def findings(root):
    rows, readme, wrong = read(root)
    yield from wrong
    headers = Headers(root)
    reasons = set(re.findall(r"^- \*\*([^*]+)\*\*:", readme, re.M))
    used, seen = set(), {}
    for row in rows:
        if row.state == "not applicable":
            used.add(reason_of(row))
        for what in check_row(row, headers, reasons, seen):
            yield row.file, row.line, what
    for reason in sorted(reasons - used):
        yield f"{FOLDER}/README.md", 1, f'no row has the reason "{reason}"'
    match = COUNTS.search(readme)
    if match is None:
        yield f"{FOLDER}/README.md", 1, "no table of counts between <!-- counts --> and <!-- /counts -->"
    elif match[2].strip() != table(counted(rows)).strip():
        yield f"{FOLDER}/README.md", 1, "other counts than those of tools/check_names.py --counts"


def main(arguments):
    options = {each for each in arguments if each.startswith("--")}
    root = Path(next((each for each in arguments if each not in options), ROOT))
    rows, _, _ = read(root)
    if "--counts" in options:
        print(table(counted(rows)), end="")
        return 0
    if "--not-yet" in options:
        for row in rows:
            if row.state == "not yet":
                print(f"{row.file}:{row.line}: {', '.join(row.spans)}: {row.text.removeprefix('not yet:').strip()}")
        return 0
    count = 0
    for name, line, what in findings(root):
        print(f"{name}:{line}: {what}")
        count += 1
    by_peer = collections.OrderedDict()
    for (peer, _), at in counted(rows).items():
        by_peer.setdefault(peer, collections.Counter()).update(at)
    for peer, at in by_peer.items():
        print(f"{peer}: " + ", ".join(f"{at[state]} {state}" for state in STATES))
    print(f"names: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
