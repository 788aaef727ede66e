# SPDX-License-Identifier: MIT
"""python3 -m tendril COMMAND: run a program on green threads, or serve a WSGI application."""

import importlib
import sys

COMMANDS = {
    "run": "run a Python program so that its threads are green threads",
    "serve": "serve a WSGI application over HTTP",
}

USAGE = "usage: python3 -m tendril COMMAND [ARGUMENTS]\n\n" + "".join(
    f"  {name:8} {what}\n" for name, what in COMMANDS.items()) + "\n`python3 -m tendril COMMAND --help` says more.\n"


def main(arguments=None):
    """Runs the command that the first argument names; by default of this process. Returns the exit status."""
    if arguments is None:
        arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        if arguments:
            sys.stderr.write(f"tendril: no such command: {arguments[0]}\n")
        sys.stderr.write(USAGE)
        return 125
    return importlib.import_module("tendril." + arguments[0]).main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main())
