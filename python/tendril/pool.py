# SPDX-License-Identifier: MIT
"""Pool: a Group that limits how many of its members run at once."""

import functools as _functools
import operator as _operator
import queue as _queue

from tendril import _tendril
from tendril._tendril import getcurrent
from tendril.group import Group


class PoolFull(_queue.Full):
    """add() of a Pool found no room."""


def _checked(size):
    try:
        number = _operator.index(size)
    except TypeError:
        raise TypeError(f"a Pool's size is a number of green threads; this is {size!r}") from None
    if number < 0:
        raise ValueError(f"a Pool cannot have a size of {size}")
    return number


class Pool(Group):
    """Pool(size=None, greenlet_class=None): a Group of at most `size` members; spawn() waits for room.

    A member that spawns into its own full Pool lends its place: it goes on when what it has spawned has ended.
    """

    def __init__(self, size=None, greenlet_class=None):
        size = None if size is None else _checked(size)
        if greenlet_class is not None and not callable(greenlet_class):
            raise TypeError(f"a Pool's greenlet_class makes its Greenlets; this is {greenlet_class!r}")
        super().__init__()
        self._size = size
        self._room = None if size is None else _tendril.Semaphore(size)
        self._excess = 0  # members that leave no room behind: resize() has taken it
        if greenlet_class is not None:
            self.greenlet_class = greenlet_class

    @property
    def size(self):
        """How many may run at once; None: without limit."""
        return self._size

    def resize(self, size):
        """Growing lets in those that wait; when it shrinks, excess members go on. A size cannot become None."""
        size = _checked(size)
        if self._room is None:
            raise ValueError("a Pool without limit cannot be resized")
        change, self._size = size - self._size, size
        if change < 0:
            self._shrink(-change)
            return
        paid = min(change, self._excess)
        self._excess -= paid
        if change > paid:
            self._room.release(change - paid)

    def _shrink(self, places):
        while True:  # until nobody has run meanwhile, as may happen after each call once patch() was called
            room, free = self._room, self._room.counter
            fewer, excess = _tendril.Semaphore(max(0, free - places)), max(0, places - free)
            if self._room is room and room.counter == free:
                if free > 0:  # so nobody waits there
                    self._room = fewer
                self._excess += excess
                return

    def free_count(self):
        """How many more may be spawned without waiting; 1 without limit."""
        return 1 if self._room is None else self._room.counter

    def full(self):
        """Whether spawn() would wait."""
        return self._room is not None and self._room.locked()

    def waiting(self):
        """How many green threads wait to spawn."""
        return 0 if self._room is None else self._room.waiting

    def wait_available(self, timeout=None):
        """Waits until spawn() would not wait. Returns free_count(): 0 if the timeout came first."""
        if self._room is not None and self._room.acquire(timeout=timeout):
            self._room.release()
        return self.free_count()

    def add(self, greenlet, blocking=True, timeout=None):
        """Makes a Greenlet a member. Waits for room; PoolFull if it must not, or not any longer."""
        if self._room is not None and not self._room.acquire(blocking, timeout):
            raise PoolFull(f"this Pool has {self._size} members")
        try:
            super().add(greenlet)
        except BaseException:
            self._left()
            raise

    def spawn(self, function, *args, **kwargs):
        """A member that runs function(*args, **kwargs); waits for room. Returns its Greenlet."""
        greenlet = self.greenlet_class(function, *args, **kwargs)
        self._start_for(None, greenlet)
        return greenlet

    def _spawn_for(self, spawner, function, *args, **kwargs):
        greenlet = self.greenlet_class(function, *args, **kwargs)
        self._start_for(spawner, greenlet)
        return greenlet

    # `spawner`: None: the caller. One that waits here has no reference to itself, nor is it in a call with `*args`: so
    # it is garbage when nothing can wake it any more.
    def _start_for(self, spawner, greenlet):
        if self._room is None or not self._room.locked() or (spawner or getcurrent()) not in self.greenlets:
            self.start(greenlet)
            return
        super().add(greenlet)
        self._excess += 1
        greenlet.start()
        greenlet.join()

    def _spawner(self):
        me = getcurrent()
        return _functools.partial(self._spawn_for, me) if me in self.greenlets else self.spawn

    def start(self, greenlet, blocking=True, timeout=None):
        """add(), and lets it begin."""
        self.add(greenlet, blocking, timeout)
        greenlet.start()

    def _left(self):
        if self._excess > 0:
            self._excess -= 1
        elif self._room is not None:
            self._room.release()


class Pile:
    """Pile(pool=1000): results in the order in which they were asked for.

        pile = Pile(pool)
        for url in urls:
            pile.spawn(fetch, url)
        for page in pile:
            ...

    `pool` is a Pool, or the size of a new one. What a call raises is raised at its place; the iteration can go on. It
    ends when all that was spawned has been given.
    """

    def __init__(self, pool=1000):
        self.pool = pool if isinstance(pool, Group) else Pool(pool)
        self._results = _tendril.Queue()
        self._owed = 0

    def spawn(self, function, *args, **kwargs):
        """Lets the pool run function(*args, **kwargs); waits for room there."""
        self._owed += 1
        greenlet = None  # a spawn that fails leaves no hole
        try:
            greenlet = self.pool.spawn(function, *args, **kwargs)
        finally:
            self._results.put(greenlet)

    def __iter__(self):
        return self

    def __next__(self):
        """Waits for the next result."""
        while self._owed > 0:
            greenlet = self._results.get()
            self._owed -= 1
            if greenlet is not None:
                return greenlet.get()
        raise StopIteration
