# SPDX-License-Identifier: MIT
"""The tutorials' programs, unchanged on the real gevent or eventlet and on ours: the same output from both."""

import glob
import importlib.util
import os
import re
import unittest

from support import ROOT, run_program

SEEDS = os.path.join(ROOT, "examples", "seeds")


IMPORT = re.compile(r"^(?:import|from) (eventlet|gevent)\b", re.M)


def peer_of(path):
    """Whose program it is: what it imports first. One that imports neither (greenlet, or nothing) is tried as gevent's."""
    with open(path, encoding="utf-8") as file:
        found = IMPORT.search(file.read())
    return found[1] if found else "gevent"


def programs(peer):
    found = [path for path in sorted(glob.glob(os.path.join(SEEDS, "*", "*.py"))) if peer_of(path) == peer]
    assert len(found) > 10, f"{found} in {SEEDS}"
    return found


def expected(path, ending):
    with open(path[:-len(".py")] + ending, encoding="utf-8") as file:
        return file.read()


class Seeds(unittest.TestCase):
    def check(self, peer, options, endings):
        for path in programs(peer):
            with self.subTest(os.path.basename(path)):
                ending = next(ending for ending in endings if os.path.exists(path[:-len(".py")] + ending))
                status, stdout, stderr = run_program(path, timeout=60, options=options)
                self.assertEqual((stdout, status), (expected(path, ending), 0), stderr)

    # What the tutorials call pitfalls is mended here: NAME.mended has what ours says, NAME.expected what all others do.
    @unittest.skipUnless(importlib.util.find_spec("tendril.gevent"), "no tendril.gevent")
    def test_gevent_programs_on_tendril(self):
        self.check("gevent", ("-m", "tendril", "run", "--as", "gevent"), (".mended", ".expected"))

    @unittest.skipUnless(importlib.util.find_spec("tendril.eventlet"), "no tendril.eventlet")
    def test_eventlet_programs_on_tendril(self):
        self.check("eventlet", ("-m", "tendril", "run", "--as", "eventlet"), (".mended", ".expected"))

    @unittest.skipUnless(importlib.util.find_spec("gevent"), "no gevent (Debian: python3-gevent)")
    def test_gevent_programs_on_gevent(self):
        self.check("gevent", (), (".expected",))

    @unittest.skipUnless(importlib.util.find_spec("eventlet"), "no eventlet (Debian: python3-eventlet)")
    def test_eventlet_programs_on_eventlet(self):
        self.check("eventlet", (), (".expected",))


if __name__ == "__main__":
    unittest.main()
