# SPDX-License-Identifier: MIT
"""gevent.hub: get_hub(), sleep(), wait() and the hub as an object.

There is one hub, tendril's, which needs no green thread of its own: callbacks of the loop run in green threads that
are made for them. A callback that waits holds up only those that come after it in the same turn.
"""

import sys
import traceback as _traceback
from collections import deque

import tendril
from tendril import GreenletExit, _tendril, getcurrent
from tendril.gevent import _park
from tendril.gevent.core import loop as _loop
from tendril.gevent.exceptions import (  # noqa: F401
    BlockingSwitchOutError, ConcurrentObjectUseError, HubDestroyed, InvalidSwitchError, InvalidThreadUseError, LoopExit,
)
from tendril.gevent.timeout import Timeout

__all__ = ["GreenletExit", "LoopExit", "getcurrent", "get_hub", "Hub", "Waiter", "iwait", "kill", "reinit",
           "set_hub", "signal", "sleep", "spawn_raw", "wait", "idle"]

_NOTHING = object()
_main = getcurrent()  # the green thread that imports this: the main one


class Hub:
    """The scheduler as gevent's programs see it."""

    SYSTEM_ERROR = (KeyboardInterrupt, SystemExit, SystemError)
    NOT_ERROR = (GreenletExit, SystemExit)
    threadpool_size = 10
    periodic_monitoring_thread = None
    name = ""
    dead = False
    started = True
    backend = "tendril"
    minimal_ident = 0
    _resolver = None
    _threadpool = None
    _passed_on = None  # what the library raises in the main green thread by itself

    def __init__(self, loop=None, default=None):
        self.loop = _loop(hub=self)
        self.parent = _main
        self.main_hub = True

    @property
    def main(self):
        return True

    # ---- Switching

    def switch(self, *args):
        """Waits until another green thread switches to the caller. Returns what that passes."""
        return _tendril._gevent_park()

    switch_out = None

    def throw(self, *args):
        error = _park._as_error(*args) if args else GreenletExit()
        raise error

    def wait(self, watcher):
        """Waits until the watcher calls back."""
        waiter = Waiter(self)
        watcher.start(waiter.switch, waiter)
        try:
            result = waiter.get()
            if result is not waiter:
                raise InvalidSwitchError(f"Invalid switch into {getcurrent()!r}: {result!r}")
        finally:
            watcher.stop()

    def cancel_wait(self, watcher, error, close_watcher=False):
        """Raises the error in the green thread that waits for the watcher."""
        watcher._cancel(error)
        if close_watcher:
            watcher.close()

    def cancel_waits_close_and_then(self, watchers, error, then, *args):
        for watcher in watchers:
            self.cancel_wait(watcher, error, True)
        then(*args)

    def run_callback(self, function, *args):
        return self.loop.run_callback(function, *args)

    def join(self, timeout=None):
        """Waits until nothing can run any more. Returns whether that came within `timeout` seconds."""
        limit = Timeout(timeout, ref=False)
        try:
            with limit:
                tendril.sleep(None)
        except LoopExit:
            return True
        except Timeout as raised:
            if raised is not limit:
                raise
        return False

    def destroy(self, destroy_loop=None):
        """Does nothing: the hub lives as long as its OS thread."""

    # ---- Errors

    exception_stream_default = None

    @property
    def exception_stream(self):
        return self.__dict__.get("_exception_stream") or sys.stderr

    @exception_stream.setter
    def exception_stream(self, stream):
        self.__dict__["_exception_stream"] = stream

    @exception_stream.deleter
    def exception_stream(self):
        self.__dict__.pop("_exception_stream", None)

    def _normalize_exception(self, kind, value, traceback):
        if isinstance(value, str) or value is None:
            value = kind(value) if value is not None else kind()
        return kind, value, traceback

    def handle_error(self, context, type, value, tb):
        """Prints an error that nobody has handled; what is in SYSTEM_ERROR goes to the main green thread."""
        type, value, tb = self._normalize_exception(type, value, tb)
        if not issubclass(type, self.NOT_ERROR):
            self.print_exception(context, type, value, tb)
        if context is None or issubclass(type, self.SYSTEM_ERROR):
            self.handle_system_error(type, value, tb)

    def handle_system_error(self, type, value, tb=None):
        """Raises the error in the main green thread."""
        if self.parent is getcurrent():
            raise value if isinstance(value, BaseException) else type(value)
        if value is not self._passed_on:
            self.parent.throw(type, value)

    def print_exception(self, context, t, v, tb):
        stream = self.exception_stream
        if stream is None:
            return
        _traceback.print_exception(t, v, tb, file=stream)
        if context is not None:
            try:
                told = context if isinstance(context, str) else repr(context)
            except Exception:
                told = f"<{type(context).__name__}>"
            print(f"{told} failed with {getattr(t, '__name__', 'exception')}\n", file=stream)

    # ---- What hangs on it

    @property
    def threadpool(self):
        if self._threadpool is None:
            from tendril.gevent.threadpool import ThreadPool
            self._threadpool = ThreadPool(self.threadpool_size, hub=self)
        return self._threadpool

    @threadpool.setter
    def threadpool(self, pool):
        self._threadpool = pool

    @threadpool.deleter
    def threadpool(self):
        self._threadpool = None

    @property
    def resolver(self):
        if self._resolver is None:
            from tendril.gevent.resolver.thread import Resolver
            self._resolver = Resolver(self)
        return self._resolver

    @resolver.setter
    def resolver(self, resolver):
        self._resolver = resolver

    @resolver.deleter
    def resolver(self):
        self._resolver = None

    def start_periodic_monitoring_thread(self):
        raise NotImplementedError("gevent.hub.Hub.start_periodic_monitoring_thread: see tendril's blocking watch")

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self.loop!r}>"


