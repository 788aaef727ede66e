#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# figures.py on small texts and a small repository.

import subprocess
import tempfile
import unittest
from pathlib import Path

import figures

TEXT = """// What it is.
//
#pragma once

int f(int n) {  // why
    /* two
       lines */
    const char* s = "// no comment";
    return [&] { return n; }();
}

namespace a {
struct B {
    void g() const noexcept {}
    int table[2] = {1, 2};
};
}  // namespace a
"""


class Figures(unittest.TestCase):
    def test_lines(self):
        self.assertEqual(figures.code_lines(TEXT), 11)
        self.assertEqual(figures.comment_lines(TEXT), 4)

    def test_functions_are_bodies_and_nothing_else(self):
        self.assertEqual(figures.function_lengths(TEXT), [6, 1])

    def test_a_constructor_is_one(self):
        self.assertEqual(figures.function_lengths("A::A(int n) : b_(n) {\n}\nenum class E { a };\nint x[] = {1};\n"), [2])

    def test_spread(self):
        self.assertEqual(figures.spread(range(1, 11)), "6 / 10 / 10")
        self.assertEqual(figures.spread([]), "0 / 0 / 0")

    def test_a_repository_and_what_it_was(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)

            def git(*arguments):
                subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=root, check=True,
                               capture_output=True)

            def put(name, text):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)

            git("init", "-q")
            put("include/tendril/a.hpp", "// A.\n#include <tendril/b.hpp>\nint a();\n")
            put("include/tendril/b.hpp", "#include <tendril/c.hpp>\nint b();\n")
            put("include/tendril/c.hpp", "int c();\n")
            put("src/x/a.hpp", '#include "y/b.hpp"\n')
            put("src/y/b.hpp", '#include "x/a.hpp"\n')
            put("src/x/a.cpp", '#include "x/a.hpp"\nvoid a() {\n' + "    b();\n" * 60 + "}\n")
            put("src/x/a_test.cpp", "int t;\n")
            git("add", "-A")
            git("commit", "-qm", "x: begin")
            before = figures.of_checkout(root)
            put("src/y/b.hpp", "void f(int n) { TENDRIL_ASSERT(n > 0); }\n#define TENDRIL_ASSERT(x)\n")
            git("commit", "-qam", "y: " + "long " * 20 + "\n\nWith a reason.")
            now = figures.of_checkout(root)

            self.assertEqual(before, figures.of_revision(root, "HEAD~1"))
            self.assertEqual(before["files"], 6)
            self.assertEqual(before["functions over 60 lines"], 1)
            self.assertEqual(before["folder pairs that include each other"], 1)
            self.assertEqual(before["own headers that a public header pulls in, median / max"], "1 / 2")
            self.assertEqual(before["comments in public headers"], "17 %")
            self.assertEqual(before["checks of invariants"], 0)
            self.assertEqual(now["checks of invariants"], 1)
            self.assertEqual(now["folder pairs that include each other"], 0)
            self.assertEqual(now["commit subjects over 72 columns"], "1 of 2")
            self.assertEqual(now["commits with a body"], 1)


if __name__ == "__main__":
    unittest.main()
