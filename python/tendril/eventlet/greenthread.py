# SPDX-License-Identifier: MIT
"""Green threads: spawn(), sleep(), kill(), and GreenThread, which is what spawn() returns."""

import sys
import traceback

import tendril
from tendril import greenlet as _greenlet
from tendril.greenlet import GreenletExit

__all__ = ["getcurrent", "sleep", "spawn", "spawn_n", "kill", "spawn_after", "spawn_after_local", "GreenThread"]

print_exceptions = True  # see debug.hub_exceptions()


def getcurrent():
    """The running green thread: a GreenThread, or the greenlet of a green thread that eventlet did not start."""
    current = tendril.getcurrent()
    return current if isinstance(current, Plain) else _greenlet.getcurrent()


def sleep(seconds=0):
    """Lets other green threads run, for at least so many seconds; 0: each that is ready once."""
    tendril.sleep(seconds if seconds is None or seconds > 0 else 0)


def _exception_from(args):
    """The exception that throw(*args) means: an instance, a class, or (class, value, traceback)."""
    if not args:
        return GreenletExit()
    kind, value, trace = (tuple(args) + (None, None))[:3]
    if isinstance(kind, BaseException):
        error = kind
    elif isinstance(value, BaseException):
        error = value
    elif isinstance(kind, type) and issubclass(kind, BaseException):
        error = kind() if value is None else kind(*value) if isinstance(value, tuple) else kind(value)
    else:
        raise TypeError(f"an exception or a class of one is needed; this is {kind!r}")
    return error if trace is None else error.with_traceback(trace)


class Plain(tendril.Greenlet):
    """What spawn_n() returns: runs a function, and prints what that raises."""

    def _failed(self, error):
        self.exception  # it counts as reported
        if print_exceptions and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)

    def switch(self, *args):
        """Lets it go on, if it waits in hubs.get_hub().switch(), which then returns the argument."""
        parked = self.__dict__.get("_parked")
        if parked is None:
            raise _greenlet.error("this green thread does not wait in hub.switch()")
        return parked.switch(*args)

    def throw(self, *args):
        """Raises an exception in it, where it waits; one that has not begun never does."""
        if self is tendril.getcurrent():
            raise _exception_from(args)
        self._kill(_exception_from(args))

    def _kill(self, error):
        tendril.Greenlet.kill(self, error, block=False)

    @property
    def parent(self):
        """None: no green thread gets another one's result."""
        return None

    @property
    def gr_frame(self):
        """None: see tendril.dump()."""
        return None


class GreenThread(Plain):
    """A green thread whose result can be waited for."""

    _state = 0  # 0: not begun; 1: begun; 2: it has a result, or an error
    _value = None
    _error = None
    _links = None
    _over = None
    _resolving = False

    def _run(self, function, *args, **kwargs):
        if self._state == 2:
            return
        self._state = 1
        try:
            self._value = function(*args, **kwargs)
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._end()

    def _end(self):
        self._state = 2
        if self._over is not None:
            self._over.set()
        if self._links:
            self._call_links()

    def _call_links(self):
        if self._resolving:
            return
        self._resolving = True
        try:
            while self._links:
                function, args, kwargs = self._links.pop(0)
                function(self, *args, **kwargs)
        finally:
            self._resolving = False

    def wait(self):
        """Waits for its end. Returns its result, or raises what it raised; after a kill that exception."""
        if self._state != 2:
            if self is tendril.getcurrent():
                raise RuntimeError("a green thread cannot wait for its own end")
            if self._over is None:
                self._over = tendril.Event()
            self._over.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def link(self, function, *args, **kwargs):
        """Calls function(self, *args, **kwargs) at its end, in it; if it has ended, at once."""
        if self._links is None:
            self._links = []
        self._links.append((function, args, kwargs))
        if self._state == 2:
            self._call_links()

    def unlink(self, function, *args, **kwargs):
        """Takes a link back. Returns whether there was one."""
        try:
            self._links.remove((function, args, kwargs))
        except (AttributeError, ValueError):
            return False
        return True

    def kill(self, *throw_args):
        """kill(self, *throw_args)."""
        return kill(self, *throw_args)

    def cancel(self, *throw_args):
        """Kills it if it has not begun; else does nothing."""
        return cancel(self, *throw_args)

    def _kill(self, error):
        if self._state == 0:
            self._error = error
            tendril.Greenlet.kill(self, GreenletExit(), block=False)
            self._end()
        elif self._state == 1:
            tendril.Greenlet.kill(self, error, block=False)

    def __bool__(self):
        return self._state == 1

    @property
    def dead(self):
        """Whether it has ended, or never will begin."""
        return self._state == 2


def _made(kind, function, args, kwargs):
    if not callable(function):
        raise TypeError(f"a green thread needs something to call; this is {function!r}")
    if kind is GreenThread:
        green = GreenThread()
        GreenThread.__init__(green, green._run, function, *args, **kwargs)
        return green
    return kind(function, *args, **kwargs)


def spawn(func, *args, **kwargs):
    """Runs func(*args, **kwargs) in a green thread, from the caller's next wait on. Returns its GreenThread."""
    green = _made(GreenThread, func, args, kwargs)
    green.start()
    return green


def spawn_n(func, *args, **kwargs):
    """The same, for a function whose result nobody wants: faster. What it raises is printed."""
    green = _made(Plain, func, args, kwargs)
    green.start()
    return green


def spawn_after(seconds, func, *args, **kwargs):
    """spawn() after a time; cancel() of the GreenThread prevents it."""
    green = _made(GreenThread, func, args, kwargs)
    if seconds > 0:
        green.start_later(seconds)
    else:
        green.start()
    return green


def _run_local(spawner, func, args, kwargs):
    if spawner.dead:
        raise GreenletExit
    return func(*args, **kwargs)


def spawn_after_local(seconds, func, *args, **kwargs):
    """spawn_after(), but func is not called once the calling green thread has ended: wait() raises GreenletExit then."""
    return spawn_after(seconds, _run_local, getcurrent(), func, args, kwargs)


def cancel(g, *throw_args):
    """Kills a green thread if it has not begun; else does nothing."""
    if not g:
        kill(g, *throw_args)


def kill(g, *throw_args):
    """Raises an exception in a green thread, where it waits: GreenletExit, or what the arguments say, as for raise.

    Lets others run, so that the green thread has seen it when this returns. One that has not begun never does. Its
    wait() raises the exception, unless it handles it.
    """
    if g.dead:
        return
    if isinstance(g, Plain):
        g.throw(*throw_args)
    elif isinstance(g, tendril.Greenlet):
        g.kill(_exception_from(throw_args), block=False)
    else:
        g.throw(*throw_args)
        return
    tendril.sleep(0)
