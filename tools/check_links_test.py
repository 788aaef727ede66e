#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_links.py on small trees: each rule once kept and once broken.

import subprocess
import tempfile
import unittest
from pathlib import Path

import check_links


class CheckLinks(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(check_links.findings(Path(folder)))

    def accepts(self, files):
        self.assertEqual(self.check(files), [])

    def refuses(self, files, line, text):
        found = self.check(files)
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0][1], line)
        self.assertIn(text, found[0][2])

    def test_files(self):
        self.accepts({"README.md": "see [a](docs/a.md) and [x](src/x.cpp)", "docs/a.md": "[up](../README.md)", "src/x.cpp": ""})
        self.refuses({"README.md": "one\n[a](docs/a.md)"}, 2, "there is no docs/a.md")
        self.refuses({"README.md": "[a](docs/a.md)", "docs/a.md": "[b](b.md)", "b.md.txt": ""}, 1, "there is no docs/b.md")

    def test_folders(self):
        self.accepts({"README.md": "[all](docs/) [src](src)", "docs/a.md": "", "src/x.cpp": ""})
        self.refuses({"README.md": "[all](docs/)", "src/x.cpp": ""}, 1, "there is no docs")

    def test_headings(self):
        text = "[1](#the-first-one) [2](#the-first-one-1) [3](#code-and-c) [4](#here)\n"
        self.accepts({"README.md": text + "# The first one\n## The first, one\n## `code` and C++\n" + '<a id="here"></a>'})
        self.refuses({"README.md": "[1](#second)\n# First"}, 1, 'no heading "second"')
        self.refuses({"README.md": "[1](a.md#second)", "a.md": "# First"}, 1, 'a.md has no heading "second"')
        self.refuses({"README.md": "[1](#comment)\n```sh\n# comment\n```"}, 1, 'no heading "comment"')

    def test_other_forms(self):
        self.refuses({"README.md": "[a][b]\n\n[b]: c.md"}, 3, "there is no c.md")
        self.refuses({"README.md": '<img src="a.svg">'}, 1, "there is no a.svg")
        self.refuses({"README.md": '![picture](a.svg "title")'}, 1, "there is no a.svg")
        self.refuses({"README.md": "`x` [`f(int)`](a(b).hpp)"}, 1, "there is no a(b).hpp")

    def test_not_links(self):
        self.accepts({"README.md": "`[a](b)` ``[c](d)`` [web](https://example.org/x) <!-- [e](f) -->\n```\n[g](h)\n```\n"})
        self.accepts({"README.md": "    ```cpp\n    auto x = [y](z);\n    ```\n"})

    def test_reachable(self):
        self.accepts({"README.md": "[a](a.md)", "a.md": "[b](b.md)", "b.md": "[a](a.md)"})
        self.refuses({"README.md": "", "a.md": ""}, 1, "no way of links")
        self.assertEqual(len(self.check({"README.md": "", "a.md": "[b](b.md)", "b.md": "[a](a.md)"})), 2)


if __name__ == "__main__":
    unittest.main()
