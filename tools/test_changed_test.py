#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# test_changed.py on a small tree of its own.

import subprocess
import tempfile
import unittest
from pathlib import Path

import test_changed

TREE = {
    "include/tendril/event.hpp": "#include <tendril/time.hpp>\n",
    "include/tendril/time.hpp": "",
    "src/hub/hub.cpp": '#include "hub/hub.hpp"\n',
    "src/hub/hub.hpp": "",
    "src/hub/hub_test.cpp": '#include "faults.hpp"\n',
    "src/net/inner/socket.cpp": '#include "hub/hub.hpp"\n#include "near.hpp"\n',
    "src/net/inner/near.hpp": "",
    "src/net/socket_test.cpp": "#include <tendril/event.hpp>\n",
    "src/net/socket_bench.cpp": "",
    "src/debug/no_tests.cpp": "",
    "tests/support/faults.hpp": "",
    "tests/support/faults.cpp": "",
    "tests/programs/started.cpp": "",
    "tests/integration/a_test.cpp": "",
    "README.md": "",
}


class TestChanged(unittest.TestCase):
    def affected(self, *names):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)

            def git(*arguments):
                subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=root, check=True,
                               capture_output=True)

            for name, text in TREE.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            git("init", "-q")
            git("add", "-A")
            git("commit", "-qm", "all: begin")
            for number, name in enumerate(names):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(TREE.get(name, "") + "// changed\n")
                if number % 2:
                    git("add", "-A")
                    git("commit", "-qm", "all: change")
            base = subprocess.run(["git", "rev-list", "--max-parents=0", "HEAD"], cwd=root, check=True,
                                  capture_output=True, text=True).stdout.strip()
            return test_changed.affected(root, base)

    def test_nothing(self):
        self.assertEqual(self.affected(), [])
        self.assertEqual(self.affected("README.md", "src/net/socket_bench.cpp", "src/debug/no_tests.cpp"), [])

    def test_a_source_is_its_floors(self):
        self.assertEqual(self.affected("src/hub/hub.cpp"), ["hub"])
        self.assertEqual(self.affected("src/net/inner/socket.cpp", "tests/programs/started.cpp"), ["net", "integration"])

    def test_a_header_is_of_all_that_include_it(self):
        self.assertEqual(self.affected("src/hub/hub.hpp"), ["hub", "net"])
        self.assertEqual(self.affected("src/net/inner/near.hpp"), ["net"])
        self.assertEqual(self.affected("include/tendril/time.hpp"), ["net"])

    def test_what_supports_a_test_is_its_own(self):
        self.assertEqual(self.affected("tests/support/faults.cpp"), ["hub"])

    def test_a_file_that_git_does_not_know_counts(self):
        self.assertEqual(self.affected("src/hub/new_test.cpp"), ["hub"])


if __name__ == "__main__":
    unittest.main()
