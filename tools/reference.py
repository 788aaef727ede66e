#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# The API reference, build/reference/html/index.html, by Doxygen (docs/reference/Doxyfile), from the public headers and
# the documents, which are first rewritten into build/reference/input as Doxygen wants to read them. Prints its
# warnings; status 1 when there is one, such as for a public name without a comment. Without Doxygen it says so, with
# status 0.
#
# Headers. The comments of this project are plain: `//` before a declaration, or behind it on its line. What is said
# before a declaration holds for those that follow it without a blank line, too; a table in a comment, "name   text",
# for the names in it. Here `///` and `///<` are made of these comments, repeated for each declaration they hold for,
# and members that every class has get what they do. The first comment of a file that begins "Name: " is about the class
# Name, too. Comments in bodies, and others that a blank line sets apart, stay plain. Lines stay where they are, so that
# Doxygen's warnings name the right ones. What is in a namespace `detail` is hidden, but for the classes in SHOWN, from
# which public ones inherit or which they are aliases of; so are protected members that are for the library only.
#
# Documents. Headings get the names that GitHub gives them, and links to other documents lead to these; a link to
# anything that is not in the reference becomes plain text.

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import check_links  # noqa: E402  slug()

# The part of the reference that has documents in it: what Doxyfile's INPUT names.
DOCUMENTS = ("README.md", "docs/*.md", "docs/guide/*.md")

SHOWN = {"BasicQueue", "BasicJoinableQueue", "QueueBase", "GroupFace", "Results", "SpawnMembers", "MapMembers"}

SECTION = re.compile(r"(?:(?<=^)|(?<=[.;] )|(?<=[.;]  ))(Requires|Returns|Yields|Throws|Cost|Examples?): ")
TABLE_LINE = re.compile(r"^ {3}(\S(?:.*?\S)?) {2,}(\S.*)$")


# --- the text of a comment ---

def escaped(text):
    """Nothing in it is a command, a tag or a link for Doxygen, but for what stands in backticks."""
    pieces = re.split(r"(`[^`]*`)", text)
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(r"([\\@<>#%&$])", r"\\\1", pieces[at])
        pieces[at] = re.sub(r"(?<![\w)\]>])::", r"\\::", pieces[at])
        pieces[at] = SECTION.sub(r"<br><b>\1:</b> ", pieces[at])
    return "".join(pieces)


def comment_text(lines):
    """The lines of a comment without their slashes, for Doxygen's Markdown."""
    out, code, before = [], False, ""
    for line in lines:
        text = re.sub(r"^\s*//[/!]?", "", line.rstrip())
        indent = len(text) - len(text.lstrip())
        code = indent >= 5 and (code or not before.strip()) or code and not text.strip()
        table = TABLE_LINE.match(text)
        if code:
            out.append(text)
        elif table and not text.lstrip().startswith("- "):
            out.append(f" - <tt>{escaped(table[1])}</tt>: {escaped(table[2])}")
        else:
            out.append(escaped(text.strip()) if indent <= 1 else " " * indent + escaped(text.strip()))
        before = text
    return out


# --- headers ---

def without_template(text):
    """A declaration without its template<...> and attributes, so that its keywords say what it is."""
    text = re.sub(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)|\bTENDRIL_\w+\s*\([^()]*\)", " ", text, flags=re.S)
    while True:
        found = re.search(r"\btemplate\s*<", text)
        if not found:
            return text
        depth, at = 1, found.end()
        while at < len(text) and depth:
            depth += {"<": 1, ">": -1}.get(text[at], 0)
            at += 1
        text = text[:found.start()] + " " + text[at:]


def kind_of(statement):
    """What a brace behind this opens: "namespace", "class", "enum" or "body"."""
    text = without_template(statement)
    if re.search(r"\bnamespace\b|\bextern\s*\"", text):
        return "namespace"
    if re.match(r"\s*(?:typedef\s+)?enum\b", text):
        return "enum"
    if re.match(r"\s*(?:requires\b.*?\s)?(?:typedef\s+)?(?:class|struct|union)\b", text, re.S) and "=" not in text and \
            not re.search(r"\)\s*(?:const|noexcept|override)?\s*$", text):
        return "class"
    return "body"


