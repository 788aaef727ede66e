# SPDX-License-Identifier: MIT
"""What Pool.imap and imap_unordered return: iterators, which are green threads that read the input."""

import heapq

from tendril.gevent.greenlet import Greenlet
from tendril.gevent.lock import Semaphore
from tendril.gevent.queue import Queue

__all__ = ["IMapUnordered", "IMap"]


class Failure:
    """Takes an error to the one that asks for the item."""

    __slots__ = ("exc",)

    def __init__(self, error):
        self.exc = error


class IMapUnordered(Greenlet):
    """Iterates over func(*item) in the order of their coming; an error of the input comes after all results."""

    def __init__(self, func, iterable, spawn, maxsize=None, _zipped=False):
        super().__init__()
        self.spawn = spawn
        self.func = func
        self.iterable = iterable
        self.queue = Queue()
        self._room = Semaphore(maxsize) if maxsize else None
        self._open = 0
        self._read_all = False
        self._finished = None

    def __iter__(self):
        return self

    def __next__(self):
        if self._finished is not None:
            raise self._finished
        if not self.started and not self.dead:
            self.start()
        value = self._next()
        if isinstance(value, Failure):
            raise value.exc
        return value

    next = __next__

    def _next(self):
        value = self.queue.get()
        if isinstance(value, _End):
            self._finished = StopIteration()
            raise value.error or self._finished
        if self._room is not None:
            self._room.release()
        return value

    def _run(self):
        error = None
        try:
            for item in self.iterable:
                if self._room is not None:
                    self._room.acquire()
                self._open += 1
                made = self.spawn(self.func, *item)
                self._mark(made)
                made.rawlink(self._on_result)
        except BaseException as raised:
            error = raised
            if not isinstance(raised, Exception):
                self._read_all = True
                self._error = error
                self._finish()
                raise
        finally:
            self.__dict__.pop("spawn", None)
            self.iterable = None
        self._read_all = True
        self._error = error
        self._finish()

    def _mark(self, made):
        pass

    def _outcome(self, source):
        return source.value if source.successful() else Failure(source.exception)

    def _on_result(self, source):
        self._open -= 1
        self.queue.put(self._outcome(source))
        self._finish()

    def _finish(self):
        if self._read_all and self._open == 0:
            self._read_all = False
            self.queue.put(_End(self._error))


class _End:
    __slots__ = ("error",)

    def __init__(self, error):
        self.error = error


class IMap(IMapUnordered):
    """The same in the order of the input."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._count = 0
        self._due = 0
        self._early = []

    def _mark(self, made):
        made._imap_index = self._count
        self._count += 1

    def _outcome(self, source):
        return _At(source._imap_index, super()._outcome(source))

    def _next(self):
        while not (self._early and self._early[0].index == self._due):
            value = self.queue.get()
            if isinstance(value, _End):
                self._finished = StopIteration()
                raise value.error or self._finished
            heapq.heappush(self._early, value)
        self._due += 1
        if self._room is not None:
            self._room.release()
        return heapq.heappop(self._early).value


class _At:
    __slots__ = ("index", "value")

    def __init__(self, index, value):
        self.index = index
        self.value = value

    def __lt__(self, other):
        return self.index < other.index
