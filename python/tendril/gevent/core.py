# SPDX-License-Identifier: MIT
"""gevent.core: the loop and its watchers, as thin objects over the hub, its green threads and floor patch."""

import _thread
import os
import signal as _signal
import sys
import time as _time

import tendril
from tendril import _tendril, unpreempted

READ, WRITE = 1, 2
EVENTS = READ | WRITE
MINPRI, MAXPRI = -2, 2
_KINDS = {"io", "timer", "signal", "idle", "prepare", "check", "fork", "async", "child", "stat"}


def get_version():
    return "tendril"


get_header_version = get_version


callback = _tendril._GeventCallback


class watcher:
    """The base of all: start(callback, *args), stop(), active, pending, close(), `with`."""

    def __init__(self, loop, ref=True, priority=None):
        self.loop = loop
        self.ref = ref
        self.priority = priority or 0
        self.callback = None
        self.args = None
        self._active = False
        self._waits = None

    def start(self, callback, *args, **kwargs):
        """callback(*args) at each of its events."""
        if not callable(callback):
            raise TypeError(f"Expected callable, not {callback!r}")
        self.stop()
        self.callback, self.args = callback, args
        self._active = True
        self._begin(**kwargs)

    def _begin(self, **kwargs):
        pass

    def _end(self):
        waits, self._waits = self._waits, None
        if waits is not None and waits is not tendril.getcurrent():
            waits.kill(block=False)

    def stop(self):
        """No callback comes after this."""
        self._active = False
        self._end()
        self.callback = self.args = None

    def close(self):
        self.stop()

    def _cancel(self, error):
        """Raises the error in the one that waits for it by hub.wait()."""
        owner = getattr(self.callback, "__self__", None)
        if self._active and owner is not None and hasattr(owner, "throw"):
            owner.throw(error)

    @property
    def active(self):
        return self._active

    @property
    def pending(self):
        return False

    def feed(self, revents, callback, *args):
        self.callback, self.args = callback, args
        self._active = True
        self.loop.run_callback(self._fire)

    def _fire(self):
        function, args = self.callback, self.args
        if self._active and function is not None:
            try:
                function(*args)
            except BaseException:
                self.loop.handle_error(self, *sys.exc_info())

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.close()

    def __repr__(self):
        text = f"<{type(self).__name__} at {id(self):#x}"
        if self.active:
            text += f" active callback={self.callback!r} args={self.args!r}"
        return text + ">"


class timer(watcher):
    """After `after` seconds, then every `repeat` seconds."""

    def __init__(self, loop, after=0.0, repeat=0.0, ref=True, priority=None):
        if repeat < 0:
            raise ValueError(f"repeat must be positive or zero: {repeat!r}")
        super().__init__(loop, ref, priority)
        self._after = after
        self.repeat = repeat

    def _begin(self, update=True):
        self._waits = tendril.spawn_after(max(self._after, 0), self._run)

    def again(self, callback, *args, **kwargs):
        """Starts it anew, with `repeat` as its time."""
        after, self._after = self._after, self.repeat or self._after
        try:
            self.start(callback, *args)
        finally:
            self._after = after

    def _run(self):
        me = tendril.getcurrent()
        while True:
            if not self.repeat:
                self._active = False
                self._waits = None
                function, args = self.callback, self.args
                self.callback = self.args = None
                if function is not None:
                    try:
                        function(*args)
                    except BaseException:
                        self.loop.handle_error(self, *sys.exc_info())
                return
            self._fire()
            if self._waits is not me:
                return
            tendril.sleep(self.repeat)
            if self._waits is not me:
                return


class _turning(watcher):
    """Once in each turn of the loop while others run."""

    def _begin(self, **kwargs):
        self._waits = tendril.spawn(self._run)

    def _run(self):
        me = tendril.getcurrent()
        while self._waits is me:
            self._fire()
            if self._waits is me:
                tendril.sleep(0.001)


class idle(_turning):
    pass


class prepare(_turning):
    pass


class check(_turning):
    pass


class io(watcher):
    """The descriptor is ready. Watching it calls tendril.patch(), so that poll() waits without stopping others."""

    def __init__(self, loop, fd, events, ref=True, priority=None):
        if fd < 0:
            raise ValueError(f"fd must be non-negative: {fd!r}")
        if events & ~EVENTS:
            raise ValueError(f"illegal event mask: {events!r}")
        super().__init__(loop, ref, priority)
        self._fd = fd
        self._events = events
        self._pass = False

    @property
    def fd(self):
        return self._fd

    @property
    def events(self):
        return self._events

    @events.setter
    def events(self, events):
        self._events = events

    @property
    def events_str(self):
        return "|".join(name for bit, name in ((READ, "READ"), (WRITE, "WRITE")) if self._events & bit)

    def start(self, callback, *args, pass_events=False):
        super().start(callback, *args, pass_events=pass_events)

    def _begin(self, pass_events=False):
        self._pass = pass_events
        self._waits = tendril.spawn(self._run)

    def _run(self):
        import select
        unpreempted.patch()
        me = tendril.getcurrent()
        while self._waits is me:
            poll = select.poll()
            poll.register(self._fd, (select.POLLIN if self._events & READ else 0) |
                          (select.POLLOUT if self._events & WRITE else 0))
            found = poll.poll()
            if self._waits is not me:
                return
            if found and found[0][1] & select.POLLNVAL:
                self._waits = None
                self._cancel(OSError(9, "File descriptor was closed in another greenlet"))
                return
            if found and self.callback is not None:
                got = found[0][1]
                bits = ((READ if got & (select.POLLIN | select.POLLHUP | select.POLLERR) else 0) |
                        (WRITE if got & (select.POLLOUT | select.POLLERR) else 0)) & self._events
                function, args = self.callback, self.args
                try:
                    function(bits, *args) if self._pass else function(*args)
                except BaseException:
                    self.loop.handle_error(self, *sys.exc_info())
            tendril.sleep(0)


