# SPDX-License-Identifier: MIT
"""Many green threads at once: more than there are spare PyThreadStates for."""

import unittest

from support import run_program

PROGRAM = """\
import tendril
{patch}
started = []

def sleeper():
    started.append(1)
    tendril.sleep(0.05)
    return 1

for _ in range(2):
    print(sum(greenlet.get() for greenlet in [tendril.spawn(sleeper) for _ in range({count})]), len(started))
"""


class Many(unittest.TestCase):
    def check(self, count, patch):
        self.assertEqual(run_program(PROGRAM.format(count=count, patch=patch)),
                         (0, f"{count} {count}\n{count} {2 * count}\n", ""))

    def test_twenty_thousand_sleep_and_end(self):
        self.check(20_000, "")

    def test_twenty_thousand_after_patch(self):
        self.check(20_000, "tendril.patch()")


if __name__ == "__main__":
    unittest.main()
