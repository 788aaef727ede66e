# SPDX-License-Identifier: MIT
"""Lock: a semaphore with one permit."""

from tendril.eventlet.semaphore import Semaphore

__all__ = ["Lock"]


class Lock(Semaphore):
    """Any green thread may release it."""

    def __init__(self):
        super().__init__(1)

    def release(self, blocking=True):
        """Frees it. RuntimeError if it is free."""
        if self.counter > 0:
            raise RuntimeError("release unlocked lock")
        return super().release(blocking)
