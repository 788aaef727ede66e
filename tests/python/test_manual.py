# SPDX-License-Identifier: MIT
"""docs/python.md: each program in it is run, and prints what stands below it; each command is tried, here or elsewhere."""

import glob
import os
import re
import sys
import tempfile
import unittest

from support import ROOT, environment, run_command, run_program

FENCE = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.M | re.S)
ELSEWHERE = {
    "python3 -m pip install .": "test_wheel",
    "python3 -m pip wheel . --wheel-dir dist": "test_wheel",
    "make python": "tools/check_commands.py README.md",
    "make install PREFIX=$HOME/.local": "test_wheel",
    "python3 -m tendril serve module:application": "test_serve",
    "python3 -m tendril serve --bind 127.0.0.1:8000 --workers 2 \"module:make(debug=False)\"": "test_serve",
}
RUN = re.compile(r"python3 -m tendril run (?:--as \w+ )?program\.py")
PROGRAM = "import tendril, threading\nthreading.Thread(target=print, args=('hello',)).start()\n"


def manual(name="python"):
    with open(os.path.join(ROOT, "docs", f"{name}.md"), encoding="utf-8") as file:
        return file.read()


def fences(kind):
    return [(body, output) for name, body, output in FENCE.findall(manual()) if name == kind]


class Manual(unittest.TestCase):
    def test_its_programs_print_what_stands_below_them(self):
        programs = fences("python")
        self.assertGreater(len(programs), 3)
        for body, output in programs:
            with self.subTest(body.splitlines()[0]):
                status, stdout, stderr = run_program(body)
                self.assertEqual((stdout, status), (output, 0), stderr)

    def test_its_commands_are_tried(self):
        commands = [line for body, _ in fences("sh") for line in body.splitlines()]
        for command in commands:
            if command in ELSEWHERE:
                continue
            with self.subTest(command), tempfile.TemporaryDirectory(prefix="tendril-manual-") as folder:
                self.assertRegex(command, RUN, "a command that nothing tries")
                with open(os.path.join(folder, "program.py"), "w", encoding="utf-8") as file:
                    file.write(PROGRAM)
                status, stdout, stderr = run_command([sys.executable, *command.split()[1:]], cwd=folder,
                                                     env=environment())
                self.assertEqual((stdout, status), ("hello\n", 0), stderr)
        self.assertEqual(set(ELSEWHERE) - set(commands), set(), "named here, and not in the manual any more")

    @unittest.skipUnless(glob.glob(os.path.join(ROOT, "bench", "results", "python-[0-9]*.json")), "not measured yet")
    def test_its_figures_are_those_that_were_measured(self):
        table = os.path.join(ROOT, "bench", "python", "table.py")
        status, stdout, stderr = run_command([sys.executable, table])
        self.assertEqual((status, stderr), (0, ""))
        blocks = stdout.split("\n\n<!--")
        pages = ("python", "python", "coming-from-gevent", "coming-from-eventlet", "coming-from-greenlet")
        self.assertEqual(len(blocks), len(pages))
        for block, page in zip(blocks, pages):
            with self.subTest(page):
                self.assertIn(block.removeprefix("<!--"), manual(page))


if __name__ == "__main__":
    unittest.main()
