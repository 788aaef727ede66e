# SPDX-License-Identifier: MIT
"""Green threads: plain blocking code, one green thread for each job, all in one OS thread.

    import tendril

    def fetch(url): ...

    pages = [tendril.spawn(fetch, url) for url in urls]
    for page in pages:
        print(page.get())
"""

import atexit as _atexit
import os as _os

from tendril._tendril import (  # noqa: F401
    Alarm, Greenlet, GreenletExit, GreenletKilled, HubBlocked, LoopExit, ShutDown, WrongThread,
    deliver, getcurrent, patch_report, patched, sleep, spawn, spawn_after, spawn_n,
)
from tendril._tendril import (  # noqa: F401
    AsyncResult, BoundedSemaphore, Channel, Condition, Event, JoinableQueue, LifoQueue, Lock, PriorityQueue, Queue,
    RLock, Semaphore, SharedEvent, SharedQueue, SharedSemaphore,
)
from _thread import _local as local  # noqa: F401  # CPython's has a value for each green thread
from tendril import _tendril
from tendril.patching import patch, preempt  # noqa: F401
from tendril.timeout import Timeout, with_timeout  # noqa: F401
from tendril.dump import dump, set_blocking_watch  # noqa: F401
from tendril.group import Group  # noqa: F401
from tendril.hub import Hub, get_hub  # noqa: F401
from tendril.pool import Pile, Pool, PoolFull  # noqa: F401
from tendril.thread_pool import ThreadPool, offload  # noqa: F401
from tendril.waits import iwait, joinall, killall, wait  # noqa: F401

_os.register_at_fork(before=_tendril._before_fork, after_in_parent=_tendril._after_fork_in_parent,
                     after_in_child=_tendril._after_fork_in_child)
_atexit.register(_tendril._at_exit)
