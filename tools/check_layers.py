#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Checks that every file includes only its own floor and lower ones, as layers.txt orders them, and of a floor with a
# face only that; that only base/ calls the system; and that files stay within their budgets. A public header says its
# floor in its second line, a header of detail/ by its folder. Prints file:line: error|warning: text; status 1 on an
# error.
#
#   tools/check_layers.py [root]

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
FLOOR = re.compile(r"// Floor: (\w+)$")
# A name behind "::" that nothing qualifies: the global one, so libc's, or a C library's.
GLOBAL_CALL = re.compile(r"(?<![\w>])::\s*([a-z_]\w*)\s*\(")
# The global functions that anybody may call: they ask nothing of the system, or are a library's. Not strcasecmp(), by
# which "I" and "i" differ in a Turkish locale.
NO_SYSTEM_CALL = re.compile(
    r"(?:new|delete|(?:in|de)flate\w*|io_uring_prep_\w+|posix_spawn(?:attr|_file_actions)_\w+|sig(?:empty|fill|add)set"
    r"|inet_\w+|gmtime_r|timegm|unsetenv|strnlen|strn?casecmp_l|strsignal|if_nametoindex|if_indextoname|getaddrinfo|getnameinfo"
    r"|newlocale|gethostbyaddr_r|getservby(?:name|port)_r|res_n\w+|dl(?:open|sym)|pthread_(?:self|getattr_np|attr_\w+))"
)
# Comments, and literals that could hold what looks like code.
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\[^\'\n]+|[^\'\\\n])\'', re.S)
SOURCE_WARNING, SOURCE_ERROR, HEADER_WARNING = 400, 800, 250
PUBLIC_ONLY = ("examples", "bench", "tests/integration")


class Layers:
    """layers.txt: rank[floor], families[floor][folder] = rank, face[floor] = headers."""

    def __init__(self, path):
        self.rank, self.families, self.face, self.errors = {}, {}, {}, []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "order":
                self.rank = ranks(words[1:])
            elif words[0] == "families" and words[1:2] and words[1] in self.rank:
                self.families[words[1]] = ranks(words[2:])
            elif words[0] == "face" and words[1:2] and words[1] in self.rank:
                self.face[words[1]] = {f"{words[1]}/{header}" for header in words[2:]}
            else:
                self.errors.append((path.name, number, f"not understood: {line.strip()}"))

    def may_include(self, floor, other):
        return other == floor or self.rank[other] < self.rank[floor]


def ranks(words):
    return {
        name.strip(): rank for rank, level in enumerate(" ".join(words).split("<")) for name in level.split("|")
    }


