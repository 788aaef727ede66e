# SPDX-License-Identifier: MIT
"""python3 -m tendril run: starts a Python program on green threads, which nobody has to change for it.

It becomes a fresh interpreter, which finds a sitecustomize of ours first in its path: see startup.
"""

import os
import shutil
import subprocess
import sys

from tendril import startup

USAGE = """\
usage: python3 -m tendril run [options] (program.py | -m module | -c code) [arguments]

Runs a Python program so that its threads are green threads of one OS thread, and what would block one of them lets the
others run, in C libraries too.

  --as NAME        let `import gevent` or `import eventlet` mean tendril's modules of that shape; the program is then
                   patched when it asks for that, as it is used to, unless --patch is given
  --patch          patch it at its start, also with --as
  --classes LIST   which calls: io, sleep, names, processes, sync, threads, keys, signals, separated by commas
  --except LIST    which of them not; sync and keys are always needed
  --children       in the Python processes that it starts, too
  --report[=FILE]  at its exit, say what was patched and what is not covered: on standard error, or at the end of FILE
  --watch[=MS]     report each green thread that lets no other run for MS milliseconds (100) on standard error
  --interpreter    what follows are arguments of the interpreter
  --help           print this
"""


class UsageError(Exception):
    """The arguments cannot be understood."""


def _milliseconds(text):
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"--watch: {text} is not a number of milliseconds")
    return int(text)


def parse(arguments):
    """Reads the options. Returns (settings, the interpreter's arguments), or None for --help. Raises UsageError."""
    settings = startup.Settings()
    rest = list(arguments)
    patch = interpreter = False
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c", "-"):
        option, has_value, value = rest.pop(0).partition("=")
        if option == "--" and not has_value:
            break
        if option in ("--as", "--classes", "--except"):
            if not has_value:
                if not rest:
                    raise UsageError(f"{option}: the value is missing")
                value = rest.pop(0)
            if option == "--as":
                if value not in ("gevent", "eventlet"):
                    raise UsageError(f"--as: {value} is neither gevent nor eventlet")
                settings.as_name = value
            elif option == "--classes":
                settings.classes = value
            else:
                settings.without = value
        elif option == "--report":
            settings.report = os.path.abspath(value) if value not in ("", "-") else "-"
        elif option == "--watch":
            settings.watch_ms = _milliseconds(value) if has_value else 100
        elif option in ("-h", "--help"):
            return None
        elif option in ("--patch", "--children", "--interpreter") and not has_value:
            patch = patch or option == "--patch"
            settings.children = settings.children or option == "--children"
            if option == "--interpreter":
                interpreter = True
                break
        else:
            raise UsageError(f"{option}: no such option")
    settings.patch = patch or not settings.as_name
    if not rest and not interpreter:
        raise UsageError("no program is named")
    if not interpreter and rest[0] not in ("-m", "-c", "-") and _is_another_program(rest[0]):
        raise UsageError(f"{rest[0]} is not a file in Python; name that alone, as in `python3 -m tendril run program.py`")
    return settings, rest


def _is_another_program(name):
    """Whether it is no file for the interpreter, but a program: `python3` itself, say."""
    try:
        with open(name, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except FileNotFoundError:
        return shutil.which(name) is not None
    except OSError:
        return False  # the interpreter says what is wrong with it


def main(arguments):
    """Becomes the program. Returns the exit status if that fails."""
    try:
        parsed = parse(arguments)
    except UsageError as error:
        sys.stderr.write(f"tendril run: {error}\nTry `python3 -m tendril run --help`.\n")
        return 125
    if parsed is None:
        sys.stdout.write(USAGE)
        return 0
    settings, rest = parsed
    if sys.flags.ignore_environment or sys.flags.no_site:
        sys.stderr.write("tendril run: the interpreter's options -E, -I and -S leave no way into the program\n")
        return 125
    sys.stdout.flush()
    try:
        os.execve(sys.executable, [sys.executable, *subprocess._args_from_interpreter_flags(), *rest],
                  startup.environment(settings))
    except OSError as error:
        sys.stderr.write(f"tendril run: {sys.executable}: {error.strerror}\n")
        return 126
