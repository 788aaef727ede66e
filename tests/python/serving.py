# SPDX-License-Identifier: MIT
"""A server of WSGI in a process of its own, for the tests of `tendril serve` and of gunicorn's workers."""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request

import support


class Process:
    """A server in a process of its own, in a folder with app.py."""

    def __init__(self, test, *arguments, program=("-m", "tendril", "serve"), listening=r"istening at:? (?:https?://)?(\S+)",
                 source, environment=None):
        support.skip_if_refused()  # all of them patch
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("app.py", source)
        self.child = subprocess.Popen([sys.executable, *program, *arguments], cwd=self.folder, stderr=subprocess.PIPE,
                                      stdin=subprocess.DEVNULL, bufsize=0, start_new_session=True,
                                      env=support.environment(**environment or {}))
        test.addCleanup(self.end)
        self.lines = []
        while not (found := re.search(listening, self.line())):
            pass
        self.address = found[1].rstrip(")")

    def write(self, name, source):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(textwrap.dedent(source))
        os.replace(path + ".new", path)

    def read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def line(self):
        if not select.select([self.child.stderr], [], [], 30)[0]:
            raise AssertionError(f"the server says nothing more: {''.join(self.lines)}")
        line = self.child.stderr.readline().decode()
        if not line:
            raise AssertionError(f"the server has ended: {''.join(self.lines)}")
        self.lines.append(line)
        return line

    def get(self, path="/", **options):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=30, **options) as answer:
            return answer.read().decode()

    def send(self, number):
        os.kill(self.child.pid, number)

    def await_that(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("it did not happen in time")
            time.sleep(0.02)

    def pid(self):
        try:
            return self.get().split()[0]
        except OSError:
            return None

    def stop(self, number=signal.SIGTERM):
        self.send(number)
        self.lines.append(self.child.stderr.read().decode())
        return self.child.wait(30)

    def end(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        self.child.stderr.close()


def served(test, *arguments, **options):
    return Process(test, "--bind", "127.0.0.1:0", *arguments, **options)