class Checker:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.layers = Layers(self.root / "layers.txt")
        self.errors = [*self.layers.errors]
        self.warnings = []

    def run(self):
        for path in self.files("include"):
            floor = self.floor_of(path, path)
            if floor is not None:
                self.check_public_header(path, floor)
        for path in self.files("src"):
            self.check_source(path)
        for folder in PUBLIC_ONLY:
            for path in self.files(folder):
                self.check_outsider(path)
        for path in self.files("tests"):
            self.check_size(path)
        return not self.errors

    # The floor that a header of include/ is of; None, and an error in the file that asks, when it says none.
    def floor_of(self, header, asking, line=1):
        name = header.relative_to(self.root / "include").as_posix()
        parts = header.relative_to(self.root / "include/tendril").parts
        if not header.exists():
            self.error(asking, line, f"<{name}> does not exist")
            return None
        if parts[0] == "detail":
            floor = parts[1] if len(parts) > 2 else None
            wanted = "a header of detail/ lies in the folder of its floor"
        else:
            second = header.read_text().splitlines()[1:2]
            match = FLOOR.match(second[0]) if second else None
            floor = match and match[1]
            wanted = 'the second line of a public header is "// Floor: <its floor>"'
        if floor not in self.layers.rank:
            self.error(header, 2, wanted)
            return None
        return floor

    def check_public_header(self, path, floor):
        self.check_size(path, HEADER_WARNING)
        self.check_system_calls(path, floor)
        for line, private, public in self.includes(path):
            if private:
                self.error(path, line, f'a public header includes "{private}"; public headers are written <tendril/...>')
            elif public.split("/")[0] in self.layers.rank:
                self.error(path, line, f"a public header includes the private <{public}>")
            else:
                self.check_public_include(path, line, floor, public)

    def check_source(self, path):
        floor = path.relative_to(self.root / "src").parts[0]
        self.check_size(path)
        if floor not in self.layers.rank:
            self.error(path, 1, f"src/{floor} is not a floor of layers.txt")
            return
        is_test = path.stem.endswith(("_test", "_bench"))
        if not is_test:
            self.check_system_calls(path, floor)
        for line, private, public in self.includes(path):
            if public and public.split("/")[0] in self.layers.rank:
                private, public = public, None
            if public:
                self.check_public_include(path, line, floor, public)
                continue
            other = private.split("/")[0]
            if is_test and (self.root / "tests/support" / private).exists():
                continue
            if "/" not in private or other not in self.layers.rank:
                self.error(path, line, f'"{private}" does not start with a floor: write it as seen from src/')
            elif not self.layers.may_include(floor, other):
                self.error(path, line, f'floor {floor} must not include "{private}" of floor {other}')
            elif other != floor and not is_test and private not in self.layers.face.get(other, {private}):
                self.error(path, line, f'"{private}" is not in the face of floor {other}: see layers.txt')
            elif other == floor and not is_test:
                self.check_family(path, line, floor, private)

    def check_family(self, path, line, floor, private):
        families = self.layers.families.get(floor, {})
        own = path.relative_to(self.root / "src").parts[1]
        other = private.split("/")[1]
        if other in families and own != other and families[other] >= families.get(own, -1):
            self.error(path, line, f'{floor}/{own} must not include "{private}"')

    def check_public_include(self, path, line, floor, included):
        if not included.startswith("tendril/"):
            return
        other = self.floor_of(self.root / "include" / included, path, line)
        if other is not None and not self.layers.may_include(floor, other):
            self.error(path, line, f"floor {floor} must not include <{included}> of floor {other}")

    def check_outsider(self, path):
        if not path.is_relative_to(self.root / "tests"):
            self.check_size(path)
        for line, private, public in self.includes(path):
            name = private or public
            if name.startswith("tendril/detail/"):
                self.error(path, line, f"<{name}> is not public; only public headers may be seen here")
            elif name.split("/")[0] in self.layers.rank or "src/" in name:
                self.error(path, line, f"{name} is private; only public headers may be seen here")

    def check_system_calls(self, path, floor):
        if floor in ("base", "patch"):  # hooks are such calls themselves
            return
        code = NOT_CODE.sub(lambda match: "\n" * match[0].count("\n"), path.read_text())
        for line, text in enumerate(code.splitlines(), 1):
            for match in GLOBAL_CALL.finditer(text):
                if NO_SYSTEM_CALL.fullmatch(match[1]):
                    continue
                self.error(path, line, f"::{match[1]}() outside of base: base/sys is the only door to the system's calls")

    def check_size(self, path, warn_above=SOURCE_WARNING):
        lines = len(path.read_text().splitlines())
        if lines > SOURCE_ERROR:
            self.error(path, lines, f"{lines} lines; the limit is {SOURCE_ERROR}")
        elif lines > warn_above:
            self.warnings.append((self.shown(path), lines, f"{lines} lines; look again past {warn_above}"))

    def includes(self, path):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                yield number, match[1], match[2]

    def files(self, folder):
        found = (self.root / folder).rglob("*")
        return sorted(path for path in found if path.suffix in (".hpp", ".cpp", ".h", ".S") and path.is_file())

    def shown(self, path):
        return path.relative_to(self.root).as_posix()

    def error(self, path, line, text):
        self.errors.append((self.shown(path), line, text))


def main(arguments):
    checker = Checker(arguments[0] if arguments else Path(__file__).resolve().parent.parent)
    passed = checker.run()
    for kind, findings in (("warning", checker.warnings), ("error", checker.errors)):
        for path, line, text in findings:
            print(f"{path}:{line}: {kind}: {text}")
    print(f"floors: {len(checker.errors)} errors, {len(checker.warnings)} warnings")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
