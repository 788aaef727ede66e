# SPDX-License-Identifier: MIT
"""patch(): the interpreter, its modules and its C libraries become cooperative."""

import functools
import os
import signal

from tendril import _tendril

_interval = 0.005


def _list(names):
    return names if isinstance(names, str) else ",".join(names)


def patch(classes="all", *, without=""):
    """Makes threads of Python green threads, and lets what blocks one of them suspend it instead.

    To be called first thing in the program. It covers what is loaded and what will be, in Python and in C: sockets,
    sleeps, locks, queues, subprocesses, names, database drivers. A second call does nothing new.

    `classes` and `without` choose calls of the C library, as lists or with commas between them: io, sleep, names,
    processes, sync, threads, keys, signals. sync and keys cannot be left out.

    Returns whether this was the first call. Raises ValueError for a class that does not exist, RuntimeError where the
    process cannot be patched, and WrongThread in another OS thread than the first call's.
    """
    first = _tendril._patch(_list(classes), _list(without))
    if first:
        os.register_at_fork(after_in_child=_preempt_in_child)
        signal.pause = _pause
        preempt(_interval)
        from tendril import threads  # not before: threading keeps the main thread's identity
        threads.mend()
    return first


def preempt(seconds):
    """How long a green thread may compute, after patch(), before others that are ready run meanwhile: 0.005 by default.

    0 means as long as it likes: then it is stopped by its own waits only, as everywhere before patch(). Raises
    ValueError for what is not a number of seconds. May wait for the thread that saw to it so far.
    """
    global _interval
    if _tendril.patched():
        _tendril._set_preemption(seconds)
    elif not 0 <= seconds <= 3600:
        raise ValueError("preemption takes a number of seconds from 0, which means never, to 3600")
    _interval = seconds


@functools.wraps(signal.pause)
def _pause():
    _pause.__wrapped__()  # says nothing of why it ended
    _tendril.deliver()


_pause.__module__ = "signal"  # as all of its functions say that are not the interpreter's own


def _preempt_in_child():
    _tendril._forget_preemption()
    _tendril._set_preemption(_interval)
