# SPDX-License-Identifier: MIT
"""Semaphores, handed over in the order of waiting."""

import tendril

__all__ = ["Semaphore", "BoundedSemaphore", "CappedSemaphore"]


class Semaphore(tendril.Semaphore):
    """value permits, which acquire() takes and release() gives back."""

    def __new__(cls, value=1):
        try:
            value = int(value)
        except ValueError as error:
            raise TypeError(f"a semaphore needs a number of permits; this is {value!r}") from error
        return super().__new__(cls, value)

    def __init__(self, value=1):
        super().__init__(int(value))

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} c={self.counter} _w[{self.waiting}]>"

    def __str__(self):
        return f"<{type(self).__name__} c={self.counter} _w[{self.waiting}]>"

    def bounded(self):
        """False: release() never waits."""
        return False

    def acquire(self, blocking=True, timeout=None):
        """Takes a permit, waiting until there is one. Returns False if it does not block, or the timeout came first.

        A timeout of -1 is none. ValueError for another one below 0, and for one without blocking.
        """
        if timeout is not None:
            if timeout == -1:
                timeout = None
            elif timeout < 0:
                raise ValueError("a timeout must not be below 0")
            elif not blocking:
                raise ValueError("a timeout has no meaning without blocking")
        return tendril.Semaphore.acquire(self, blocking, timeout)  # not by super(): see 0024

    def release(self, blocking=True):
        """Gives a permit back, to the first that waits. Never waits. Returns True."""
        super().release()
        return True

    @property
    def balance(self):
        """The permits that are free; below 0: how many green threads wait."""
        return self.counter - self.waiting


class BoundedSemaphore(Semaphore):
    """One whose release() raises ValueError if nothing was taken."""

    def __init__(self, value=1):
        super().__init__(value)
        self.original_counter = int(value)

    def release(self, blocking=True):
        """Gives a permit back. ValueError if there are as many as in the beginning."""
        if self.counter >= self.original_counter:
            raise ValueError("Semaphore released too many times")
        return super().release(blocking)


class CappedSemaphore:
    """One with at most `limit` permits: release() waits until there is room."""

    def __init__(self, count, limit):
        if count < 0:
            raise ValueError(f"a CappedSemaphore needs a count that is not below 0; this is {count}")
        if count > limit:
            raise ValueError("'count' cannot be more than 'limit'")
        self.lower_bound = Semaphore(count)
        self.upper_bound = Semaphore(limit - count)

    def __repr__(self):
        return (f"<{type(self).__name__} at {id(self):#x} b={self.balance} l={self.lower_bound} "
                f"u={self.upper_bound}>")

    def __str__(self):
        return f"<{type(self).__name__} b={self.balance} l={self.lower_bound} u={self.upper_bound}>"

    def locked(self):
        """Whether acquire() would wait."""
        return self.lower_bound.locked()

    def bounded(self):
        """Whether release() would wait."""
        return self.upper_bound.locked()

    @staticmethod
    def _move(taken, given, blocking):
        if not blocking and taken.locked():
            return False
        given.release()
        try:
            return taken.acquire()
        except BaseException:
            given.acquire(blocking=False)
            raise

    def acquire(self, blocking=True):
        """Takes a permit, waiting until there is one. Returns False if it does not block and there is none."""
        return self._move(self.lower_bound, self.upper_bound, blocking)

    def release(self, blocking=True):
        """Gives a permit back, waiting until there is room. Returns False if it does not block and there is none."""
        return self._move(self.upper_bound, self.lower_bound, blocking)

    def __enter__(self):
        self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    @property
    def balance(self):
        """The permits that are free, less those that wait to acquire, plus those that wait to release."""
        return self.lower_bound.balance - self.upper_bound.balance
