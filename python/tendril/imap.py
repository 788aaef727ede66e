# SPDX-License-Identifier: MIT
"""What imap() of Groups, Pools and ThreadPools returns."""

from operator import index as _index

from tendril import _tendril
from tendril._tendril import getcurrent

_END = object()


class _Imap:
    """Takes the items in a green thread of its own, which gives a call of each to `spawn`, and a result per next()."""

    def __init__(self, spawn, function, items, maxsize):
        if maxsize is not None and _index(maxsize) < 1:
            raise ValueError(f"imap() needs room for at least one result, or maxsize=None; not {maxsize}")
        self._results = _tendril.Queue()
        self._room = None if maxsize is None else _tendril.Semaphore(maxsize)
        self._error = None  # of the iterable
        self._feeder = _tendril.spawn(self._feed, spawn, function, items, self._room, self._results)

    def __iter__(self):
        return self

    def close(self):
        """Takes no more items. What is under way goes on."""
        self._feeder.kill(block=False)

    def __del__(self):
        feeder = getattr(self, "_feeder", None)
        if feeder is not None and not feeder.ready() and feeder is not getcurrent():
            feeder.kill(block=False)

    def _result(self, greenlet):
        if self._room is not None:
            self._room.release()
        return greenlet.get()

    def _ended(self):
        error, self._error = self._error, None
        if error is not None:
            raise error
        raise StopIteration


class OrderedImap(_Imap):
    """Results in the order of the items."""

    @staticmethod
    def _feed(spawn, function, items, room, results):
        error = None
        try:
            for arguments in items:
                if room is not None:
                    room.acquire()
                results.put(spawn(function, *arguments))
        except Exception as raised:
            error = raised
        finally:
            results.put((_END, error))

    def __next__(self):
        """Waits for the next result."""
        came = self._results.get()
        if isinstance(came, tuple):
            self._error = came[1]
            self._results.put((_END, None))
            self._ended()
        return self._result(came)


class UnorderedImap(_Imap):
    """Results in the order in which they become ready."""

    def __init__(self, *arguments):
        self._given = 0
        self._all = None  # how many there are in all, once that is known
        super().__init__(*arguments)

    @staticmethod
    def _feed(spawn, function, items, room, results):
        error, count, put = None, 0, results.put
        try:
            for arguments in items:
                if room is not None:
                    room.acquire()
                greenlet = spawn(function, *arguments)
                count += 1
                greenlet.link(put)
        except Exception as raised:
            error = raised
        finally:
            results.put((_END, count, error))

    def __next__(self):
        """Waits for the next result."""
        while self._given != self._all:
            came = self._results.get()
            if not isinstance(came, tuple):
                self._given += 1
                return self._result(came)
            self._all, self._error = came[1:]
        self._ended()
