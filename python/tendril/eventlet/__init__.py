# SPDX-License-Identifier: MIT
"""eventlet on tendril: the names of eventlet 0.33, with its semantics.

    from tendril import eventlet

    pool = eventlet.GreenPool()
    for body in pool.imap(fetch, urls): ...

Where it differs on purpose is said in docs/coming-from-eventlet.md. Sockets and everything else that blocks cooperate
from the first use of eventlet.green, of connect(), listen(), serve() and wsgi, or from monkey_patch() on.
"""

from tendril.eventlet import (  # noqa: F401
    convenience, event, greenpool, greenthread, patcher, queue, semaphore, support, timeout,
)
from tendril.eventlet.convenience import StopServe, connect, listen, serve, wrap_ssl  # noqa: F401
from tendril.eventlet.event import Event  # noqa: F401
from tendril.eventlet.greenpool import GreenPile, GreenPool  # noqa: F401
from tendril.eventlet.greenthread import (  # noqa: F401
    getcurrent, kill, sleep, spawn, spawn_after, spawn_after_local, spawn_n,
)
from tendril.eventlet.patcher import import_patched, monkey_patch  # noqa: F401
from tendril.eventlet.queue import Queue  # noqa: F401
from tendril.eventlet.semaphore import BoundedSemaphore, CappedSemaphore, Semaphore  # noqa: F401
from tendril.eventlet.timeout import Timeout, is_timeout, with_timeout, wrap_is_timeout  # noqa: F401

version_info = (0, 33, 1)
__version__ = "0.33.1"

_missing = {
    "TimeoutError": "Timeout",
    "exc_after": "Timeout",
    "call_after_global": "spawn_after",
    "call_after_local": "spawn_after_local",
}


def __getattr__(name):
    if name in ("green", "greenio", "hubs", "wsgi", "websocket", "tpool", "debug", "pools", "backdoor", "corolocal"):
        import importlib
        return importlib.import_module(f"tendril.eventlet.{name}")
    if name in _missing:
        raise AttributeError(f"tendril.eventlet has no {name}, which eventlet deprecates; use {_missing[name]}")
    raise AttributeError(f"module 'tendril.eventlet' has no attribute {name!r}")
