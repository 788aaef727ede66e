#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_commands.py on small texts: what counts as a command, and what becomes of one.

import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import check_commands

DOCUMENT = """Run `make test`, or `tools/setup`; `build/` and `makefile` are no commands.

```sh
make run      # a remark
make run ARGS="--serve" # another

make test
```

```cpp
make();  // `make nothing`
```
"""


class CheckCommands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.patch("ROOT", self.root)

    def patch(self, name, value):
        patched = mock.patch.object(check_commands, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def main(self, text, *options):
        (self.root / "README.md").write_text(text)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            return check_commands.main([*options, "README.md"]), out.getvalue()

    def test_finds_fences_first_and_each_command_once(self):
        self.assertEqual(check_commands.commands(DOCUMENT),
                         ["make run", 'make run ARGS="--serve"', "make test", "tools/setup"])

    def test_a_command_that_nobody_tries_is_an_error(self):
        status, out = self.main("`make coffee`\n")
        self.assertEqual(status, 1)
        self.assertIn("README.md: make coffee: nobody tries this command", out)

    def test_runs_all_also_after_a_failure(self):
        done = []
        self.patch("RUN", {"make run": lambda _: check_commands.shell("false"), "make test": done.append})
        self.patch("ELSEWHERE", {})
        status, out = self.main("`make run` `make test`\n")
        self.assertEqual((status, done), (1, ["make test"]))
        self.assertIn("error: README.md: make run:", out)

    def test_what_another_document_has_is_taken_for_tried(self):
        done = []
        self.patch("RUN", {"make run": done.append, "make test": done.append})
        self.patch("ELSEWHERE", {})
        (self.root / "BEFORE.md").write_text("`make run`\n")
        self.assertEqual(self.main("`make run` `make test`\n", "--after=BEFORE.md")[0], 0)
        self.assertEqual(done, ["make test"])

    def test_what_is_done_elsewhere_must_be_done_there(self):
        (self.root / "steps").write_text("make test\n")
        self.patch("ELSEWHERE", {"make test": ("steps", "make test"), "make fuzz": ("steps", "make fuzz")})
        self.assertEqual(self.main("`make test`\n")[0], 0)
        self.assertIn("steps does not do it any more", self.main("`make fuzz`\n")[1])

    def session(self, body):
        return self.main(f"```console\n{body}```\n")

    def test_a_session_prints_what_is_shown(self):
        self.assertEqual(self.session("$ word=hello\n$ echo $word; echo world\nhello\nworld\n")[0], 0)
        status, out = self.session("$ echo hello\nhello!\n$ echo not reached\n")
        self.assertEqual(status, 1)
        self.assertIn("echo hello: printed\nhello\nwhere the document shows\nhello!", out)

    def test_a_session_that_prints_more_or_less_fails(self):
        self.assertEqual(self.session("$ echo hello\n")[0], 1)
        self.assertEqual(self.session("$ true\nhello\n")[0], 1)
        self.assertEqual(self.session("$ exit\n$ echo never\nnever\n")[0], 1)

    def test_dots_stand_for_what_is_not_shown(self):
        self.assertTrue(check_commands.as_shown(["a", "b", "took 5 ms"], ["a", "...", "took ... ms"]))
        self.assertTrue(check_commands.as_shown([], ["..."]))
        self.assertFalse(check_commands.as_shown(["a", "b"], ["...", "c"]))
        self.assertFalse(check_commands.as_shown(["a.b"], ["a?b"]))

    def test_a_server_stays_for_the_session_on_a_port_that_is_free(self):
        server = "import http.server, sys; http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), " \
                 "http.server.BaseHTTPRequestHandler).serve_forever()"
        request = "(exec 3<>/dev/tcp/127.0.0.1/7000; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3)"
        status, out = self.session(f"$ python3 -c '{server}' 127.0.0.1 7000 2>/dev/null &\n$ {request}\n"
                                   "HTTP/1.0 501 Unsupported method ('GET')...\n")
        self.assertEqual(status, 0, out)
        self.assertEqual(check_commands.with_free_ports([("a 127.0.0.1:80", []), ("b 4711", [])]),
                         [("a 127.0.0.1:80", []), ("b 4711", [])])


if __name__ == "__main__":
    unittest.main()
