#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_commits.py on messages, and on a small repository.

import subprocess
import tempfile
import unittest
from pathlib import Path

import check_commits


class CheckCommits(unittest.TestCase):
    def test_good_ones(self):
        for message in ("net: bound the close of a TLS socket", "http/server, net: say it\n\nBecause.", "ci: run .ci/run"):
            self.assertEqual(list(check_commits.check_message(message)), [])

    def test_bad_ones(self):
        for message, what in (
            ("net: " + "x" * 68, "73 columns"),
            ("Fix the thing", "scope: what it does"),
            ("net: fix it.", "full stop"),
            ("net: fix it\nBecause.", "blank line"),
        ):
            self.assertIn(what, "".join(check_commits.check_message(message)))

    def test_only_those_of_the_branch(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)

            def git(*arguments):
                subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=root, check=True,
                               capture_output=True)

            git("init", "-q", "-b", "trunk")
            git("commit", "-q", "--allow-empty", "-m", "Old and without a scope")
            self.assertIsNone(check_commits.base_of(root))
            git("branch", "main")
            git("commit", "-q", "--allow-empty", "-m", "net: good")
            git("commit", "-q", "--allow-empty", "-m", "bad")
            git("checkout", "-qb", "side", "main")
            git("commit", "-q", "--allow-empty", "-m", "net: other")
            git("merge", "-q", "--no-edit", "trunk")
            found = [what for _, what in check_commits.findings(root, check_commits.base_of(root))]
            self.assertEqual(len(found), 2)
            self.assertIn("a merge; rebase the branch instead", found)
            self.assertIn('the subject is not "scope: what it does": bad', found)


if __name__ == "__main__":
    unittest.main()
