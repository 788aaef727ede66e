# SPDX-License-Identifier: MIT
"""What a Group, a Pool and a ThreadPool do with functions, all by their spawn()."""

from tendril import _tendril
from tendril.imap import OrderedImap, UnorderedImap


class Calls:
    """The base of what has spawn(function, *args, **kwargs), which returns a Greenlet."""

    def apply_async(self, function, args=None, kwds=None, callback=None):
        """spawn() in another shape; never waits. Returns a Greenlet; callback(result) is called if it ends well."""
        return _with_callback(self._spawn_at_once(function, args or (), kwds or {}), callback)

    def map(self, function, iterable):
        """A list of function(item) of all items, each by spawn(). Raises the first error in the order of items."""
        return [each.get() for each in [self.spawn(function, item) for item in iterable]]

    def map_async(self, function, iterable, callback=None):
        """The same without waiting. Returns a Greenlet; callback(list) is called if it ends well."""
        return _with_callback(_tendril.spawn(self.map, function, iterable), callback)

    def imap(self, function, *iterables, maxsize=None):
        """Iterates over the results of function(*items), in the order of the items, which are taken meanwhile.

        What a call raises is raised by that next(), and the iteration can go on; what an iterable raises ends it, after
        all results. maxsize: how many results may be ready or under way that were not asked for; of a ThreadPool, by
        default, twice the number of threads.
        """
        return OrderedImap(self._spawner(), function, zip(*iterables), self._most_ahead(maxsize))

    def imap_unordered(self, function, *iterables, maxsize=None):
        """The same in the order in which the results become ready."""
        return UnorderedImap(self._spawner(), function, zip(*iterables), self._most_ahead(maxsize))

    def _spawner(self):
        """What spawns for the caller in a green thread that is no member."""
        return self.spawn

    def _spawn_at_once(self, function, args, kwds):
        return self.spawn(function, *args, **kwds)

    def _most_ahead(self, maxsize):
        return maxsize


def _with_callback(greenlet, callback):
    if callback is not None:
        greenlet.link(lambda ended: callback(ended.value) if ended.successful() else None)
    return greenlet