# Members whose names are the standard's, or mean the same in every class.
CONVENTIONAL = {
    "begin": "Where an iteration over it begins.",
    "end": "Where an iteration over it ends.",
    "operator++": "Goes on to the next one.",
    "operator*": "What it stands for.",
    "operator->": "A member of what it stands for.",
    "size": "How much is in it.",
    "empty": "Whether nothing is in it.",
    "what": "The text of the exception.",
    "observe": "For wait() and iwait(): the observer is called when ready() may have become true.",
    "is_open": "Whether it is open.",
    "fd": "The descriptor, which stays its owner's.",
    "is_shut_down": "Whether it was shut down.",
    "Iterator": "For the language's range-based for; made by begin().",
}
CONVENTIONAL |= dict.fromkeys(
    ("value_type", "difference_type", "iterator_concept", "iterator_category", "reference", "pointer", "key_type",
     "mapped_type", "size_type"), "As the standard's containers and iterators say it.")


def declared(code):
    """The name that a declaration of data introduces, or ""."""
    found = re.search(r"(\w+)\s*(?:\{.*\}|=.*|\[\w*\])?\s*;", without_template(code).replace("operator=", "operator"))
    return found[1] if found and "(" not in code.split(found[1])[0] else ""


def called(code):
    """The name of a function or of an alias that a declaration introduces, or ""."""
    name = re.search(r"(?:operator(?:\+\+|\*|->)|(?<![\w:])\w+)(?=\s*\()", without_template(code)) or \
        re.search(r"(?<=\busing )\w+(?= =)", code)
    return name[0] if name else ""


def special_member(code):
    """What to say of a member that copies, moves, destroys or compares, or ""."""
    if re.search(r"\bconst\s+\w+\s*&\s*\w*\s*\)\s*(?:noexcept\s*)?=\s*delete", code):
        return "Not copyable."
    if re.search(r"&&\s*\w*\s*\)\s*(?:noexcept\s*)?=\s*delete", code):
        return "Not movable."
    if re.search(r"\b(\w+)\s*\(\s*const\s+\1(?:<[^()]*>)?\s*&\s*\w*\s*\)|"
                 r"operator=\s*\(\s*const\b[^()]*&\s*\w*\s*\)", code):
        return "Copies."
    if re.search(r"\b(\w+)\s*\(\s*\1(?:<[^()]*>)?\s*&&\s*\w*\s*\)|operator=\s*\([^()]*&&\s*\w*\s*\)", code):
        return "Moves; the argument is empty afterwards."
    if re.search(r"~\w+\s*\(\s*\)", code):
        return "Destroys it."
    if re.search(r"\b(\w+)\s*\(\s*\)\s*(?:noexcept\s*)?=\s*default", code):
        return "An empty one, or with the defaults."
    if re.search(r"operator(?:==|<=>|!=|<)\s*\(", code):
        return "Compares."
    return ""


