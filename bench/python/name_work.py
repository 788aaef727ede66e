# SPDX-License-Identifier: MIT
"""One piece of work by gevent's, eventlet's or greenlet's own names: prints CPU nanoseconds of one operation, and KiB of
memory for each green thread where the work keeps many.

    python3 name_work.py MODULE WORK

MODULE: gevent, eventlet, greenlet, or tendril's module of the same shape, such as tendril.gevent.
"""

import gc
import importlib
import sys
import time


def one():
    return 1


def same(item):
    return item


def resident():
    """KiB of memory."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def taking_turns(spawn, wait, sleep, count):
    """Two green threads that take turns by sleep(0)."""
    def turns():
        for _ in range(count // 2):
            sleep(0)

    for each in [spawn(turns), spawn(turns)]:
        wait(each)


def there_and_back(spawn, wait, make, count):
    """An item there and back, through two queues."""
    there, back = make(), make()

    def answer():
        for _ in range(count):
            back.put(there.get())

    def ask():
        for _ in range(count):
            there.put(1)
            back.get()

    for each in [spawn(answer), spawn(ask)]:
        wait(each)


def asleep(spawn, sleep, count):
    """Many that sleep for half a second. Returns KiB of each."""
    before = resident()
    for _ in range(count):
        spawn(sleep, 0.5)
    sleep(0)
    sleep(0)
    grown = resident() - before
    sleep(2)
    return grown / count


# ---- gevent

def gevent_sleep(gevent, count):
    taking_turns(gevent.spawn, gevent.Greenlet.join, gevent.sleep, count)


def gevent_spawn_get(gevent, count):
    spawn = gevent.spawn
    for _ in range(count):
        spawn(one).get()


def gevent_joinall(gevent, count):
    for _ in range(count // 1000):
        gevent.joinall([gevent.spawn(one) for _ in range(1000)])


def gevent_spawn_raw(gevent, count):
    """30,000 alive at once."""
    before = resident()
    for _ in range(count):
        gevent.spawn_raw(one)
    grown = resident() - before
    gevent.sleep(0)
    gevent.sleep(0)
    return grown / count


def gevent_queue(gevent, count):
    there_and_back(gevent.spawn, gevent.Greenlet.join, gevent.queue.Queue, count)


def gevent_event(gevent, count):
    """set() and wait(), back and forth."""
    there, back = gevent.event.Event(), gevent.event.Event()

    def answer():
        for _ in range(count):
            there.wait()
            there.clear()
            back.set()

    green = gevent.spawn(answer)
    for _ in range(count):
        there.set()
        back.wait()
        back.clear()
    green.join()


def gevent_result(gevent, count):
    """An AsyncResult that another green thread sets."""
    for _ in range(count):
        result = gevent.event.AsyncResult()
        gevent.spawn(result.set, 1)
        result.get()


def gevent_semaphore(gevent, count):
    """A permit taken and given back."""
    permits = gevent.lock.Semaphore(1)
    for _ in range(count):
        with permits:
            pass


def gevent_map(gevent, count):
    gevent.pool.Pool(100).map(same, range(count))


def gevent_imap(gevent, count):
    for _ in gevent.pool.Pool(100).imap(same, range(count)):
        pass


def gevent_imap_unordered(gevent, count):
    for _ in gevent.pool.Pool(100).imap_unordered(same, range(count)):
        pass


def gevent_timeout(gevent, count):
    """A Timeout that does not come."""
    for _ in range(count):
        with gevent.Timeout(10):
            pass


def gevent_hub_switch(gevent, count):
    """hub.switch(), woken by a callback of the loop."""
    me, hub = gevent.getcurrent(), gevent.get_hub()
    for _ in range(count):
        hub.loop.run_callback(me.switch)
        hub.switch()


def gevent_threadpool(gevent, count):
    """A call in an OS thread."""
    pool = gevent.get_hub().threadpool
    for _ in range(count):
        pool.apply(one)


def gevent_sleepers(gevent, count):
    return asleep(gevent.spawn, gevent.sleep, count)


# ---- eventlet

def eventlet_sleep(eventlet, count):
    taking_turns(eventlet.spawn, eventlet.greenthread.GreenThread.wait, eventlet.sleep, count)


def eventlet_spawn_wait(eventlet, count):
    spawn = eventlet.spawn
    for _ in range(count):
        spawn(one).wait()


def eventlet_spawn_many(eventlet, count):
    for _ in range(count // 1000):
        for each in [eventlet.spawn(one) for _ in range(1000)]:
            each.wait()


def eventlet_spawn_n(eventlet, count):
    """30,000 alive at once."""
    before = resident()
    for _ in range(count):
        eventlet.spawn_n(one)
    grown = resident() - before
    eventlet.sleep(0)
    eventlet.sleep(0)
    return grown / count


def eventlet_queue(eventlet, count):
    there_and_back(eventlet.spawn, eventlet.greenthread.GreenThread.wait, eventlet.Queue, count)


def eventlet_event(eventlet, count):
    """An Event that another green thread sends."""
    for _ in range(count):
        event = eventlet.Event()
        eventlet.spawn_n(event.send, 1)
        event.wait()


def eventlet_semaphore(eventlet, count):
    """A permit taken and given back."""
    permits = eventlet.Semaphore(1)
    for _ in range(count):
        with permits:
            pass


def eventlet_pool_spawn_n(eventlet, count):
    pool = eventlet.GreenPool(100)
    for _ in range(count):
        pool.spawn_n(one)
    pool.waitall()


def eventlet_pool_imap(eventlet, count):
    for _ in eventlet.GreenPool(100).imap(same, range(count)):
        pass


def eventlet_pile(eventlet, count):
    pile = eventlet.GreenPile(100)
    for _ in range(count // 100):
        for _ in range(100):
            pile.spawn(one)
        for _ in range(100):
            next(pile)


def eventlet_timeout(eventlet, count):
    """A Timeout that does not come."""
    for _ in range(count):
        with eventlet.Timeout(10):
            pass


def eventlet_hub_switch(eventlet, count):
    """hub.switch(), woken by a call of the hub."""
    hub = eventlet.hubs.get_hub()
    current = eventlet.getcurrent()
    for _ in range(count):
        hub.schedule_call_global(0, current.switch)
        hub.switch()


def eventlet_tpool(eventlet, count):
    """A call in an OS thread."""
    for _ in range(count):
        eventlet.tpool.execute(one)


def eventlet_sleepers(eventlet, count):
    return asleep(eventlet.spawn, eventlet.sleep, count)


# ---- greenlet

def greenlet_switch(greenlet, count):
    """switch() there and back."""
    main = greenlet.getcurrent()

    def answer():
        while True:
            main.switch()

    switch = greenlet.greenlet(answer).switch
    for _ in range(count // 2):
        switch()


def greenlet_run(greenlet, count):
    """A greenlet that runs to its end."""
    kind = greenlet.greenlet
    for _ in range(count):
        kind(one).switch()


PARTS = {"gevent": ("event", "queue", "pool", "lock"), "eventlet": ("hubs", "tpool", "greenthread"), "greenlet": ()}
# name: (the work, how many operations of ours, of the original). Of those that keep many, no operation goes before.
WORKS = {
    "gevent": {
        "sleep": (gevent_sleep, 2_000_000, 100_000),
        "spawn_get": (gevent_spawn_get, 200_000, 20_000),
        "joinall": (gevent_joinall, 200_000, 20_000),
        "spawn_raw": (gevent_spawn_raw, 30_000, 30_000),
        "queue": (gevent_queue, 200_000, 20_000),
        "event": (gevent_event, 100_000, 20_000),
        "result": (gevent_result, 100_000, 10_000),
        "semaphore": (gevent_semaphore, 500_000, 100_000),
        "map": (gevent_map, 50_000, 10_000),
        "imap": (gevent_imap, 50_000, 10_000),
        "imap_unordered": (gevent_imap_unordered, 50_000, 10_000),
        "timeout": (gevent_timeout, 100_000, 20_000),
        "hub_switch": (gevent_hub_switch, 50_000, 20_000),
        "threadpool": (gevent_threadpool, 3000, 3000),
        "sleepers": (gevent_sleepers, 100_000, 100_000),
    },
    "eventlet": {
        "sleep": (eventlet_sleep, 2_000_000, 100_000),
        "spawn_wait": (eventlet_spawn_wait, 200_000, 20_000),
        "spawn_many": (eventlet_spawn_many, 200_000, 20_000),
        "spawn_n": (eventlet_spawn_n, 30_000, 30_000),
        "queue": (eventlet_queue, 200_000, 20_000),
        "event": (eventlet_event, 100_000, 10_000),
        "semaphore": (eventlet_semaphore, 500_000, 100_000),
        "pool_spawn_n": (eventlet_pool_spawn_n, 50_000, 10_000),
        "pool_imap": (eventlet_pool_imap, 50_000, 10_000),
        "pile": (eventlet_pile, 50_000, 10_000),
        "timeout": (eventlet_timeout, 100_000, 20_000),
        "hub_switch": (eventlet_hub_switch, 50_000, 20_000),
        "tpool": (eventlet_tpool, 3000, 3000),
        "sleepers": (eventlet_sleepers, 100_000, 100_000),
    },
    "greenlet": {
        "switch": (greenlet_switch, 1_000_000, 1_000_000),
        "run": (greenlet_run, 200_000, 100_000),
    },
}
KEEP_MANY = ("sleepers", "spawn_raw", "spawn_n")


def main():
    name, work = sys.argv[1:]
    shape = name.removeprefix("tendril.")
    module = importlib.import_module(name)
    for part in PARTS[shape]:
        importlib.import_module(f"{name}.{part}")
    function, ours, theirs = WORKS[shape][work]
    count = theirs if name == shape else ours
    if work not in KEEP_MANY:
        function(module, max(count // 10, 1000))
    gc.collect()
    before = time.process_time_ns()
    memory = function(module, count)
    print((time.process_time_ns() - before) / count, memory or 0)


main()
