# SPDX-License-Identifier: MIT
"""What is spawned before a fork runs in the parent and in the child: a pitfall that the tutorial warns of."""

from gevent import monkey
monkey.patch_all()

import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402


def do_magic():
    os.write(1, b"magic...\n")


def main():
    g = gevent.spawn_later(0.1, do_magic)
    pid = os.fork()
    if pid != 0:
        g.join()
        os.waitpid(pid, 0)
        return
    time.sleep(0.3)
    os._exit(0)


main()
sys.stdout.flush()
