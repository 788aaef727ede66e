# SPDX-License-Identifier: MIT

from threading import local as local

from tendril._tendril import (
    Alarm as Alarm, AsyncResult as AsyncResult, BoundedSemaphore as BoundedSemaphore, Channel as Channel,
    Condition as Condition, Event as Event, Greenlet as Greenlet, GreenletExit as GreenletExit,
    GreenletKilled as GreenletKilled, HubBlocked as HubBlocked, JoinableQueue as JoinableQueue, LifoQueue as LifoQueue,
    Lock as Lock, LoopExit as LoopExit, PriorityQueue as PriorityQueue, Queue as Queue, RLock as RLock,
    Semaphore as Semaphore, SharedEvent as SharedEvent, SharedQueue as SharedQueue,
    SharedSemaphore as SharedSemaphore, ShutDown as ShutDown,
    WrongThread as WrongThread, deliver as deliver,
    getcurrent as getcurrent, patch_report as patch_report, patched as patched, sleep as sleep, spawn as spawn,
    spawn_after as spawn_after, spawn_n as spawn_n,
)
from tendril.dump import dump as dump, set_blocking_watch as set_blocking_watch
from tendril.group import Group as Group
from tendril.hub import Hub as Hub, get_hub as get_hub
from tendril.patching import patch as patch, preempt as preempt
from tendril.pool import Pile as Pile, Pool as Pool, PoolFull as PoolFull
from tendril.thread_pool import ThreadPool as ThreadPool, offload as offload
from tendril.timeout import Timeout as Timeout, with_timeout as with_timeout
from tendril.waits import iwait as iwait, joinall as joinall, killall as killall, wait as wait
