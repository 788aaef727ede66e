# SPDX-License-Identifier: MIT
"""metaphore: waits until a counter is zero."""

import tendril


class metaphore:
    """A counter that starts at 0; wait() waits while it is not."""

    def __init__(self):
        self.counter = 0
        self.event = tendril.Event()
        self.event.set()

    def inc(self, by=1):
        """Adds to it."""
        assert by > 0
        self.counter += by
        self.event.clear()

    def dec(self, by=1):
        """Takes from it; at 0 all that wait go on."""
        assert by > 0
        self.counter = max(0, self.counter - by)
        if self.counter == 0:
            self.event.set()

    def wait(self):
        """Waits until it is 0."""
        self.event.wait()
