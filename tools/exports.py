#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# What the shared libraries export: the classes, functions and variables that the public headers declare in a namespace,
# one a line in src/exports.txt. The linker gets them as a version script (cmake/exports.cmake, docs/design/0031).
#
#   tools/exports.py                       fails if src/exports.txt is not what the headers declare
#   tools/exports.py --renew               writes it
#   tools/exports.py --library SO ARCHIVE [--for ARCHIVE...]
#                                          fails if the shared library does not export what it was made of and the list
#                                          names, or exports more; --for: the archives of the libraries above it, which
#                                          are given what they need besides
#
# It reads declarations as this project writes them, without a compiler: no macro opens or closes a scope.

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "src" / "exports.txt"
HEAD = """# SPDX-License-Identifier: MIT
#
# What the shared libraries export, with the members of the classes: made of the public headers by `tools/exports.py --renew`.
"""

TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|::|\[\[|\]\]|[^\s\w]|\d[\w\']*')
NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|R\"\((?:.|\n)*?\)\"|'(?:[^'\\\n]|\\.)+'(?!\w)|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.DOTALL | re.MULTILINE)
NO_NAMES = {"using", "typedef", "static_assert", "enum", "friend", "concept"}
NOT_FUNCTIONS = {"noexcept", "decltype", "alignas", "requires", "__attribute__", "sizeof"}


def tokens_of(text):
    """The tokens, without comments, directives of the preprocessor and attributes."""
    text = re.sub(NOISE, lambda found: "\n" if found[0].startswith("\n") else " ", text)
    kept, depth = [], 0
    for token in TOKEN.findall(text):
        depth += token == "[["
        if depth == 0:
            kept.append(token)
        depth -= token == "]]"
    return kept


def skip(tokens, at, opening, closing):
    """Behind the bracket that closes the one at `at`."""
    depth = 0
    while at < len(tokens):
        depth += (tokens[at] == opening) - (tokens[at] == closing)
        at += 1
        if depth == 0:
            return at
    raise ValueError(f"no {closing}")


def without_template(statement):
    """What is behind `template <...>`, and whether there was one."""
    found = False
    while statement[:1] == ["template"]:
        found = True
        at, depth = 1, 0
        while at < len(statement):
            if statement[at] == "(":
                at = skip(statement, at, "(", ")")
                continue
            depth += (statement[at] == "<") - (statement[at] == ">" and statement[at - 1] != "-")
            at += 1
            if depth == 0:
                break
        statement = statement[at:]
    return statement, found


def top_level(statement):
    """The places of the statement's tokens that are in no bracket but a brace."""
    depth = 0
    for at, token in enumerate(statement):
        if token in ("(", "[") or (token == "<" and statement[at - 1] != "operator"):
            if depth == 0:
                yield at
            depth += 1
        elif token in (")", "]") or (token == ">" and statement[at - 1] not in ("-", "=")):
            depth -= 1
        elif depth == 0:
            yield at


def declared(statement):
    """What a statement of a namespace declares: (kind, name), or None. It ends with ; or {."""
    statement, is_template = without_template(statement)
    if not statement or statement[0] in NO_NAMES or statement[0] == "requires":
        return None
    if statement[0] in ("class", "struct", "union"):
        at = 1
        while statement[at:] and (statement[at] == "alignas" or statement[at].isupper()):  # a macro before the name
            at = skip(statement, at + 1, "(", ")") if statement[at + 1] == "(" else at + 1
        if statement[at] == "std" and statement[-1] == "{":
            end = statement.index(":") if ":" in statement else -1
            return "class", "".join(statement[at:end])
        is_elsewhere = statement[at + 1] in ("::", "<")  # a member, or a specialisation, which goes with its template
        if statement[-1] != "{" or is_elsewhere or not re.match(r"[A-Za-z_]", statement[at]):
            return None
        return "template" if is_template else "class", statement[at]
    places = list(top_level(statement))
    if "operator" in (statement[at] for at in places):
        at = statement.index("operator")
        return None if is_template or statement[at - 1] == "::" else ("function", "operator")
    for at in places:
        before = statement[at - 1] if at > 0 else ""
        if statement[at] == "(" and re.match(r"[A-Za-z_]", before) and before not in NOT_FUNCTIONS and not before.isupper():
            return None if is_template or statement[at - 2] == "::" else ("function", before)
        if statement[at] in ("=", "{", ";", "[") and re.match(r"[A-Za-z_]", before):
            if is_template or at < 2 or statement[at - 2] == "::":
                return None
            return "variable", before
    return None


def is_requirement(statement):
    """Whether the brace at the end belongs to a `requires (...) {`."""
    if statement[-2:-1] == [")"]:
        at, depth = len(statement) - 2, 0
        while at > 0:
            depth += (statement[at] == ")") - (statement[at] == "(")
            at -= 1
            if depth == 0:
                return statement[at] == "requires" and statement[0] == "template"
    return statement[-2:-1] == ["requires"]


def read_class(tokens, at, end, scope, found):
    """The operators that a class befriends: they are functions of the namespace."""
    while at < end:
        if tokens[at] == "friend":
            statement = []
            while tokens[at] not in (";", "{"):
                statement.append(tokens[at])
                at += 1
            if "operator" in statement and "template" not in statement:
                found.add(("function", "::".join([*scope, "operator"])))
        at += 1


