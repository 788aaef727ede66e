# SPDX-License-Identifier: MIT
"""gevent.threadpool: ThreadPool, whose calls run in OS threads, and ThreadPoolExecutor."""

import _thread
import concurrent.futures as _futures

import tendril
from tendril.gevent.event import AsyncResult
from tendril.gevent.hub import InvalidThreadUseError, get_hub
from tendril.gevent.pool import _Calls

__all__ = ["ThreadPool", "ThreadResult", "ThreadPoolExecutor"]


class ThreadResult(AsyncResult):
    """What came of a call."""


class ThreadPool(_Calls):
    """At most `maxsize` calls at once, each in an OS thread; spawn() waits for room."""

    def __init__(self, maxsize, hub=None, idle_task_timeout=-1):
        if not isinstance(maxsize, int):
            raise TypeError(f"maxsize must be integer: {maxsize!r}")
        if maxsize < 0:
            raise ValueError(f"maxsize must not be negative: {maxsize!r}")
        self.hub = hub or get_hub()
        self._maxsize = maxsize
        self._home = _thread.get_native_id()
        self._room = tendril.Semaphore(maxsize)
        self._running = set()
        self._size = 0
        self._pool = None

    @property
    def maxsize(self):
        return self._maxsize

    @maxsize.setter
    def maxsize(self, maxsize):
        if not isinstance(maxsize, int):
            raise TypeError(f"maxsize must be integer: {maxsize!r}")
        if maxsize < 0:
            raise ValueError(f"maxsize must not be negative: {maxsize!r}")
        grown = maxsize - self._maxsize
        self._maxsize = maxsize
        self._size = min(self._size, maxsize)
        if grown > 0:
            self._room.release(grown)
        elif grown < 0:
            free = self._room.counter
            if free > 0:  # so nobody waits there
                self._room = tendril.Semaphore(max(0, free + grown))
            for _ in range(-grown - free):
                tendril.spawn(self._room.acquire)

    def __repr__(self):
        return (f"<{type(self).__name__} at {id(self):#x} tasks={len(self._running)} size={self.size} "
                f"maxsize={self._maxsize} hub={self.hub!r}>")

    def __len__(self):
        return len(self._running)

    @property
    def size(self):
        """How many threads there are."""
        return self._size

    @size.setter
    def size(self, size):
        if not 0 <= size <= self._maxsize:
            raise ValueError(f"size must be from 0 to {self._maxsize}, not {size!r}")
        self._size = size

    def spawn(self, func, *args, **kwargs):
        """func(*args, **kwargs) in an OS thread. Returns its ThreadResult."""
        if not callable(func):
            raise TypeError(f"the function must be callable: {func!r}")
        if not self._is_home():
            raise InvalidThreadUseError(f"{self!r} was used from another OS thread than its own")
        result = ThreadResult()
        self._begin(result).spawn(func, *args, **kwargs).link(_Forward(self, result))
        return result

    def apply(self, func, args=None, kwds=None):
        """func(*args, **kwds) in an OS thread; waits for the result. In one of another it is called there."""
        if not self._is_home():
            return func(*(args or ()), **(kwds or {}))
        call = tendril.Event()  # for join()
        pool = self._begin(call)
        try:
            return pool.apply(func, args, kwds)
        finally:
            self._done(call)
            call.set()

    def _begin(self, call):
        """Waits for room. Returns the pool."""
        self._room.acquire()
        running = self._running
        running.add(call)
        if self._size < len(running) and self._size < self._maxsize:
            self._size = len(running)
        if self._pool is None:
            self._pool = tendril.ThreadPool(max(self._maxsize, 1))
        return self._pool

    def _done(self, result):
        self._running.discard(result)
        self._room.release()

    def join(self):
        """Waits until no call runs."""
        for each in list(self._running):
            each.wait()

    def kill(self):
        """Waits until no call runs. The threads end with the pool."""
        self.join()

    def adjust(self):
        pass

    def apply_e(self, expected_errors, function, args=None, kwargs=None):
        """apply(), whose errors of expected_errors are not printed."""
        return self.apply(function, args, kwargs)

    def _is_home(self):
        return _thread.get_native_id() == self._home

    def _apply_immediately(self):
        return not self._is_home()

    def _apply_async_cb_spawn(self, callback, result):
        callback(result)

    def _apply_async_use_greenlet(self):
        return True


class _Forward:

    def __init__(self, pool, result):
        self.pool, self.result = pool, result

    def __call__(self, source):
        self.pool._done(self.result)
        if source.exception is not None:
            self.result.set_exception(source.exception)
        else:
            self.result.set(source.value)


class ThreadPoolExecutor(_futures.Executor):
    """concurrent.futures' interface over a ThreadPool."""

    kind = "gevent"

    def __init__(self, *args, **kwargs):
        self._threadpool = ThreadPool(kwargs.pop("max_workers", args[0] if args else 10))

    def submit(self, fn, *args, **kwargs):
        """Runs it in an OS thread. Returns a Future."""
        future = _futures.Future()
        future.set_running_or_notify_cancel()

        def finish(source):
            if source.exception is not None:
                future.set_exception(source.exception)
            else:
                future.set_result(source.value)

        self._threadpool.spawn(fn, *args, **kwargs).rawlink(finish)
        return future

    def shutdown(self, wait=True, **kwargs):
        """Waits for the calls that run."""
        if wait:
            self._threadpool.join()

    def kill(self, wait=True):
        """No call runs after this."""
        self._threadpool.kill()
