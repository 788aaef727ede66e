#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# reference.py on small headers and documents: what becomes documentation, and of what; and, where Doxygen is installed,
# that it refuses a public name without a comment.

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import reference

HEAD = """// SPDX-License-Identifier: MIT
// Floor: base
//
// Lamp: gives light.

#pragma once

"""


def made(body, public=True):
    """The lines behind HEAD of what Doxygen gets."""
    lines = reference.header(HEAD + body, public).splitlines()
    return lines[HEAD.count("\n"):]


class Headers(unittest.TestCase):
    def test_the_first_comment_is_the_files_and_the_class_it_names(self):
        lines = reference.header(HEAD + "class Lamp {\n};\n").splitlines()
        self.assertEqual(lines[0], "/// @file")
        self.assertEqual(lines[3], "/// Lamp: gives light.")
        self.assertTrue(lines[7].startswith("/** Lamp: gives light. */ class Lamp"))

    def test_lines_stay_where_they_are(self):
        for header in (reference.ROOT / "include").rglob("*.hpp"):
            text = header.read_text()
            self.assertEqual(reference.header(text).count("\n"), text.count("\n"), header)

    def test_a_comment_before_and_one_behind(self):
        self.assertEqual(made("// Lights it.\nvoid on();\n\nint lamps;  // how many\n"),
                         ["/// Lights it.", "void on();", "", "int lamps;  ///< how many"])

    def test_a_comment_holds_until_a_blank_line(self):
        self.assertEqual(made("// Lights it.\nvoid on();\nvoid on(int watts);\n\nvoid off();\n"),
                         ["/// Lights it.", "void on();", "/** Lights it. */ void on(int watts);", "", "void off();"])

    def test_a_comment_apart_and_one_in_a_body_are_no_documentation(self):
        body = "// Of all lamps.\n\nvoid off();\nvoid on() {\n    // now\n    light();  // it\n}\n"
        self.assertEqual(made(body), body.splitlines())

    def test_rows_of_a_comment_belong_to_the_names_in_them(self):
        lines = made("//   red   stops\n//   green   goes\n//           on\n\nint red;\nint green;\nint blue;\n")
        self.assertEqual(lines[4:], ["/** stops */ int red;", "/** goes on */ int green;", "int blue;"])

    def test_special_members_say_what_they_do(self):
        lines = made("class Lamp {\npublic:\n    Lamp(const Lamp&) = delete;\n    Lamp(Lamp&&);\n    ~Lamp();\n"
                     "    int* begin() const;\n    int odd() const;\n};\n")
        self.assertIn("Not copyable.", lines[2])
        self.assertIn("Moves;", lines[3])
        self.assertIn("Destroys it.", lines[4])
        self.assertIn("iteration", lines[5])
        self.assertEqual(lines[6], "    int odd() const;")

    def test_what_every_class_has_says_it_behind_another_comment_too(self):
        lines = made("class Lamp {\npublic:\n    // Lights it.\n    void on();\n    void on(int);\n"
                     "    bool is_open() const;\n    // NOLINTNEXTLINE(x)\n    Lamp(Lamp&&);\n};\n")
        self.assertIn("Lights it.", lines[4])
        self.assertIn("Whether it is open.", lines[5])
        self.assertEqual(lines[6], "    // NOLINTNEXTLINE(x)")
        self.assertIn("Moves;", lines[7])

    def test_what_is_protected_for_the_library_only_is_hidden(self):
        self.assertIn("private:", made("class Lamp {\nprotected:\n    int state_;\n};\n")[1])
        lines = made("class Lamp {\nprotected:\n    // For lamps of yours.\n    void on();\n};\n")
        self.assertIn("protected:", lines[1])

    def test_details_are_hidden_but_for_those_that_are_shown(self):
        body = "namespace detail {\nclass Wire {};\n\n// A queue.\nclass BasicQueue {\n};\n\nvoid f();\n" \
               "}  // namespace detail\n"
        lines = made(body)
        self.assertEqual([line for line in lines if "@cond" in line or "@endcond" in line],
                         ["namespace detail { /** @cond */", "/** @endcond */ /// A queue.", "}; /** @cond */",
                          "/** @endcond */ }  // namespace detail"])

    def test_nothing_in_a_comment_is_a_command(self):
        self.assertEqual(reference.comment_text(["// Of a Queue<T> @ #1; `a<b>` stays. Throws: ::errno"]),
                         ["Of a Queue\\<T\\> \\@ \\#1; `a<b>` stays. <br><b>Throws:</b> \\::errno"])
        self.assertEqual(reference.comment_text(["// So:", "//", "//     a<b> c;"]), ["So:", "", "     a<b> c;"])


class Documents(unittest.TestCase):
    def test_headings_and_links(self):
        text = "# Tendril\n\n## Use it\n\nSee [this](#use-it), [that](docs/run.md#how-it-gets-in), [code](src/x.cpp)." \
               "\n\n```sh\n# [no](link)\n```\n"
        self.assertEqual(reference.document("README.md", text),
                         "# Tendril {#readme}\n\n## Use it {#readme--use-it}\n\nSee [this](@ref readme--use-it), "
                         "[that](@ref docs-run--how-it-gets-in), code.\n\n```sh\n# [no](link)\n```\n")


@unittest.skipUnless(shutil.which("doxygen"), "no doxygen here")
class Doxygen(unittest.TestCase):
    def findings(self, header):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for each in ("include/tendril", "docs/reference", "bench/results"):
                (root / each).mkdir(parents=True)
            shutil.copy(reference.ROOT / "docs/reference/Doxyfile", root / "docs/reference")
            (root / "README.md").write_text("# Lamps\n")
            (root / "include/tendril/lamp.hpp").write_text(HEAD + header)
            with mock.patch.object(reference, "ROOT", root), mock.patch("builtins.print") as printed:
                status = reference.main()
            return status, printed.call_args[0][0]

    def test_refuses_a_public_name_without_a_comment(self):
        good = "namespace lamps {\n// Lights it.\nvoid on();\n\n}  // namespace lamps\n"
        self.assertEqual(self.findings(good), (0, "reference: 0 findings"))
        status, text = self.findings(good.replace("\n\n}", "\n\nvoid off();\n}"))
        self.assertEqual(status, 1)
        self.assertIn("include/tendril/lamp.hpp:12: ", text)
        self.assertIn("off() (function) of namespace lamps is not documented", text)


if __name__ == "__main__":
    unittest.main()
