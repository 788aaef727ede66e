# SPDX-License-Identifier: MIT
"""GreenPool: at most so many green threads at once. GreenPile: their results, in the order of spawning."""

import sys
import traceback

import tendril
from tendril.eventlet import greenthread, queue
from tendril.greenlet import GreenletExit

__all__ = ["GreenPool", "GreenPile"]

DEBUG = True  # see debug.hub_exceptions()


class GreenPool:
    """Runs functions in at most `size` green threads."""

    def __init__(self, size=1000):
        try:
            size = int(size)
        except ValueError as error:
            raise TypeError(f"GreenPool() needs a size that is a number; this is {size!r}") from error
        if size < 0:
            raise ValueError(f"GreenPool() needs a size that is not below 0; this is {size!r}")
        self.size = size
        self.coroutines_running = set()
        self._taken = 0
        self._room = tendril.Semaphore(0)  # passes a place on to the first that waits for one
        self._idle = tendril.Event()
        self._idle.set()

    def resize(self, new_size):
        """Changes the size. A greater one lets those in that wait; with a smaller one those that run go on."""
        self.size = new_size
        while self._room.waiting and self._taken < self.size:
            self._taken += 1
            self._room.release()

    def running(self):
        """How many green threads run."""
        return len(self.coroutines_running)

    def free(self):
        """How many more may run at once; below 0 after a resize()."""
        return self.size - self._taken + self._room.counter

    def waiting(self):
        """How many green threads wait to spawn."""
        return self._room.waiting

    def _enter(self):
        if self._taken < self.size and not self._room.waiting:
            self._taken += 1
        else:
            self._room.acquire()

    def _leave(self):
        if self._room.waiting and self._taken <= self.size:
            self._room.release()
        else:
            self._taken -= 1

    def _is_full_in_worker(self):
        return bool(self.coroutines_running) and self.free() <= 0 and \
            greenthread.getcurrent() in self.coroutines_running

    def _add(self, green):
        self.coroutines_running.add(green)
        self._idle.clear()

    def _done(self, green):
        self.coroutines_running.discard(green)
        self._leave()
        if not self.coroutines_running:
            self._idle.set()

    def spawn(self, function, *args, **kwargs):
        """Runs function(*args, **kwargs) in a green thread, waiting until there is room. Returns its GreenThread.

        Called by a green thread of a full pool, it runs the function itself, and raises what that raises.
        """
        if self._is_full_in_worker():
            green = greenthread.GreenThread()
            green._finish(function(*args, **kwargs))
            return green
        self._enter()
        try:
            green = greenthread.spawn(function, *args, **kwargs)
        except BaseException:
            self._leave()
            raise
        self._add(green)
        green.link(self._done)
        return green

    def spawn_n(self, function, *args, **kwargs):
        """The same without a result. What the function raises is printed."""
        if self._is_full_in_worker():
            self._run_n(function, args, kwargs)
            return
        self._enter()
        try:
            green = _PoolThread(function, *args, **kwargs)
            green.pool = self
            green.start()
        except BaseException:
            self._leave()
            raise
        self._add(green)

    @staticmethod
    def _run_n(function, args, kwargs):
        try:
            function(*args, **kwargs)
        except (KeyboardInterrupt, SystemExit, GreenletExit):
            raise
        except BaseException as error:
            if DEBUG:
                traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)

    def waitall(self):
        """Waits until no green thread of the pool runs. AssertionError in one of them."""
        assert greenthread.getcurrent() not in self.coroutines_running, \
            "waitall() in a green thread of the pool would never return"
        while self.coroutines_running:
            self._idle.wait()

    def starmap(self, function, iterable):
        """An iterator over function(*args) for each args of the iterable, in order, computed in the pool.

        At most `size` results are ahead of the reader. An error of the function is raised in its place, one of the
        iterable after all that came before it.
        """
        inside = greenthread.getcurrent() in self.coroutines_running
        results = GreenMap(GreenPool(self.size) if inside else self)
        tendril.spawn_n(results._feed, function if function is not None else lambda *args: args, iterable)
        return results

    def imap(self, function, *iterables):
        """starmap() over zip(*iterables)."""
        return self.starmap(function, zip(*iterables))


class _PoolThread(greenthread.Plain):
    """A green thread of spawn_n(), which gives its place back also if it is killed before it begins."""

    pool = None

    def __init__(self, function, *args, **kwargs):
        super().__init__(self._run, function, args, kwargs)

    def _run(self, function, args, kwargs):
        try:
            GreenPool._run_n(function, args, kwargs)
        finally:
            self._give_back()

    def _kill(self, error):
        if not self:
            self._give_back()
        super()._kill(error)

    def _give_back(self):
        pool, self.pool = self.pool, None
        if pool is not None:
            pool._done(self)


class GreenPile:
    """Functions that run in a pool; iterating gives their results, in the order of spawning."""

    def __init__(self, size_or_pool=1000):
        self.pool = size_or_pool if isinstance(size_or_pool, GreenPool) else GreenPool(size_or_pool)
        self.waiters = queue.LightQueue()
        self.counter = 0

    def spawn(self, func, *args, **kw):
        """Runs func in the pool, waiting until there is room."""
        self.counter += 1
        try:
            green = self.pool.spawn(func, *args, **kw)
            self.waiters.put(green)
        except BaseException:
            self.counter -= 1
            raise

    def __iter__(self):
        return self

    def __next__(self):
        """Waits for the next result. StopIteration if nothing was spawned that has not been read."""
        if self.counter == 0:
            raise StopIteration
        return self._next()

    next = __next__

    def _next(self):
        try:
            return self.waiters.get().wait()
        finally:
            self.counter -= 1


class _End:
    """Ends a GreenMap, with the iterable's error if that raised one."""

    def __init__(self, error=None):
        self.error = error


class GreenMap(GreenPile):
    """What starmap() and imap() return."""

    def __init__(self, size_or_pool):
        super().__init__(size_or_pool)
        self.waiters = queue.LightQueue(max(1, self.pool.size))
        self._ended = False

    def _feed(self, function, iterable):
        end = _End()
        try:
            for args in iterable:
                self.spawn(function, *args)
        except Exception as error:
            end.error = error
        self.waiters.put(end)

    def __next__(self):
        """Waits for the next result."""
        if self._ended:
            raise StopIteration
        green = self.waiters.get()
        if isinstance(green, _End):
            self._ended = True
            if green.error is not None:
                raise green.error
            raise StopIteration
        self.counter -= 1
        return green.wait()

    next = __next__
