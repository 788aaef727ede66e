# SPDX-License-Identifier: MIT
"""patch(): the interpreter, its modules and its C libraries become cooperative."""

from tendril import _tendril


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
    return _tendril._patch(_list(classes), _list(without))