class async_(watcher):
    """send(), from any OS thread. While it is active, there is no LoopExit."""

    def _begin(self, **kwargs):
        self.loop._take_posts()

    def send(self):
        """Lets the callback be called in the loop's OS thread."""
        self.loop.run_callback_threadsafe(self._fire)

    send_ignoring_arg = staticmethod(lambda arg: None)


class fork(watcher):
    """In the child of a fork."""

    def _begin(self, **kwargs):
        if not self.loop._forks:
            _watched.add(self.loop)
        self.loop._forks.append(self)

    def _end(self):
        if self in self.loop._forks:
            self.loop._forks.remove(self)


class signal(watcher):
    """A signal has come."""

    def __init__(self, loop, signalnum, ref=True, priority=None):
        if not 1 <= signalnum < _signal.NSIG:
            raise ValueError(f"illegal signal number: {signalnum!r}")
        super().__init__(loop, ref, priority)
        self.signalnum = signalnum
        self._before = None

    def _begin(self, **kwargs):
        def arrive(number, frame):
            self.loop.run_callback(self._fire)

        self._before = _signal.signal(self.signalnum, arrive)

    def _end(self):
        before, self._before = self._before, None
        if before is not None:
            _signal.signal(self.signalnum, before)


class child(watcher):
    """A child has ended: rpid and rstatus then say which and how."""

    def __init__(self, loop, pid, trace=0, ref=True):
        super().__init__(loop, ref)
        self.pid = pid
        self.rpid = 0
        self.rstatus = 0

    def _begin(self, **kwargs):
        self._waits = tendril.spawn(self._run)

    def _run(self):
        import select
        unpreempted.patch()
        me = tendril.getcurrent()
        pidfd = os.pidfd_open(self.pid)
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            poll.poll()
            if self._waits is not me:
                return
            self.rpid, self.rstatus = os.waitpid(self.pid, os.WNOHANG)
        finally:
            os.close(pidfd)
        self._waits = None
        self._fire()


class stat(watcher):
    """A file's attributes have changed: attr and prev."""

    def __init__(self, loop, path, interval=0.0, ref=True, priority=None):
        super().__init__(loop, ref, priority)
        self.path = path
        self.interval = interval or 0.1
        self.attr = self.prev = None

    def _look(self):
        try:
            return os.stat(self.path)
        except OSError:
            return None

    def _begin(self, **kwargs):
        self.attr = self._look()
        self._waits = tendril.spawn(self._run)

    def _run(self):
        me = tendril.getcurrent()
        while self._waits is me:
            tendril.sleep(self.interval)
            now = self._look()
            if self._waits is me and now != self.attr:
                self.prev, self.attr = self.attr, now
                self._fire()


class loop(_tendril._GeventLoop):
    """The loop of the one hub."""

    MAXPRI, MINPRI = MAXPRI, MINPRI
    approx_timer_resolution = 0.00001
    backend = "tendril"
    backend_int = 0
    default = True
    error_handler = None
    sigfd = -1
    origflags_int = 0
    origflags = ""
    pendingcnt = 0
    activecnt = 0
    depth = 0

    def __init__(self, flags=None, default=None, hub=None):
        self._hub = hub
        self._forks = []
        self._posts = None
        self._home = _thread.get_native_id()
        self.starting_timer_may_update_loop_time = False

    def handle_error(self, context, kind, value, traceback):
        handler = self._hub.handle_error if self._hub is not None else sys.excepthook
        try:
            handler(context, kind, value, traceback)
        except BaseException:
            sys.excepthook(*sys.exc_info())

    # ---- Calls

    def run_callback_threadsafe(self, function, *args):
        """The same from any OS thread: from another than the loop's once an async_() watcher was started."""
        if _thread.get_native_id() == self._home:
            return self.run_callback(function, *args)
        if self._posts is None:
            raise RuntimeError("run_callback_threadsafe from another OS thread needs a loop.async_() that was started")
        call = callback(function, args)
        self._posts.put(call)
        return call

    def _take_posts(self):
        if self._posts is None:
            self._posts = tendril.SharedQueue()
            tendril.spawn_n(self._run_posts)

    def _run_posts(self):
        for call in self._posts:
            call._call(self)

    def run(self, nowait=False, once=False):
        raise NotImplementedError("gevent.core.loop.run: the hub runs by itself")

    def reinit(self):
        pass

    def destroy(self):
        pass

    def break_(self, how=None):
        pass

    def ref(self):
        pass

    unref = ref

    def update(self):
        pass

    update_now = verify = update

    def now(self):
        return _time.monotonic()

    def debug(self):
        return []

    @property
    def iteration(self):
        return 0

    # ---- Watchers

    def __getattr__(self, name):
        if name.rstrip("_") in _KINDS:
            kind = globals().get(name) or globals()[name.rstrip("_") + "_"]

            def make(*args, **kwargs):
                return kind(self, *args, **kwargs)

            self.__dict__[name] = make
            return make
        raise AttributeError(name)

    def closing_fd(self, fd):
        return False

    def install_sigchld(self):
        pass

    reset_sigchld = install_sigchld

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} default pending={self.pendingcnt}>"


_watched = set()  # loops with fork watchers


def _after_fork_in_child():
    for each in _watched:
        each._home = _thread.get_native_id()
        for one in list(each._forks):
            each.run_callback(one._fire)


os.register_at_fork(after_in_child=_after_fork_in_child)


def supported_backends():
    return ["tendril"]
