# SPDX-License-Identifier: MIT
"""ThreadPool: calls what blocks, or computes for long without the GIL, in other OS threads."""

from tendril import _tendril
from tendril.imap import OrderedImap, UnorderedImap


class ThreadPool(_tendril.ThreadPool):
    """ThreadPool(size=10): runs functions in OS threads, at most `size` at once, while green threads go on.

    The threads are started when there is work for them. Jobs may use green threads; each OS thread has a hub of its
    own. Any OS thread may use a pool.
    """

    def spawn(self, function, *args, **kwargs):
        """Runs function(*args, **kwargs) in a worker; never waits. Returns a Greenlet, whose kill() only stops waiting
        for a job that has begun.
        """
        return _tendril.spawn(self._submit(function, args, kwargs).get)

    def apply_async(self, function, args=None, kwds=None, callback=None):
        """spawn() in another shape; callback(result) is called if it ends well."""
        return _with_callback(self.spawn(function, *(args or ()), **(kwds or {})), callback)

    def map(self, function, iterable):
        """A list of function(item) of all items, each in a worker. Raises the first error in the order of items."""
        return [each.get() for each in [self.spawn(function, item) for item in iterable]]

    def map_async(self, function, iterable, callback=None):
        """The same without waiting. Returns a Greenlet; callback(list) is called if it ends well."""
        return _with_callback(_tendril.spawn(self.map, function, iterable), callback)

    def imap(self, function, *iterables, maxsize=None):
        """Iterates over the results of function(*items), as Group.imap(). maxsize is twice the number of threads."""
        return OrderedImap(self.spawn, function, zip(*iterables), maxsize or 2 * self.size)

    def imap_unordered(self, function, *iterables, maxsize=None):
        """The same in the order in which the results become ready."""
        return UnorderedImap(self.spawn, function, zip(*iterables), maxsize or 2 * self.size)

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self.running} of {self.size} running, {self.waiting} waiting>"


def _with_callback(greenlet, callback):
    if callback is not None:
        greenlet.link(lambda ended: callback(ended.value) if ended.successful() else None)
    return greenlet


_shared = None


def offload(function, *args, **kwargs):
    """function(*args, **kwargs) in an OS thread of the process's own ThreadPool, of 10; waits for it."""
    global _shared
    if _shared is None:
        _shared = ThreadPool(10)
    return _shared.apply(function, args, kwargs)
