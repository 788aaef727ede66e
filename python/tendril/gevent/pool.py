# SPDX-License-Identifier: MIT
"""gevent.pool: Group, Pool and PoolFull."""

from tendril import GreenletExit, getcurrent
from tendril.gevent.event import Event
from tendril.gevent.greenlet import Greenlet, joinall
from tendril.gevent.imap import IMap, IMapUnordered
from tendril.gevent.lock import DummySemaphore, Semaphore
from tendril.gevent.queue import Full
from tendril.gevent.timeout import Timeout

__all__ = ["Group", "Pool", "PoolFull"]


class PoolFull(Full):
    """A Pool without room, and the caller does not wait for it."""


class _Calls:
    """map, imap, apply and their kin, over self.spawn()."""

    def apply_cb(self, func, args=None, kwds=None, callback=None):
        """apply(); callback(result), in a green thread of its own."""
        result = self.apply(func, args, kwds)
        if callback is not None:
            self._apply_async_cb_spawn(callback, result)
        return result

    def apply_async(self, func, args=None, kwds=None, callback=None):
        """apply() that does not wait. Returns its Greenlet."""
        args, kwds = args or (), kwds or {}
        if self._apply_async_use_greenlet():
            return Greenlet.spawn(self.apply_cb, func, args, kwds, callback)
        made = self.spawn(func, *args, **kwds)
        if callback is not None:
            made.link_value(_Passed(callback))
        return made

    def apply(self, func, args=None, kwds=None):
        """func(*args, **kwds) in one of its green threads; waits for the result."""
        args, kwds = args or (), kwds or {}
        if self._apply_immediately():
            return func(*args, **kwds)
        return self.spawn(func, *args, **kwds).get()

    def map(self, func, iterable):
        """func(item) for all at once. Returns the results in their order; raises the first error."""
        return list(self.imap(func, iterable))

    def map_cb(self, func, iterable, callback=None):
        result = self.map(func, iterable)
        if callback is not None:
            callback(result)
        return result

    def map_async(self, func, iterable, callback=None):
        """map() that does not wait. Returns its Greenlet."""
        return Greenlet.spawn(self.map_cb, func, iterable, callback)

    def imap(self, func, *iterables, **kwargs):
        """func(*items) for all at once; iterates over the results in order. `maxsize`: how many may wait for it."""
        return IMap.spawn(func, zip(*iterables), spawn=self._imap_spawn, **kwargs)

    def imap_unordered(self, func, *iterables, **kwargs):
        """imap() in the order of their coming."""
        return IMapUnordered.spawn(func, zip(*iterables), spawn=self._imap_spawn, **kwargs)

    def _imap_spawn(self, func, *args):
        return self.spawn(func, *args)


class _Passed:

    def __init__(self, callback):
        self.callback = callback

    def __call__(self, source):
        if source.successful():
            self.callback(source.value)


class Group(_Calls):
    """Green threads that are waited for, or killed, together."""

    greenlet_class = Greenlet

    def __init__(self, *args):
        if len(args) > 1:
            raise TypeError(f"Group() takes at most 1 argument, not {len(args)}")
        self.greenlets = set(*args)
        self.dying = set()
        self._empty_event = Event()
        if args:
            for each in args[0]:
                each.rawlink(self._discard)
        if not self.greenlets:
            self._empty_event.set()

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self.greenlets!r}>"

    def __len__(self):
        return len(self.greenlets)

    def __contains__(self, item):
        return item in self.greenlets

    def __iter__(self):
        return iter(self.greenlets)

    def add(self, greenlet):
        """Takes one in, until it ends."""
        try:
            rawlink = greenlet.rawlink
        except AttributeError:
            pass
        else:
            rawlink(self._discard)
        self.greenlets.add(greenlet)
        self._empty_event.clear()

    def _discard(self, greenlet):
        self.greenlets.discard(greenlet)
        self.dying.discard(greenlet)
        if not self.greenlets:
            self._empty_event.set()

    def discard(self, greenlet):
        """Gives one out."""
        self._discard(greenlet)
        unlink = getattr(greenlet, "unlink", None)
        if unlink is not None:
            unlink(self._discard)

    def start(self, greenlet):
        """Adds one and starts it."""
        self.add(greenlet)
        greenlet.start()

    def spawn(self, *args, **kwargs):
        """Makes one, adds it and starts it; a full Pool makes the caller wait."""
        made = self.greenlet_class(*args, **kwargs)
        self.start(made)
        return made

    def join(self, timeout=None, raise_error=False):
        """Waits until it is empty. Returns whether it was, within `timeout` seconds."""
        members = list(self.greenlets) if raise_error else ()
        empty = self._empty_event.wait(timeout=timeout)
        for each in members:
            if each.ready() and getattr(each, "exception", None) is not None:
                raise each.exception
        return empty

    def kill(self, exception=GreenletExit, block=True, timeout=None):
        """Kills all members, also those that come meanwhile, and with `block` waits for their ends."""
        limit = Timeout._start_new_or_dummy(timeout)
        try:
            while self.greenlets:
                for each in list(self.greenlets):
                    if each in self.dying:
                        continue
                    try:
                        kill = each.kill
                    except AttributeError:
                        each.throw(exception)
                    else:
                        kill(exception, block=False)
                    self.dying.add(each)
                if not block:
                    break
                joinall(list(self.greenlets))
        except Timeout as raised:
            if raised is not limit:
                raise
        finally:
            limit.cancel()

    def killone(self, greenlet, exception=GreenletExit, block=True, timeout=None):
        """Kills one, if it is a member."""
        if greenlet not in self.dying and greenlet in self.greenlets:
            greenlet.kill(exception, block=False)
            self.dying.add(greenlet)
            if block:
                greenlet.join(timeout)

    def full(self):
        """Whether spawn() would wait."""
        return False

    def wait_available(self, timeout=None):
        """Waits until spawn() would not wait."""

    def _apply_immediately(self):
        return getcurrent() in self

    def _apply_async_cb_spawn(self, callback, result):
        Greenlet.spawn(callback, result)

    def _apply_async_use_greenlet(self):
        return self.full()


class Pool(Group):
    """A Group of at most `size` members; None: without limit."""

    def __init__(self, size=None, greenlet_class=None):
        if size is not None and size < 0:
            raise ValueError("size must not be negative")
        super().__init__()
        self.size = size
        if greenlet_class is not None:
            self.greenlet_class = greenlet_class
        self._semaphore = DummySemaphore() if size is None else Semaphore(size)

    def wait_available(self, timeout=None):
        """Waits until there is room. Returns how many may come at once."""
        return self._semaphore.wait(timeout=timeout)

    def full(self):
        """Whether there is no room."""
        return self.free_count() <= 0

    def free_count(self):
        """For how many more there is room."""
        return 1 if self.size is None else max(0, self.size - len(self))

    def start(self, greenlet, *args, **kwargs):
        """Waits for room, adds one and starts it. PoolFull as add()."""
        self.add(greenlet, *args, **kwargs)
        greenlet.start()

    def add(self, greenlet, blocking=True, timeout=None):
        """Waits for room and takes one in. PoolFull if it does not block, or the timeout came first."""
        if not self._semaphore.acquire(blocking=blocking, timeout=timeout):
            raise PoolFull()
        try:
            super().add(greenlet)
        except BaseException:
            self._semaphore.release()
            raise

    def _discard(self, greenlet):
        was = greenlet in self.greenlets
        super()._discard(greenlet)
        if was:
            self._semaphore.release()

