# SPDX-License-Identifier: MIT
"""gevent.lock: Semaphore, BoundedSemaphore, DummySemaphore and RLock."""

import tendril

__all__ = ["Semaphore", "BoundedSemaphore", "DummySemaphore", "RLock"]


def _acquire(of, self, blocking, timeout):
    if timeout is not None and isinstance(timeout, tendril.Timeout):
        if not blocking:
            return of(self, False)
        with timeout:
            return of(self)
    if not blocking:
        return of(self, False)
    return of(self, True, None if timeout is not None and timeout == -1 else timeout)


class _Acquirable:

    def wait(self, timeout=None):
        """Waits until acquire() would not wait. Returns how many permits are free."""
        if self.acquire(timeout=timeout):
            self.release()
        return self.counter

    @property
    def balance(self):
        return self.counter

    hub = None  # it belongs to none

    def linkcount(self):
        return self.waiting

    def __str__(self):
        return f"<{type(self).__name__} counter={self.counter} _links[{self.waiting}]>"


class Semaphore(_Acquirable, tendril.Semaphore):
    """Counted permits, handed over in the order in which they were waited for."""

    def __init__(self, value=1, hub=None):
        super().__init__(value)

    def acquire(self, blocking=True, timeout=None):
        """Takes a permit, waiting until there is one. Returns False if it does not block, or the timeout came first."""
        return _acquire(tendril.Semaphore.acquire, self, blocking, timeout)

    def release(self, value=1):
        """Gives permits back. Returns how many are free. Never waits."""
        tendril.Semaphore.release(self, value)
        return self.counter


class BoundedSemaphore(_Acquirable, tendril.BoundedSemaphore):
    """A Semaphore that raises ValueError if more permits are given back than were taken."""

    _OVER_RELEASE_ERROR = ValueError

    def __init__(self, value=1, hub=None):
        super().__init__(value)
        self._initial_value = value

    def acquire(self, blocking=True, timeout=None):
        """Takes a permit, waiting until there is one. Returns False if it does not block, or the timeout came first."""
        return _acquire(tendril.BoundedSemaphore.acquire, self, blocking, timeout)

    def release(self):
        """Gives a permit back. Returns how many are free. Never waits."""
        try:
            tendril.BoundedSemaphore.release(self)
        except ValueError as raised:
            raise self._OVER_RELEASE_ERROR("Semaphore released too many times") from raised
        return self.counter


class DummySemaphore:
    """Always available."""

    def __init__(self, value=None):
        pass

    def __str__(self):
        return f"<{type(self).__name__}>"

    def locked(self):
        return False

    def ready(self):
        return True

    def release(self):
        pass

    def rawlink(self, callback):
        pass

    unlink = rawlink

    def wait(self, timeout=None):
        return 1

    def acquire(self, blocking=True, timeout=None):
        return True

    def __enter__(self):
        pass

    def __exit__(self, kind, value, traceback):
        pass


class RLock:
    """A lock that its holder may take again."""

    __slots__ = ("_block", "_owner", "_count", "__weakref__")

    def __init__(self, hub=None):
        self._block = Semaphore(1, hub)
        self._owner = None
        self._count = 0

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} _block={self._block} _count={self._count} _owner={self._owner}>"

    def acquire(self, blocking=True, timeout=None):
        """Takes it, waiting until it is free. Returns False if it does not block, or the timeout came first."""
        me = tendril.getcurrent()
        if self._owner is me:
            self._count += 1
            return True
        taken = self._block.acquire(blocking, timeout)
        if taken:
            self._owner = me
            self._count = 1
        return taken

    def __enter__(self):
        return self.acquire()

    def release(self):
        """Gives it back once. RuntimeError for another than its holder."""
        if self._owner is not tendril.getcurrent():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if self._count == 0:
            self._owner = None
            self._block.release()

    def __exit__(self, kind, value, traceback):
        self.release()

    def locked(self):
        return self._count > 0

    def _acquire_restore(self, saved):
        self._block.acquire()
        self._count, self._owner = saved

    def _release_save(self):
        saved = (self._count, self._owner)
        self._count, self._owner = 0, None
        self._block.release()
        return saved

    def _is_owned(self):
        return self._owner is tendril.getcurrent()
