# SPDX-License-Identifier: MIT
"""One piece of work on one system: prints CPU nanoseconds of one operation, and KiB of memory for each green thread.

    python3 work.py tendril|gevent|eventlet NAME

The systems differ in their names only; the work is the same code.
"""

import gc
import sys
import time


class Tendril:
    def __init__(self):
        import tendril
        self.spawn, self.sleep, self.Queue, self.Event = tendril.spawn, tendril.sleep, tendril.Queue, tendril.Event
        self.join = lambda greenlets: [greenlet.join() for greenlet in greenlets]
        self.get = tendril.Greenlet.get


class Gevent:
    def __init__(self):
        import gevent
        import gevent.event
        import gevent.queue
        self.spawn, self.sleep, self.Queue, self.Event = gevent.spawn, gevent.sleep, gevent.queue.Queue, gevent.event.Event
        self.join = gevent.joinall
        self.get = gevent.Greenlet.get


class Eventlet:
    def __init__(self):
        import eventlet
        import eventlet.event
        import eventlet.queue
        self.spawn, self.sleep, self.Queue = eventlet.spawn, eventlet.sleep, eventlet.queue.LightQueue
        self.join = lambda greenlets: [greenlet.wait() for greenlet in greenlets]
        self.get = eventlet.greenthread.GreenThread.wait


def resident():
    """KiB of memory."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def switch(system, count):
    """Two green threads that take turns by sleep(0)."""
    sleep = system.sleep

    def turns():
        for _ in range(count // 2):
            sleep(0)

    system.join([system.spawn(turns), system.spawn(turns)])


def spawn_get(system, count):
    """spawn() and get(), one at a time."""
    spawn, get = system.spawn, system.get

    def nothing():
        return 1

    for _ in range(count):
        get(spawn(nothing))


def spawn_join(system, count):
    """spawn() of 1,000, then a join of all."""
    def nothing():
        pass

    for _ in range(count // 1000):
        system.join([system.spawn(nothing) for _ in range(1000)])


def queue(system, count):
    """An item there and back, through two queues."""
    there, back = system.Queue(), system.Queue()

    def answer():
        for _ in range(count):
            back.put(there.get())

    def ask():
        for _ in range(count):
            there.put(1)
            back.get()

    system.join([system.spawn(answer), system.spawn(ask)])


def sleepers(system, count):
    """Green threads that all sleep for half a second."""
    before = resident()
    greenlets = [system.spawn(system.sleep, 0.5) for _ in range(count)]
    system.sleep(0)
    system.sleep(0)
    grown = resident() - before
    system.join(greenlets)
    return grown / count


# name: (the work, how many operations of the system that is quickest, of the others)
WORKS = {
    "switch": (switch, 4_000_000, 100_000),
    "spawn_get": (spawn_get, 500_000, 20_000),
    "spawn_join": (spawn_join, 500_000, 20_000),
    "queue": (queue, 500_000, 20_000),
    "sleepers": (sleepers, 100_000, 100_000),
}
SYSTEMS = {"tendril": Tendril, "gevent": Gevent, "eventlet": Eventlet}


def main():
    system, (work, most, least) = SYSTEMS[sys.argv[1]](), WORKS[sys.argv[2]]
    count = most if sys.argv[1] == "tendril" else least
    if work is not sleepers:
        work(system, count // 10)
    gc.collect()
    before = time.process_time_ns()
    memory = work(system, count)
    print((time.process_time_ns() - before) / count, memory or 0)


main()
