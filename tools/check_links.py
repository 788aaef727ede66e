#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks the links of all documents (*.md) that git tracks or would track: a file or folder must be there, "#part" must
# be a heading of the document that it leads to, and each document must be reachable from README.md; a link to a folder
# reaches the documents in it. Code, in fences or inline, has no links. Addresses with a scheme (https:) are not asked.
# Prints file:line: text; status 1 when there is anything.
#
#   tools/check_links.py [root]

import posixpath
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
START = "README.md"
FENCE = re.compile(r"^( *)(```+|~~~+)[^\n]*\n.*?^ *\2[^\n]*$", re.M | re.S)
INLINE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)
LINK = re.compile(r"\]\(\s*<?([^()\s>]*(?:\([^()\s]*\)[^()\s>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?\s*$", re.M)
ATTRIBUTE = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$", re.M)
ANCHOR = re.compile(r"<a\b[^>]*?\b(?:id|name)=\"([^\"]+)\"")


def blank(match):
    """The same number of lines, without the text."""
    return "\n" * match[0].count("\n")


def without_fences(text):
    return COMMENT.sub(blank, FENCE.sub(blank, text))


def links(text):
    """Yields (line, target) of each link."""
    prose = INLINE.sub(blank, without_fences(text))
    for pattern in (LINK, DEFINITION, ATTRIBUTE):
        for match in pattern.finditer(prose):
            yield prose.count("\n", 0, match.start(1)) + 1, match[1]


def slug(heading):
    """How GitHub names the place of a heading."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def parts(text):
    """The names that "#..." may have in a document."""
    found, seen = set(), {}
    prose = without_fences(text)
    for heading in HEADING.findall(prose):
        name = slug(heading)
        count = seen[name] = seen.get(name, -1) + 1
        found.add(f"{name}-{count}" if count else name)
    return found | set(ANCHOR.findall(prose))


def findings(root):
    """Yields (file, line, what)."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, capture_output=True, check=True)
    files = {name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file()}
    folders = {str(folder) for name in files for folder in Path(name).parents}
    documents = {name: (root / name).read_text() for name in sorted(files) if name.endswith(".md")}
    leads_to = {name: set() for name in documents}
    for name, text in documents.items():
        for line, target in links(text):
            if SCHEME.match(target) or target.startswith("//"):
                continue
            path, _, part = unquote(target).partition("#")
            where = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if where not in files and where not in folders:
                yield name, line, f"{target}: there is no {where}"
                continue
            if part and where in documents and part not in parts(documents[where]):
                yield name, line, f'{target}: {where} has no heading "{part}"'
            leads_to[name] |= {each for each in documents if each == where or posixpath.dirname(each) == where}
    reached, left = set(), [START]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += leads_to.get(name, ())
    for name in documents:
        if name not in reached:
            yield name, 1, f"no way of links leads here from {START}"


def main(arguments):
    root = Path(arguments[0] if arguments else ROOT)
    count = 0
    for name, line, what in findings(root):
        print(f"{name}:{line}: {what}")
        count += 1
    print(f"links: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
