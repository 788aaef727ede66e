# SPDX-License-Identifier: MIT
"""OS threads, for what blocks although everything is patched, and for computations."""

import os
import traceback

import tendril

__all__ = ["execute", "Proxy", "killall", "set_num_threads"]

QUIET = True
SYS_EXCS = (KeyboardInterrupt, SystemExit)
_nthreads = int(os.environ.get("EVENTLET_THREADPOOL_SIZE", 20))
_pool = None


def _run(meth, args, kwargs):
    try:
        return meth(*args, **kwargs)
    except SYS_EXCS:
        raise
    except BaseException:
        if not QUIET:
            traceback.print_exc()
        raise


def execute(meth, *args, **kwargs):
    """Calls meth in an OS thread, waiting for its result while other green threads run. Raises what it raises."""
    global _pool
    if _nthreads <= 0:
        return _run(meth, args, kwargs)
    if _pool is None:
        _pool = tendril.ThreadPool(_nthreads)
    return _pool.apply(_run, (meth, args, kwargs))


def set_num_threads(nthreads):
    """How many OS threads there are; takes effect for a pool that has not started. 0: execute() calls in place."""
    global _nthreads
    _nthreads = nthreads


def setup():
    """Does nothing: the first execute() starts the threads."""


def killall():
    """Ends the OS threads, once they have done all that was asked of them."""
    global _pool
    pool, _pool = _pool, None
    if pool is not None:
        try:
            pool.join()  # kill() drops what has not begun
        finally:
            pool.kill()


class Proxy:
    """Calls an object's methods by execute(). Those that return instances of `autowrap` types give Proxies for them,
    and so do those with names in autowrap_names."""

    def __init__(self, obj, autowrap=(), autowrap_names=()):
        self._obj = obj
        self._autowrap = tuple(autowrap)
        self._autowrap_names = tuple(autowrap_names)

    def _wrapped(self, name, result):
        if isinstance(result, self._autowrap) or name in self._autowrap_names:
            return Proxy(result, self._autowrap, self._autowrap_names)
        return result

    def _call(self, name, meth, args, kwargs):
        if kwargs.pop("nonblocking", False):
            return self._wrapped(name, meth(*args, **kwargs))
        return self._wrapped(name, execute(meth, *args, **kwargs))

    def __getattr__(self, name):
        value = getattr(self._obj, name)
        if not callable(value):
            return self._wrapped(name, value)

        def call(*args, **kwargs):
            return self._call(name, value, args, kwargs)

        return call

    def __call__(self, *args, **kwargs):
        return self._call("__call__", self._obj, args, kwargs)

    def __getitem__(self, key):
        return self._wrapped("__getitem__", execute(lambda: self._obj[key]))

    def __setitem__(self, key, value):
        execute(lambda: self._obj.__setitem__(key, value))

    def __delitem__(self, key):
        execute(lambda: self._obj.__delitem__(key))

    def __deepcopy__(self, memo=None):
        return execute(_deepcopy, self._obj, memo)

    def __copy__(self, memo=None):
        return execute(_copy, self._obj)

    def __enter__(self):
        return self._call("__enter__", self._obj.__enter__, (), {})

    def __exit__(self, *args):
        return self._call("__exit__", self._obj.__exit__, args, {})

    def __eq__(self, other):
        return self._obj == other

    def __hash__(self):
        return hash(self._obj)

    def __repr__(self):
        return repr(self._obj)

    def __str__(self):
        return str(self._obj)

    def __len__(self):
        return len(self._obj)

    def __bool__(self):
        return bool(self._obj)

    def __iter__(self):
        items = iter(self._obj)
        return Proxy(items, self._autowrap, self._autowrap_names) if items is not self._obj else self

    def __next__(self):
        return execute(_next, self._obj)


def _next(items):
    return next(items)


def _copy(thing):
    import copy
    return copy.copy(thing)


def _deepcopy(thing, memo):
    import copy
    return copy.deepcopy(thing, memo)