class Header:
    """One pass over a header's lines; out: what Doxygen gets, line for line."""

    def __init__(self, lines):
        self.lines = lines
        self.out = []
        self.open = []  # of each open brace: (kind, what to say when it closes)
        self.parens = 0
        self.statement = ""  # code since the last one ended
        self.comment = []  # the lines of a comment that may belong to what comes next
        self.said, self.said_of = "", ""  # the text that holds for the next declarations, too, and the first one's name
        self.rows = {}  # what a table in a comment says of the names in it, and how deep that was
        self.trailing = None  # the column of a comment behind code, which the next line may continue
        self.about = ("", "")  # what the file's comment begins with, as a name, and the comment, until that is declared

    def kind(self):
        return self.open[-1][0] if self.open else "namespace"

    def in_body(self):
        return self.kind() == "body" or self.parens > 0

    def run(self):
        self.file_comment()
        for line in self.lines[len(self.out):]:
            self.line(line)
        self.drop_comment()
        return self.out

    def file_comment(self):
        """The first comment is the file's; its lines stay lines."""
        count = 0
        while count < len(self.lines) and self.lines[count].startswith("//"):
            count += 1
        texts = comment_text(["//" if "SPDX-License" in each or each.startswith("// Floor:") else each
                              for each in self.lines[:count]])
        if texts:
            texts[0] = " @file"
        words = " ".join(each.strip() for each in texts[1:] if not each.startswith("     "))
        if named := re.match(r"\s*(\w+): ", words):
            self.about = (named[1], words.strip())
        self.out += ["///" + (each if each.startswith(" ") or not each else " " + each) for each in texts]

    def drop_comment(self):
        self.note_rows(comment_text(self.comment))
        self.out += self.comment
        self.comment = []

    def note_rows(self, texts):
        name = ""
        for text in texts:
            if row := re.match(r" - <tt>(\w+)</tt>: (.*)", text):
                name = row[1]
                self.rows[name] = (len(self.open), row[2])
            elif name and text.startswith("     "):
                self.rows[name] = (self.rows[name][0], f"{self.rows[name][1]} {text.strip()}")
            else:
                name = ""

    def use_comment(self, name=""):
        """The comment is that of the declaration of this name."""
        texts = comment_text([each for each in self.comment if "NOLINT" not in each])
        texts += [""] * (len(self.comment) - len(texts))
        self.note_rows(texts)
        self.said_of = name
        self.out += ["///" + (each if each.startswith(" ") or not each else " " + each) for each in texts]
        self.said = " ".join(each.strip() for each in texts if each.strip())
        self.comment = []

    def line(self, line):
        text = line.strip()
        alone = text.startswith("//")
        between = not self.statement.strip() and not self.in_body()
        if alone and self.trailing is not None and line.index("//") == self.trailing:
            self.out.append(line.replace("//", "///<", 1).replace("///<", "///< ", 1))
            return
        self.trailing = None
        if alone and between:
            self.comment.append(line)
        elif not text and between:
            self.drop_comment()
            self.said = ""
            self.out.append(line)
        elif text.startswith("#"):
            self.use_comment() if self.comment and text.startswith("#define") else self.drop_comment()
            self.out.append(line)
        elif alone or not text:
            self.out.append(line)
        else:
            self.code(line, between)

    def code(self, line, between):
        code, column = split_comment(line)
        behind = line[column + 2:].strip() if column is not None else ""
        several = re.fullmatch(r"\s*[\w:]+ (?:\w+(?: = \w+)?, )+\w+(?: = \w+)?;\s*", code)
        in_one_line = re.match(r"\s*(?:enum|struct|class)\b.*\};\s*$", code)
        if behind and between and not self.comment and (several or in_one_line):  # `///<` would not do
            doc = f"/** {escaped(behind)} */ "
            self.out.append(doc + (re.sub(r", (?=\w)", f"; {doc}{code.split()[0]} ", code) if several else code))
            self.feed(code)
            return
        if between:
            whole = self.statement_at(len(self.out) + len(self.comment), code)
            self.begin(whole, bool(behind) and ends_statement(code, self.kind()))
        prefix = self.prefix if between else ""
        depth = len(self.open)
        ended = self.feed(code)
        if behind and ended and len(self.open) == depth and not self.in_body():
            self.trailing = column
            line = line[:column] + "///< " + escaped(behind)
        self.out.append(prefix + line)

    def begin(self, code, own):
        """A statement begins: self.prefix is what to write before it. own: it has a comment behind it."""
        self.prefix = ""
        text = code.strip()
        if re.match(r"(?:public|protected|private)\s*:", text) or text.startswith("}"):
            self.drop_comment()
            self.said = ""
            if text.startswith("protected") and self.not_for_derived(len(self.out)):
                self.prefix = "private: //"
            return
        if all("NOLINT" in each for each in self.comment):
            self.drop_comment()  # for clang-tidy, not for readers
        if self.comment:
            self.use_comment(called(text))
            return
        begins = without_template(text).strip().replace("operator=", "operator").split("=")[0].split("{")[0]
        member = self.kind() == "class" and not re.search(
            r"\(|^using\b|^template\b|^friend\b|^class\b|^struct\b", begins)
        if own:
            return
        named = declared(text)
        if named in self.rows and self.rows[named][0] in (len(self.open), len(self.open) - 1):
            self.prefix = f"/** {self.rows[named][1]} */ "
            return
        if self.kind() == "enum":
            return
        if member:
            self.prefix = f"/** {self.said.replace('*/', '* /')} */ " if self.said else ""
            return
        if re.match(r"namespace\b|class\s+\w+;|struct\s+\w+;", text):
            return
        name = re.search(r"\b(?:class|struct|enum class|using)\s+(?:\[\[.*?\]\]\s*)?(\w+)", without_template(text))
        if name and name[1] == self.about[0] and not text.endswith(";"):
            self.prefix = f"/** {self.about[1].replace('*/', '* /')} */ "
            return
        said = self.said
        if self.kind() == "class":
            name = called(text)
            usual = CONVENTIONAL.get(name, "") if name != self.said_of and "wait()" not in said else ""
            said = special_member(text) or usual or said
        if said:
            self.prefix = f"/** {said.replace('*/', '* /')} */ "

    def not_for_derived(self, at):
        """Whether what is protected here is so for the library only: it has no comment, or names what is hidden."""
        section = []
        for line in self.lines[at + 1:]:
            if not line.strip() or line.strip() == "};":
                break
            section.append(line)
        return "detail::" in " ".join(section) or not section[0].strip().startswith("//")

    def statement_at(self, index, first):
        """The whole of a statement that begins in a line, up to its ; or {."""
        whole, at = first, index + 1
        while not re.search(r"[;{}]\s*$", whole) and at < len(self.lines):
            whole += " " + split_comment(self.lines[at])[0].strip()
            at += 1
        return whole

    def feed(self, code):
        """Follows braces and parentheses. Returns whether a statement ended."""
        ended = False
        bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'", '""', code)
        for char in bare:
            if char in "([":
                self.parens += 1
            elif char in ")]":
                self.parens -= 1
            elif char == "{":
                kind = "body" if self.parens or self.kind() == "body" else kind_of(self.statement)
                self.open.append((kind, self.parens))
                self.parens = 0
                if kind != "body":
                    self.statement, self.said = "", ""
                    continue
            elif char == "}":
                kind, self.parens = self.open.pop() if self.open else ("namespace", 0)
                if kind in ("class", "enum"):
                    self.statement = "}"
                    self.said = ""
                    continue
                if kind == "namespace" or not self.in_body():
                    self.statement, ended = "", True
                    continue
            elif not self.in_body() and (char == ";" or char == "," and self.kind() == "enum"):
                self.statement, ended = "", True
                continue
            if not self.in_body() and self.statement.strip() in ("public", "protected", "private") and char == ":":
                self.statement = ""
                continue
            self.statement += char
        if self.kind() == "enum" and self.statement.strip():
            ended = True  # the last one has no comma
        self.statement += " " if self.statement.strip() else ""
        return ended


