# SPDX-License-Identifier: MIT
"""What patch() mends in CPython 3.11's own `threading`, for kills, Timeouts and green threads."""

import threading

_ends = threading.local()


class _End:
    """Lies in a green thread's values: when that ends, `threading` forgets the dummy that stood for it.

    Else there would be one for each identity for ever, and the next green thread with that identity would take it for
    its own.
    """

    def __init__(self, dummy):
        self._dummy = dummy

    def __del__(self, active=threading._active):
        if active.get(self._dummy._ident) is self._dummy:
            del active[self._dummy._ident]


def _begin_dummy(dummy, begin=threading._DummyThread.__init__):
    begin(dummy)
    _ends.of_dummy = _End(dummy)


def _wait_for_end(thread, block=True, timeout=-1):
    """An exception in this wait does not make a thread that runs pass for ended.

    CPython 3.11 takes it for one that came after the wait, and releases the lock of the running thread.
    """
    lock = thread._tstate_lock
    if lock is None:
        return
    try:
        if lock.acquire(block, timeout):
            lock.release()
            thread._stop()
    except BaseException:
        if lock.locked() and threading._active.get(thread._ident) is not thread:
            lock.release()
            thread._stop()
        raise


def mend():
    """Puts them in. To be called once, after the patch."""
    threading.Thread._wait_for_tstate_lock = _wait_for_end
    threading._DummyThread.__init__ = _begin_dummy