def read_scope(tokens, at, scope, found):
    """Reads a namespace from behind its opening brace. Returns the place behind its closing one."""
    statement, parens = [], 0
    while at < len(tokens):
        token = tokens[at]
        if token == "}" and parens == 0:
            for macro, bracket, name in zip(statement, statement[1:], statement[2:]):
                if macro.isupper() and bracket == "(":  # X(name), which makes a variable
                    found.add(("variable", "::".join([*scope, name])))
            return at + 1
        statement.append(token)
        parens += (token == "(") - (token == ")")
        if parens > 0 or token not in (";", "{"):
            at = skip(tokens, at, "{", "}") if token == "{" else at + 1  # a brace of an argument
            continue
        if token == "{" and is_requirement(statement):
            at = skip(tokens, at, "{", "}")
            statement.pop()
            continue
        if token == ";":
            name = declared(statement)
        elif "namespace" in statement[:2] or (statement[0] == "extern" and statement[1].startswith('"')):
            inner = [part for part in statement if part not in ("inline", "namespace", "::", "{")]
            is_c = statement[0] == "extern"
            if inner or is_c:
                at = read_scope(tokens, at + 1, [] if is_c else [*scope, *inner], found)
            else:
                at = skip(tokens, at, "{", "}")
            statement = []
            continue
        else:
            name = declared(statement)
            end = skip(tokens, at, "{", "}")
            if name is not None and name[0] in ("class", "template"):
                read_class(tokens, at, end, scope, found)
            is_over = name is None or name[0] == "function"
            if name is None:  # a function template, or a type: over at its brace, unless ; is next
                is_over = tokens[end:end + 1] != [";"]
            at = end - 1
            if not is_over:
                while tokens[at] != ";":
                    at = skip(tokens, at, "{", "}") if tokens[at] == "{" else at + 1
        if name is not None:
            found.add((name[0], "::".join([*scope, name[1]])))
        statement = []
        at += 1
    return at


def public_names(include=ROOT / "include"):
    """All (kind, name) of the headers below the folder."""
    found = set()
    for header in sorted(include.rglob("*.hpp")):
        try:
            read_scope(tokens_of(header.read_text(encoding="utf-8")), 0, [], found)
        except (ValueError, IndexError) as error:
            raise SystemExit(f"{header}: cannot be read: {error}") from error
    return {(kind, name) for kind, name in found if "tendril" in name}


def listing(names):
    """The text of the list."""
    return HEAD + "".join(f"{kind} {name}\n" for kind, name in sorted(names, key=lambda entry: entry[::-1]))


def read_listing(text):
    return {tuple(line.split(" ", 1)) for line in text.splitlines() if line and not line.startswith("#")}


def nm(*arguments):
    """The lines of nm, as (type, name)."""
    text = subprocess.run(["nm", *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [tuple(line.split()[-2:]) for line in text.splitlines() if len(line.split()) >= 2 and not line.endswith(":")]


def demangled(names):
    names = sorted(names)
    text = subprocess.run(["c++filt"], input="\n".join(names), check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(zip(names, text.splitlines()))


SPECIAL = re.compile(r"^(?:(?:vtable|VTT|typeinfo|typeinfo name|guard variable) for|(?:non-)?virtual thunk to) ")


def is_listed(text, names):
    """Whether the list has that demangled symbol, or the class that it is of."""
    text = SPECIAL.sub("", text)
    if any(kind == "class" and text.startswith(name) for kind, name in names if name.startswith("std::")):
        return True
    path = re.match(r"(?:\w+::)*\w+", text)
    if path is None:
        return False
    parts = path[0].split("::")
    if ("function", path[0]) in names or ("variable", path[0]) in names:
        return True
    if parts[-1].startswith("operator") and ("function", "::".join([*parts[:-1], "operator"])) in names:
        return True
    return any((kind, "::".join(parts[:end])) in names for end in range(1, len(parts) + 1) for kind in ("class", "template"))


def check_library(names, library, archive, above):
    """What is wrong with the exports of the shared library that was made of the archive, as lines."""
    defined = {name for kind, name in nm("--defined-only", archive) if kind in "TDBR"}
    needed = {name for other in above for kind, name in nm("-u", other) if kind in "Uwv"}
    exported = {name.split("@")[0] for kind, name in nm("-D", "--defined-only", library) if kind != "A"}
    text = demangled(defined | exported)
    wrong = [f"not exported, but listed: {text[name]}" for name in sorted(defined - exported)
             if is_listed(text[name], names)]
    wrong += [f"not exported, but needed by a library above: {text[name]}"
              for name in sorted((needed & defined) - exported)]
    wrong += [f"exported, but neither listed nor needed above: {text[name]}" for name in sorted(exported - needed)
              if not is_listed(text[name], names)]
    if not exported:
        wrong.append("nothing is exported")
    return [f"{library}: {line}" for line in wrong]


def main():
    parser = argparse.ArgumentParser(description="What the shared libraries export.")
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("--library", nargs=2, metavar=("SO", "ARCHIVE"))
    parser.add_argument("--for", nargs="*", default=[], metavar="ARCHIVE", dest="above")
    options = parser.parse_args()
    if options.library:
        wrong = check_library(read_listing(LIST.read_text(encoding="utf-8")), *options.library, options.above)
        print(*wrong, sep="\n", end="\n" if wrong else "")
        return 1 if wrong else 0
    names = public_names()
    if options.renew:
        LIST.write_text(listing(names), encoding="utf-8")
        return 0
    has = read_listing(LIST.read_text(encoding="utf-8"))
    for what, entries in (("in a header, but not listed", names - has), ("listed, but in no header", has - names)):
        for kind, name in sorted(entries, key=lambda entry: entry[::-1]):
            print(f"{LIST.relative_to(ROOT)}: {what}: {kind} {name}")
    if names != has:
        print("tools/exports.py --renew writes the list; what left it breaks programs: CHANGES.md")
    return 0 if names == has else 1


if __name__ == "__main__":
    sys.exit(main())
