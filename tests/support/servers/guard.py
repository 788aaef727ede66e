# SPDX-License-Identifier: MIT
"""A process that ends servers and removes their folder when this one ends, however it ends.

It is nobody's child, so that a test driver that kills a test with all its descendants does not kill it.
"""

import ctypes
import os
import shutil
import signal
import time

PR_SET_PDEATHSIG = 1


def end_with_parent():
    """In a child, before its exec: it gets SIGKILL when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill_session(leader):
    """Kills the process group that the process leads."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def groups_left(groups):
    """Returns whether a process of the groups still lives; zombies do not."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    state, _, group = file.read().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(group) in groups and state != "Z":
                return True
    return False


class Guard:
    """Ends what it was told of when end() is called, or when its owner has gone."""

    def __init__(self, folder):
        orders, self._orders = os.pipe()
        self._over, over = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(self._orders)
            os.close(self._over)
            if os.fork() == 0:
                os.setsid()
                self._watch(orders, folder)
            os._exit(0)
        os.close(orders)
        os.close(over)
        os.waitpid(child, 0)

    def add(self, leader):
        """Has the process group ended that this process leads."""
        os.write(self._orders, b"%d\n" % leader)

    def end(self):
        """Returns when all of it has ended and the folder is gone."""
        os.close(self._orders)
        os.read(self._over, 1)
        os.close(self._over)
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass

    @staticmethod
    def _watch(orders, folder):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with os.fdopen(orders, encoding="ascii") as lines:
            groups = {int(line) for line in lines}
        for group in groups:
            kill_session(group)
        give_up = time.monotonic() + 10
        while groups_left(groups) and time.monotonic() < give_up:
            time.sleep(0.01)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