_hub = None
_hub_class = Hub


def get_hub(*args, **kwargs):
    """The hub; made when it is asked for first."""
    global _hub
    if _hub is None:
        _hub = _hub_class()
    return _hub


_get_hub = get_hub


def get_hub_noargs():
    return get_hub()


def get_hub_if_exists():
    return _hub


def get_hub_class():
    return _hub_class


def set_default_hub_class(kind):
    global _hub_class
    _hub_class = kind


def set_hub(hub):
    global _hub
    _hub = hub


def get_loop():
    return get_hub().loop


class Waiter:
    """One wait of one green thread, and the value for it; keeps a value that comes before the wait."""

    __slots__ = ("hub", "greenlet", "_flag", "_value", "_error", "__weakref__")

    def __init__(self, hub=None):
        self.hub = hub or get_hub()
        self.clear()

    def clear(self):
        self.greenlet = None
        self._flag = None
        self._value = _NOTHING
        self._error = None

    def __str__(self):
        if self._error is not None:
            return f"<{type(self).__name__} greenlet={self.greenlet} exc_info={self.exc_info}>"
        if self._value is not _NOTHING:
            return f"<{type(self).__name__} greenlet={self.greenlet} value={self._value}>"
        return f"<{type(self).__name__} greenlet={self.greenlet}>"

    def ready(self):
        return self._value is not _NOTHING or self._error is not None

    def successful(self):
        return self._value is not _NOTHING

    @property
    def value(self):
        return None if self._value is _NOTHING else self._value

    @property
    def exc_info(self):
        error = self._error
        return None if error is None else (type(error), error, error.__traceback__)

    def switch(self, value=None):
        """Ends the wait with a value."""
        self._value = value
        self._error = None
        if self._flag is not None:
            self._flag.set()

    def switch_args(self, *args):
        return self.switch(args)

    def throw(self, *throw_args):
        """Ends the wait with an exception."""
        self._error = _park._as_error(*throw_args)
        if self._flag is not None:
            self._flag.set()

    def get(self):
        """Waits for the value. AssertionError if another green thread waits for it."""
        if not self.ready():
            if self.greenlet is not None:
                raise ConcurrentObjectUseError(f"This Waiter is already used by {self.greenlet!r}")
            self.greenlet = getcurrent()
            self._flag = _park.Flag()
            try:
                self._flag.wait()
            finally:
                self.greenlet = self._flag = None
        if self._error is not None:
            raise self._error
        return self._value

    def __call__(self, source):
        if source.exception is None:
            self.switch(source.value)
        else:
            self.throw(source.exception)


sleep = _tendril._gevent_sleep


def idle(priority=0):
    """Lets all that is ready run first."""
    tendril.sleep(0)
    tendril.sleep(0)


def kill(greenlet, exception=GreenletExit):
    """Raises the exception in the green thread where it waits; one that has not begun never does. Does not wait."""
    if not greenlet.dead:
        greenlet.kill(exception, block=False)


class _Arrivals:
    """What iwait() and wait() wait with: the objects in the order in which they became ready."""

    def __init__(self, objects):
        self.objects = list(objects)
        self.ready = deque()
        self.event = tendril.Event()

    def __call__(self, source):
        self.ready.append(source)
        self.event.set()


class iwait:
    """Iterates over objects with rawlink() as they become ready; ends after `timeout` seconds, or `count` of them."""

    def __init__(self, objects, timeout=None, count=None):
        self._arrivals = _Arrivals(objects)
        left = len(self._arrivals.objects)
        self._left = left if count is None else min(count, left)
        self._limit = Timeout._start_new_or_dummy(timeout)
        self._links = []
        for each in self._arrivals.objects:
            ready = getattr(each, "ready", None)
            if ready is not None and ready():
                self._arrivals.ready.append(each)
                continue
            each.rawlink(self._arrivals)
            self._links.append(each)

    def __iter__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self._end()

    def _end(self):
        self._limit.cancel()
        links, self._links = self._links, []
        for each in links:
            unlink = getattr(each, "unlink", None)
            if unlink is not None:
                try:
                    unlink(self._arrivals)
                except Exception:
                    _traceback.print_exc()

    def __next__(self):
        if self._left == 0:
            self._end()
            raise StopIteration
        arrivals = self._arrivals
        try:
            while not arrivals.ready:
                arrivals.event.clear()
                arrivals.event.wait()
        except Timeout as raised:
            self._end()
            if raised is not self._limit:
                raise
            raise StopIteration from None
        except BaseException:
            self._end()
            raise
        self._left -= 1
        found = arrivals.ready.popleft()
        if self._left == 0:
            self._end()
        return found

    next = __next__


def wait(objects=None, timeout=None, count=None):
    """Waits for all objects, or `count` of them; returns the list of those that are ready. Without objects: hub.join().
    """
    if objects is None:
        return get_hub().join(timeout=timeout)
    return list(iwait(objects, timeout, count))


def reinit(hub=None):
    """Does nothing: a fork's child is put right by itself."""


def signal(signalnum, handler, *args, **kwargs):
    """Calls handler(*args, **kwargs) in a green thread of its own at each such signal."""
    from tendril.gevent.signal import handle
    return handle(signalnum, handler, *args, **kwargs)


def spawn_raw(function, *args, **kwargs):
    """The cheapest green thread: no links, no name; what it raises is reported."""
    from tendril.gevent.greenlet import spawn_raw as spawn
    return spawn(function, *args, **kwargs)
