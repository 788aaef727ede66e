# SPDX-License-Identifier: MIT
"""Green threads: spawn(), sleep(), kill(), and GreenThread, which is what spawn() returns."""

import sys
import traceback

import tendril
from tendril import _tendril
from tendril import greenlet as _greenlet
from tendril.complete import complete
from tendril.greenlet import GreenletExit

__all__ = ["getcurrent", "sleep", "spawn", "spawn_n", "kill", "spawn_after", "spawn_after_local", "GreenThread"]

print_exceptions = True  # see debug.hub_exceptions()


def getcurrent():
    """The running green thread: a GreenThread, or the greenlet of a green thread that eventlet did not start."""
    current = tendril.getcurrent()
    return current if isinstance(current, Plain) else _greenlet.getcurrent()


sleep = _tendril._eventlet_sleep


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


@complete(_tendril._EventletPlain)
class Plain:
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


@complete(_tendril._EventletGreenThread)
class GreenThread:
    """A green thread whose result can be waited for."""

    def kill(self, *throw_args):
        """kill(self, *throw_args)."""
        return kill(self, *throw_args)

    def cancel(self, *throw_args):
        """Kills it if it has not begun; else does nothing."""
        return cancel(self, *throw_args)


spawn = _tendril._spawner(GreenThread, "spawn", """spawn(func, *args, **kwargs)
--

Runs func(*args, **kwargs) in a green thread, from the caller's next wait on. Returns its GreenThread.""")
spawn_n = _tendril._spawner(Plain, "spawn_n", """spawn_n(func, *args, **kwargs)
--

The same, for a function whose result nobody wants: faster. What it raises is printed.""")


def spawn_after(seconds, func, *args, **kwargs):
    """spawn() after a time; cancel() of the GreenThread prevents it."""
    green = _tendril._make(GreenThread, func, *args, **kwargs)
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
