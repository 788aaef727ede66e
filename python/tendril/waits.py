# SPDX-License-Identifier: MIT
"""Waiting for many: joinall, killall, wait and iwait."""

import queue as _queue
import time as _time

from tendril import _tendril
from tendril._tendril import GreenletExit


def _deadline(timeout):
    return None if timeout is None else _time.monotonic() + _tendril._seconds(timeout)


class iwait:  # noqa: N801  # a function to its users
    """iwait(objects, timeout=None, count=None): gives what is ready, in the order in which it becomes so.

    What has link(callable) or rawlink(callable), and unlink(callable), can be waited for: Greenlets, Events,
    AsyncResults, Semaphores. Each is given once, and first those of which ready() is true already. Ends after `count`
    of them, or when the timeout comes. Leaving a `with` of it forgets the rest.
    """

    def __init__(self, objects, timeout=None, count=None):
        self._waiting = []
        objects = list(dict.fromkeys(objects))
        for each in objects:
            if not (hasattr(each, "link") or hasattr(each, "rawlink")):
                raise TypeError(f"only what has link() or rawlink() can be waited for; this is {each!r}")
        self._left = len(objects) if count is None else min(count, len(objects))
        self._deadline = _deadline(timeout)
        self._came = _tendril.Queue()
        self._put = self._came.put
        self._waiting = objects
        for each in self._waiting:
            if hasattr(each, "ready") and each.ready():
                self._put(each)
            else:
                (getattr(each, "link", None) or each.rawlink)(self._put)

    def __iter__(self):
        return self

    def __next__(self):
        """Waits for the next one."""
        if self._left > 0:
            timeout = None if self._deadline is None else max(0, self._deadline - _time.monotonic())
            try:
                came = self._came.get(timeout=timeout)
            except _queue.Empty:
                pass
            else:
                self._left -= 1
                return came
        self.close()
        raise StopIteration

    def close(self):
        """Forgets what has not come."""
        self._left = 0
        while self._waiting:
            self._waiting.pop().unlink(self._put)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_waiting", None):
            self.close()


def wait(objects=None, timeout=None, count=None):
    """Waits until all of the objects are ready, or `count`, or the timeout comes. Returns a list of those that are, in
    the order in which they became so. Without objects: until no green thread has anything to wait for; returns whether
    that was in time.
    """
    if objects is None:
        import tendril
        return tendril.get_hub().run_until_idle(timeout)
    with iwait(objects, timeout, count) as ready:
        return list(ready)


def joinall(greenlets, timeout=None, raise_error=False, count=None):
    """Waits until all of the Greenlets have ended, or `count`, or the timeout comes. Returns a list of those that have.

    raise_error: raises what the first that fails has raised, without waiting for the rest.
    """
    greenlets = list(greenlets)
    if count is not None or raise_error:
        ended = []
        with iwait(greenlets, timeout, count) as ready:
            for each in ready:
                if raise_error and not each.successful():
                    each.get()
                ended.append(each)
        return ended
    deadline = _deadline(timeout)
    for each in greenlets:
        each.join(None if deadline is None else max(0, deadline - _time.monotonic()))
    return [each for each in greenlets if each.ready()]


def killall(greenlets, exception=GreenletExit, block=True, timeout=None):
    """Kills all of the Greenlets, and waits for their ends. Those that have not begun never do. Returns a list of those
    that have not ended in time.
    """
    greenlets = list(dict.fromkeys(greenlets))
    for each in greenlets:
        each.kill(exception, block=False)
    if block:
        joinall(greenlets, timeout)
    return [each for each in greenlets if not each.ready()]
