#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command beside real servers that listen on loopback only:

    with_server.py postgres redis -- command args

Each server gets a free port and a folder of its own, which are gone afterwards, also when this is killed. The command
learns where they are by its environment: see servers.py. Exit status: the command's; 77 if a server is not installed.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

import guard
import servers

SKIPPED = 77


def run(names, command):
    """Starts the servers, runs the command and stops them. Returns its exit status, as a shell would say it."""
    folder = tempfile.mkdtemp(prefix="tendril-servers-")
    os.chmod(folder, 0o755)
    guardian = guard.Guard(folder)
    try:
        environment = dict(os.environ)
        for name in names:
            environment.update(servers.start(servers.SERVERS[name], folder, guardian))
        status = subprocess.Popen(command, env=environment, preexec_fn=guard.end_with_parent).wait()
    except servers.DoesNotStart as error:
        print(f"with_server.py: {error}", file=sys.stderr)
        status = 1
    finally:
        guardian.end()
    return status if status >= 0 else 128 - status


def main(arguments):
    """Returns the exit status."""
    if "--" not in arguments or not arguments[arguments.index("--") + 1 :]:
        print(__doc__, file=sys.stderr)
        return 2
    middle = arguments.index("--")
    names, command = arguments[:middle], arguments[middle + 1 :]
    for name in names:
        if name not in servers.SERVERS:
            print(f"with_server.py: no server {name}; there are {' '.join(servers.SERVERS)}", file=sys.stderr)
            return 2
        missing = [one for one in servers.SERVERS[name].needs if not shutil.which(one)]
        if missing:
            print(f"with_server.py: skipped, this machine has no {' '.join(missing)}")
            return SKIPPED
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever kills this, the guard does the rest
    return run(names, command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