def ends_statement(code, kind):
    return bool(re.search(r"[;}]\s*$" if kind != "enum" else r"\S\s*$", code))


def split_comment(line):
    """The code of a line, and where its comment begins, or None."""
    for match in re.finditer(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'|(//)", line):
        if match[1]:
            return line[:match.start()], match.start()
    return line, None


def hide_detail(lines):
    """@cond around what is in a namespace `detail`, except for the classes in SHOWN."""
    out, depth, hidden_at, shown_at = [], 0, None, None
    for line in lines:
        code = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'", '""', split_comment(line)[0])
        out.append(line)
        if hidden_at is None and re.match(r"\s*(?:inline\s+)?namespace\s+(?:\w+::)*detail\b.*\{\s*$", code):
            hidden_at = depth + 1
            out[-1] = line + " /** @cond */"
        elif hidden_at is not None and depth == hidden_at and shown_at is None and shown_class(code):
            shown_at = depth
            first = len(out) - 1
            while first and out[first - 1].strip():
                first -= 1
            out[first] = "/** @endcond */ " + out[first] if not out[first].lstrip().startswith("///") else \
                re.sub(r"^(\s*)///", r"\1/** @endcond */ ///", out[first])
        before = depth
        depth += code.count("{") - code.count("}")
        if shown_at is not None and depth == shown_at and before > shown_at:
            shown_at = None
            out[-1] += " /** @cond */"
        if hidden_at is not None and depth < hidden_at:
            hidden_at = None
            out[-1] = "/** @endcond */ " + out[-1]
    return out


def shown_class(code):
    found = re.match(r"\s*(?:template\s*<.*>\s*)?(?:class|struct)\s+(?:\[\[.*?\]\]\s*)?(\w+)(?!.*;\s*$)", code)
    return bool(found) and found[1] in SHOWN


def header(text, public=True):
    """A header; of one that is not public only what is not in a namespace `detail` is shown."""
    text = re.sub(r"^((?:template <[^\n]*>\n)?class (?:asio|boost)::[^;]*?\{\n.*?^\};)$",
                  r"/** @cond */ \1 /** @endcond */", text, flags=re.M | re.S)
    lines = Header(text.splitlines()).run()
    if not public:
        lines[0] = "//"
    return "\n".join(hide_detail(lines)) + "\n"


# --- documents ---

def documents():
    return {path.relative_to(ROOT).as_posix() for pattern in DOCUMENTS for path in ROOT.glob(pattern)}


def label(document, part=""):
    """The name of a document, or of a heading in it, in the reference."""
    name = re.sub(r"\W+", "-", document.removesuffix(".md")).lower()
    return f"{name}--{part}" if part else name


def document(name, text):
    known, seen = documents(), {}
    folder = Path(name).parent

    def heading(match):
        slug = check_links.slug(match[2])
        count = seen[slug] = seen.get(slug, -1) + 1
        if len(seen) == 1 and not count:
            return f"{match[1]} {match[2]} {{#{label(name)}}}"
        return f"{match[1]} {match[2]} {{#{label(name, f'{slug}-{count}' if count else slug)}}}"

    def link(match):
        words, target = match[1], match[2]
        if check_links.SCHEME.match(target):
            return match[0]
        path, _, part = target.partition("#")
        where = (ROOT / folder / path).resolve() if path else ROOT / name
        where = where.relative_to(ROOT).as_posix() if where.is_relative_to(ROOT) else ""
        if where in known:
            return f"[{words}](@ref {label(where, part)})"
        return words

    def prose(piece):
        piece = re.sub(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)", link, piece)
        piece = re.sub(r"!\[([^\]]*)\]\((?:[^()\s]*/)?([^()\s/]+)\)", r"![\1](\2)", piece)
        return re.sub(r"^(#{1,6})[ \t]+(.*?)[ \t]*$", heading, piece, flags=re.M)

    pieces, at = [], 0
    for fence in check_links.FENCE.finditer(text):
        pieces += [prose(text[at:fence.start()]), fence[0]]
        at = fence.end()
    return "".join(pieces + [prose(text[at:])])


def prepare(into):
    """Writes what Doxygen shall read into a folder, as the checkout has it."""
    shutil.rmtree(into, ignore_errors=True)
    headers = sorted((ROOT / "include").rglob("*.hpp"))
    for path in [ROOT / each for each in sorted(documents())] + headers:
        name = path.relative_to(ROOT)
        text = path.read_text()
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(document(name.as_posix(), text) if path.suffix == ".md" else
                                 header(text, "detail" not in name.parts))


def main():
    doxygen = shutil.which("doxygen")
    if not doxygen:
        print("no reference: no doxygen here (Debian: doxygen)")
        return 0
    output = ROOT / "build" / "reference"
    prepare(output / "input")
    done = subprocess.run([doxygen, "docs/reference/Doxyfile"], cwd=ROOT, capture_output=True, text=True)
    warnings = [line.replace(f"{output}/input/", "") for line in (done.stdout + done.stderr).splitlines()]
    count = sum(": warning: " in each or ": error: " in each for each in warnings)
    print("\n".join(warnings + [f"reference: {count} findings"]))
    return 1 if warnings or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
