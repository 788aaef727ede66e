# SPDX-License-Identifier: MIT
"""The hub's face: timers, and waiting for descriptors. The hub itself is tendril's, one for each OS thread."""

import threading
import traceback
from time import monotonic

import tendril
from tendril import _tendril
from tendril import greenlet as _greenlet
from tendril import unpreempted
from tendril.eventlet import greenthread
from tendril.eventlet.timeout import Timeout

__all__ = ["use_hub", "get_hub", "get_default_hub", "trampoline"]

prevent_multiple_readers = True
_hubs = {}


class HubError(Exception):
    """A hub that does not exist."""


class IOClosed(OSError):
    """The descriptor was closed while trampoline() waited for it."""


class Timer:
    """A call that comes later."""

    _green = None  # which calls it
    _for = None    # without which it is not called
    _hub = None

    def __init__(self, seconds, cb, *args, **kw):
        self.seconds = seconds
        self.tpl = cb, args, kw
        self.called = False

    @property
    def pending(self):
        """Whether it was scheduled, and neither called nor cancelled."""
        return self._green is not None and not self.called

    def __repr__(self):
        state = "called" if self.called else "pending" if self.pending else "cancelled"
        return f"<Timer at {id(self):#x} {self.seconds}s {state} {self.tpl[0]!r}>"

    def copy(self):
        """A Timer like it, which is not scheduled."""
        cb, args, kw = self.tpl
        return Timer(self.seconds, cb, *args, **kw)

    def schedule(self):
        """Starts to count. Returns self."""
        return self._schedule(get_hub())

    def _schedule(self, hub):
        self.called = False
        self._hub = hub
        self._green = tendril.spawn_after(self.seconds, self) if self.seconds > 0 else tendril.spawn(self)
        hub.timers.add(self)
        return self

    def __call__(self):
        if self.called or self._green is None:
            return
        self.called = True
        self._hub.timers.discard(self)
        if self._for is not None and self._for.dead:
            return
        cb, args, kw = self.tpl
        try:
            cb(*args, **kw)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            if greenthread.print_exceptions:
                traceback.print_exc()

    def cancel(self):
        """Takes it back, if it was not called."""
        green, self._green = self._green, None
        if green is not None:
            self._hub.timers.discard(self)
        if green is not None and not self.called:
            self.called = True
            green.kill(block=False)


class Listener:
    """A green thread that waits for a descriptor."""

    def __init__(self, evtype, fileno):
        self.evtype = evtype
        self.fileno = fileno
        self.greenlet = greenthread.getcurrent()

    def __repr__(self):
        return f"<Listener {self.evtype} {self.fileno} of {self.greenlet!r}>"


class Hub:
    """What get_hub() returns."""

    READ = "read"
    WRITE = "write"
    SYSTEM_EXCEPTIONS = (KeyboardInterrupt, SystemExit)

    def __init__(self):
        self.clock = monotonic
        self.timers = set()
        self.listeners = {self.READ: {}, self.WRITE: {}}
        self.greenlet = _greenlet.greenlet(self._never)
        self.running = True
        self.stopping = False

    @staticmethod
    def _never():
        raise HubError("nothing switches to the hub: call its switch()")

    def switch(self):
        """Waits until something calls switch() or throw() of the running green thread. Returns what that was given."""
        current = tendril.getcurrent()
        if not isinstance(current, greenthread.Plain):
            return _tendril._raw_park()
        current._parked = _greenlet.getcurrent()
        try:
            return _tendril._raw_park()
        finally:
            del current._parked

    def schedule_call_global(self, seconds, cb, *args, **kw):
        """Calls cb(*args, **kw) after a time, in a green thread. Returns a Timer."""
        self.running = True
        return Timer(seconds, cb, *args, **kw)._schedule(self)

    def schedule_call_local(self, seconds, cb, *args, **kw):
        """The same, unless the calling green thread has ended then."""
        self.running = True
        timer = Timer(seconds, cb, *args, **kw)
        timer._for = greenthread.getcurrent()
        return timer._schedule(self)

    def abort(self, wait=False):
        """Notes it in `running`; the hub goes on with the next timer or wait."""
        self.running = False

    def ensure_greenlet(self):
        """Does nothing: there always is one."""

    def get_readers(self):
        """The Listeners for reading."""
        return list(self.listeners[self.READ].values())

    def get_writers(self):
        """The Listeners for writing."""
        return list(self.listeners[self.WRITE].values())

    def get_timers_count(self):
        """How many Timers are pending."""
        return len(self.timers)

    def set_timer_exceptions(self, value):
        """Whether what timers and green threads raise is printed."""
        greenthread.print_exceptions = bool(value)

    def set_debug_listeners(self, value):
        """Does nothing."""

    def notify_close(self, fileno):
        """Does nothing: close() tells those that wait."""

    def mark_as_reopened(self, fileno):
        """Does nothing: close() has told those that waited."""

    def __getattr__(self, name):
        raise AttributeError(f"tendril's hub has no {name}: it is not eventlet's")


def get_default_hub():
    """tendril's."""
    return Hub


def use_hub(mod=None):
    """Accepts the names of eventlet's hubs, None and Hub; tendril chooses how it waits. HubError for another one."""
    known = (None, "epolls", "poll", "selects", "asyncio", Hub)
    if mod not in known and not (isinstance(mod, str) and mod.startswith("eventlet.hubs")):
        raise HubError(f"{mod!r} is no hub of tendril's; it has one, which TENDRIL_BACKEND chooses the system call of")


def get_hub():
    """This OS thread's Hub."""
    ident = threading.get_native_id()
    hub = _hubs.get(ident)
    if hub is None:
        hub = _hubs[ident] = Hub()
    return hub


def trampoline(fd, read=None, write=None, timeout=None, timeout_exc=Timeout, mark_as_closed=None):
    """Waits until a descriptor, or what has a fileno(), is ready to read, or to write.

    Raises timeout_exc after `timeout` seconds, IOClosed if it is closed meanwhile, and RuntimeError if another green
    thread waits for the same.
    """
    assert not (read and write), "trampoline() waits for reading or for writing, not for both"
    unpreempted.patch()
    import select
    fileno = fd if isinstance(fd, int) else fd.fileno()
    hub = get_hub()
    kind = Hub.READ if read else Hub.WRITE
    waiting = hub.listeners[kind]
    if fileno in waiting and prevent_multiple_readers:
        raise RuntimeError(f"a second simultaneous {kind} of descriptor {fileno}: {waiting[fileno]!r} waits for it; "
                           "one green thread should, or call eventlet.debug.hub_prevent_multiple_readers(False)")
    mine = Listener(kind, fileno)
    waiting.setdefault(fileno, mine)
    poll = select.poll()
    poll.register(fileno, select.POLLIN | select.POLLPRI if read else select.POLLOUT)
    limit = None if timeout is None else Timeout(timeout, timeout_exc)
    try:
        events = poll.poll()
    finally:
        if limit is not None:
            limit.cancel()
        if waiting.get(fileno) is mine:
            del waiting[fileno]
    if not events or events[0][1] & select.POLLNVAL:
        if mark_as_closed is not None:
            mark_as_closed()
        raise IOClosed(9, "the descriptor was closed while a green thread waited for it")


def notify_close(fd):
    """Does nothing: close() tells those that wait."""


def notify_opened(fd):
    """Does nothing: close() has told those that waited."""
