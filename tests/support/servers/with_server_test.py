#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of with_server.py, by the one server that needs no package."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
FETCH = (
    "import os, urllib.request as u;"
    "print(u.urlopen('http://127.0.0.1:' + os.environ['TENDRIL_TEST_HTTP_PORT'] + '/slow').read().decode())"
)


class WithServer(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.environment = {**os.environ, "TMPDIR": self.folder.name}

    def start(self, *arguments, **options):
        """Starts it with a folder for temporary files that only this test has."""
        return subprocess.Popen(
            [sys.executable, os.path.join(HERE, "with_server.py"), *arguments],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def await_empty_folder(self):
        """Fails unless all that was made is soon gone."""
        give_up = time.monotonic() + 20
        while os.listdir(self.folder.name) and time.monotonic() < give_up:
            time.sleep(0.02)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_command_talks_with_the_server(self):
        out, _ = self.start("slow_http", "--", sys.executable, "-c", FETCH).communicate()
        self.assertEqual(out, "slow\n")
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_status_is_the_commands(self):
        self.assertEqual(self.start("slow_http", "--", "sh", "-c", "exit 3").wait(), 3)
        self.assertEqual(self.start("slow_http", "--", "sh", "-c", "kill -9 $$").wait(), 128 + signal.SIGKILL)

    def test_two_at_once_do_not_meet(self):
        both = [self.start("slow_http", "--", sys.executable, "-c", FETCH) for _ in range(2)]
        self.assertEqual([one.communicate()[0] for one in both], ["slow\n", "slow\n"])

    def test_all_of_it_ends_when_it_is_killed(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            process = self.start("slow_http", "--", "sh", "-c", "echo $$; exec sleep 600")
            command = int(process.stdout.readline())
            process.send_signal(number)
            process.wait()
            self.await_empty_folder()
            give_up = time.monotonic() + 20
            while self.lives(command) and time.monotonic() < give_up:
                time.sleep(0.02)
            self.assertFalse(self.lives(command))

    @staticmethod
    def lives(process):
        """Returns whether the process is there and no zombie."""
        try:
            with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def test_skips_what_is_not_installed(self):
        self.environment["PATH"] = "/nowhere"
        process = self.start("redis", "--", "true")
        out, _ = process.communicate()
        self.assertEqual(process.returncode, 77)
        self.assertIn("no redis-server", out)

    def test_unknown_servers_and_missing_commands(self):
        self.assertEqual(self.start("oracle", "--", "true").wait(), 2)
        self.assertEqual(self.start("redis").wait(), 2)
        self.assertEqual(self.start("redis", "--").wait(), 2)


if __name__ == "__main__":
    unittest.main()
