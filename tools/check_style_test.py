#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_style.py on small trees: each rule once kept and once broken.

import subprocess
import tempfile
import unittest
from pathlib import Path

import check_style

HEAD = "// SPDX-License-Identifier: MIT\n//\n// What it is.\n\n"


class CheckStyle(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
            for name, text in ({".clang-format": "DisableFormat: true\n"} | files).items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(check_style.findings(Path(folder)))

    def accepts(self, files):
        self.assertEqual(self.check(files), [])

    def refuses(self, files, text):
        found = self.check(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0][2])

    def test_clean(self):
        self.accepts({"a.cpp": HEAD + "int a;\n", "a.hpp": HEAD + "#pragma once\n", "a.md": "# A\n", "no": ""})

    def test_licence(self):
        self.refuses({"a.cpp": "int a;\n"}, "the first line must be: //")
        self.refuses({"a.cmake": "set(a)\n"}, "the first line must be: #")
        self.refuses({"run": "#!/bin/sh\ntrue\n"}, "the first line must be: #")
        self.accepts({"run": "#!/bin/sh\n# SPDX-License-Identifier: MIT\ntrue\n"})

    def test_header_guard(self):
        self.refuses({"a.hpp": HEAD + "int a();\n"}, "#pragma once")

    def test_width(self):
        self.accepts({"a.cpp": HEAD + "//" + "x" * 118 + "\n"})
        self.refuses({"a.cpp": HEAD + "//" + "x" * 119 + "\n"}, "121 columns")

    def test_blanks(self):
        self.refuses({"a.md": "a \n"}, "blanks at the end")
        self.refuses({"a.md": "a"}, "no newline")

    def test_unfinished(self):
        self.refuses({"a.cpp": HEAD + "// TO" + "DO: more\n"}, "finish it")

    def test_format(self):
        style = {".clang-format": "BasedOnStyle: LLVM\n"}
        self.refuses(style | {"a.cpp": HEAD + "int  a;\nint  b;\n"}, "not formatted")

    def test_quotes(self):
        page = "<!-- quote: a.cpp -->\n```cpp\nint a;\n```\n"
        self.accepts({"a.cpp": HEAD + "int a;\n", "a.md": page})
        self.refuses({"a.cpp": HEAD + "int b;\n", "a.md": page}, "differs from a.cpp")
        self.refuses({"a.md": page}, "does not exist")

    def test_english(self):
        for text, word in (
            ("// It shall be.\n", "shall"),
            ("int a;  // for who is told\n        // of it\n", "told of"),
            ('auto s = "a Host that is none";\n', "that is none"),
            ("/* So\n   many. */\n", "so many"),
            ('f("there is\\"", "to be had");\n', "to be had"),
        ):
            found = list(check_style.check_english(text))
            self.assertEqual(len(found), 1, text)
            self.assertIn(f'"{word}"', found[0][1])
        self.assertEqual(list(check_style.check_english('int shall = amid;  // told\nint a;  // of it\n"x";\n')), [])
        self.assertEqual(next(check_style.check_english("\n\n// a\n// whoever\n"))[0], 4)

    def test_english_is_checked_in_sources(self):
        tree = {"a.cpp": HEAD + "// whoever\n", "a.md": "whoever\n"}
        self.assertEqual([found[:2] for found in self.check(tree)], [("a.cpp", 5)])

    def test_ignored_files(self):
        self.accepts({".gitignore": "/build/\n", "build/a.cpp": "int  a;\n"})


if __name__ == "__main__":
    unittest.main()
