# SPDX-License-Identifier: MIT
"""What the tests of the Python package share. Found by `python3 -m unittest discover -s tests/python`."""

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import unittest

REFUSAL = "patch: a sanitizer's runtime is in this process"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as what a script starts in the background inherits it, and its children
    signal.signal(signal.SIGINT, signal.default_int_handler)


def package_folder():
    """The folder that `import tendril` finds the package in, for another interpreter's PYTHONPATH."""
    return os.path.dirname(os.path.dirname(os.path.abspath(importlib.util.find_spec("tendril").origin)))


def environment(**more):
    """A child's environment, in which `import tendril` finds the same package."""
    found = dict(os.environ)
    folders = [package_folder()] + [path for path in found.get("PYTHONPATH", "").split(os.pathsep) if path]
    found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(folders))
    found.update(more)
    return found


def skip_if_refused(stderr=REFUSAL):
    """Skips the test under `make python-asan` if patch() was refused, as it must be in a sanitizer's presence."""
    if "asan" in os.environ.get("LD_PRELOAD", "") and REFUSAL in stderr:
        raise unittest.SkipTest("patch() is refused under a sanitizer")


def wait_until(condition, seconds=30):
    """Lets green threads run until condition() is true. tendril.Timeout if that takes longer than `seconds`."""
    import tendril
    with tendril.Timeout(seconds):
        while not condition():
            tendril.sleep(0.001)


def run_command(command, timeout=60, **options):
    """Runs it, in a session of its own. Returns (status, stdout, stderr); a negative status is the signal it died by.

    AssertionError with what it wrote so far, if it takes longer than `timeout`; nothing of its session lives on. Skips the
    test if patch() was refused in it: see skip_if_refused().
    """
    options.setdefault("env", environment())
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="backslashreplace", start_new_session=True, **options) as child:
        try:
            stdout, stderr = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            stdout, stderr = child.communicate()
            skip_if_refused(stderr)
            raise AssertionError(f"{command} ran for more than {timeout} s\n{stdout}\n{stderr}") from None
        skip_if_refused(stderr)
        return child.returncode, stdout, stderr


def run_program(source_or_path, *args, timeout=60, options=(), **more):
    """Runs a program in a python3 of its own, given its text, or the path of a file: one that exists, in one line.

    `options` are the interpreter's own, before the program: ("-m", "tendril", "run", "--as", "gevent"). `more` is
    subprocess.Popen's. Returns (status, stdout, stderr), see run_command().
    """
    text = os.fspath(source_or_path)
    if "\n" not in text and os.path.isfile(text):
        return run_command([sys.executable, *options, text, *map(str, args)], timeout, **more)
    with tempfile.TemporaryDirectory(prefix="tendril-test-") as folder:
        path = os.path.join(folder, "program.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return run_command([sys.executable, *options, path, *map(str, args)], timeout, **more)
