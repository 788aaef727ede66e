# SPDX-License-Identifier: MIT
"""ThreadPool: calls what blocks, or computes for long without the GIL, in other OS threads."""

from tendril import _tendril
from tendril.calls import Calls


class ThreadPool(Calls, _tendril.ThreadPool):
    """ThreadPool(size=10): runs functions in OS threads, at most `size` at once, while green threads go on.

    The threads are started when there is work for them. Jobs may use green threads; each OS thread has a hub of its
    own. Any OS thread may use a pool.
    """

    def spawn(self, function, *args, **kwargs):
        """Runs function(*args, **kwargs) in a worker; never waits. Returns a Greenlet, whose kill() only stops waiting
        for a job that has begun.
        """
        return _tendril.spawn(self._submit(function, args, kwargs).get)

    def _most_ahead(self, maxsize):
        return maxsize or 2 * self.size

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self.running} of {self.size} running, {self.waiting} waiting>"


_shared = None


def offload(function, *args, **kwargs):
    """function(*args, **kwargs) in an OS thread of the process's own ThreadPool, of 10; waits for it."""
    global _shared
    if _shared is None:
        _shared = ThreadPool(10)
    return _shared.apply(function, args, kwargs)
