#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# man_pages.py on small helps: what it finds in them, what it makes of them, and that man and the shells take it. The
# pages and completions that are there are tried, too.

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import man_pages

HELP = """usage: tendril top [options] PID

Shows - what
it shows.

  --once           print one page, and
                   end
  --sort=ORDER     by [what]
  --report[=FILE]  it's a report
  -c C, --config C  file
  --help           print this

The exit status is 0.
"""
COMMANDS = """usage: tendril <command> [arguments]

  run      run a program
  top      show a process

`tendril <command> --help` says more.
"""


class Helps(unittest.TestCase):
    def test_are_taken_apart(self):
        parsed = man_pages.parse_help(HELP)
        self.assertEqual(parsed.usage, "tendril top [options] PID")
        self.assertEqual(parsed.before, ["Shows - what it shows."])
        self.assertEqual(parsed.after, ["The exit status is 0."])
        self.assertEqual([(each.flags, each.value, each.text) for each in parsed.options],
                         [(["--once"], "", "print one page, and end"), (["--sort"], "=ORDER", "by [what]"),
                          (["--report"], "[=FILE]", "it's a report"), (["-c", "--config"], " C", "file"),
                          (["--help"], "", "print this")])
        self.assertEqual(man_pages.parse_help(COMMANDS).commands, [("run", "run a program"), ("top", "show a process")])

    def test_become_a_page(self):
        page = man_pages.man_page("tendril-top", HELP)
        self.assertIn(".SH OPTIONS\n.TP\n.B \\-\\-once\nprint one page, and end\n", page)
        self.assertIn(".SH EXIT STATUS\nThe exit status is 0.\n", page)
        self.assertIn(".TP\n.B run\nRun a program; see tendril\\-run(1).", man_pages.man_page("tendril", COMMANDS))


class Files(unittest.TestCase):
    def test_of_man_have_no_fault(self):
        pages = sorted((man_pages.ROOT / "docs" / "man").glob("*.1"))
        self.assertEqual(sorted(page.stem for page in pages), sorted(man_pages.SECTIONS))
        if shutil.which("groff") is None:
            self.skipTest("groff is not on this machine")
        for page in pages:
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", str(page)], capture_output=True, text=True)
            self.assertEqual(done.stderr, "", page)
            self.assertIn(f"{page.stem} - ", done.stdout)

    def complete(self, *words):
        script = (f"source {man_pages.ROOT}/programs/completions/tendril.bash; compopt() {{ :; }}; "
                  "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                  "if [[ $1 == tendril-worker ]]; then _tendril_worker; else _tendril; fi; echo \"${COMPREPLY[*]}\"")
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_of_bash_complete(self):
        self.assertEqual(self.complete("tendril", "t"), ["top"])
        self.assertEqual(self.complete("tendril", "top", "--so"), ["--sort="])
        self.assertEqual(self.complete("tendril", "run", "--rep"), ["--report"])
        self.assertIn("--bind=", self.complete("tendril", "serve", "--b"))
        self.assertEqual(self.complete("tendril-worker", "--onc"), ["--once"])
        self.assertEqual(self.complete("tendril", "none", "--x"), [])

    def test_of_bash_name_processes(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "tendril"
            program.write_text("#!/bin/sh\necho '1234 ./server'\necho '1299 ./other'\n")
            program.chmod(0o755)
            self.assertEqual(self.complete(str(program), "top", "12"), ["1234", "1299"])

    def test_of_zsh_have_no_fault(self):
        if shutil.which("zsh") is None:
            self.skipTest("zsh is not on this machine")
        done = subprocess.run(["zsh", "-n", str(man_pages.ROOT / "programs" / "completions" / "_tendril")],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
