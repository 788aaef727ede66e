# SPDX-License-Identifier: MIT
"""Soak: green threads, kills, timeouts, errors, everything that waits, raw greenlets, garbage, servers, reloads, child
processes, OS threads and forks, mixed at random, for as long as asked; memory, objects and descriptors must stay flat.

    PYTHONPATH=build/release/python /usr/bin/python3 tests/python/soak.py [--patch] [seconds=60] [seed]

--patch: after tendril.patch(). Prints a line for each twentieth of the time. Status 1 if anything grew.
"""

import gc
import os
import random
import statistics
import sys
import threading
import time

import tendril

import soak_programs
import soak_waits

patched = False


class Odd(Exception):
    pass


def kills(rng):
    """Kills green threads at every stage of their lives, by several exceptions."""
    some = [tendril.spawn(tendril.sleep, rng.choice((0, 0.001, 60))) for _ in range(rng.randrange(1, 40))]
    some += [tendril.spawn_after(60, print) for _ in range(3)] + [tendril.Greenlet(print)]
    if rng.random() < 0.5:
        tendril.sleep(0)
    for each in some:
        each.kill(rng.choice((tendril.GreenletExit, Odd, Odd("x"))), block=rng.random() < 0.3)
    tendril.joinall(some)
    for each in some:
        assert each.dead and (each.exception is None or isinstance(each.exception, Odd))


def timeouts(rng):
    """Timeouts that come, that do not, and nested ones."""
    for outer, inner in ((0.001, 60), (60, 0.001), (0.001, 0.001), (60, 60)):
        try:
            with tendril.Timeout(outer, Odd):
                with tendril.Timeout(inner, False):
                    tendril.sleep(0.002 if min(outer, inner) == 60 else 30)
        except Odd:
            pass


def queues(rng):
    """Producers and consumers, some of whom are killed while they wait; each item arrives or is still there."""
    queue = tendril.Queue(rng.choice((None, 1, 3)))
    got = []

    def consume():
        while True:
            got.append(queue.get())

    consumers = [tendril.spawn(consume) for _ in range(5)]
    producers = [tendril.spawn(queue.put, [number]) for number in range(30)]
    victims = [tendril.spawn(queue.get) for _ in range(5)]
    tendril.sleep(0)
    for each in victims:
        each.kill()
    taken = [each.value for each in victims if isinstance(each.value, list)]
    tendril.joinall(producers)
    while len(got) + len(taken) < 30:
        tendril.sleep(0)
    tendril.killall(consumers)


def errors(rng):
    """Errors with tracebacks and cycles, asked for by several; links."""
    def fail(depth):
        here = [depth]
        here.append(here)
        if depth == 0:
            raise Odd(here)
        fail(depth - 1)

    green = tendril.spawn(fail, rng.randrange(10))
    seen = []
    green.link(seen.append)
    for _ in range(3):
        try:
            green.get()
        except Odd:
            pass
    while not seen:
        tendril.sleep(0)


def locks(rng):
    """Semaphores and events, with kills of their holders and waiters."""
    permits, event = tendril.Semaphore(2), tendril.Event()

    def work():
        with permits:
            event.wait(timeout=rng.choice((0.0005, 1)))
            tendril.sleep(0)

    some = [tendril.spawn(work) for _ in range(20)]
    tendril.sleep(0)
    for each in rng.sample(some, 5):
        each.kill()
    event.set()
    tendril.joinall(some)
    assert permits.acquire(timeout=5) and permits.acquire(timeout=5)


def pools(rng):
    """Pools, groups and a pool of OS threads."""
    pool = tendril.Pool(3)
    assert pool.map(abs, range(-9, 0)) == list(range(9, 0, -1))
    with_threads = tendril.ThreadPool(2)
    assert with_threads.apply(len, ("abc",)) == 3
    with_threads.join()
    with_threads.kill()


def os_threads(rng):
    """An OS thread with a hub of its own, which ends with green threads left."""
    done, left = [], []

    def work():
        left.extend(tendril.spawn(tendril.sleep, 60) for _ in range(3))
        done.append(tendril.spawn(lambda: tendril.sleep(0) or 1).get())

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        tendril.sleep(0.001)
    thread.join()
    assert done == [1]
    if patched:  # it was a green thread
        tendril.killall(left)


def forks(rng):
    """A fork, in a green thread or not, whose child spawns, times out and exits."""
    def once():
        others = [tendril.spawn(tendril.sleep, 60) for _ in range(5)]
        tendril.sleep(0)
        pid = os.fork()
        if pid == 0:
            assert all(each.ready() for each in others)
            timeouts(rng)
            os._exit(tendril.spawn(lambda: tendril.sleep(0) or 7).get())
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            tendril.sleep(0.001)
        assert os.waitstatus_to_exitcode(status) == 7, status
        tendril.killall(others)

    if rng.random() < 0.5:
        once()
    else:
        tendril.spawn(once).get()


def deep(rng):
    """Deep recursion in a green thread, and generators that are left suspended."""
    def recurse(depth):
        return 0 if depth == 0 else 1 + recurse(depth - 1)

    def generate():
        while True:
            tendril.sleep(0)
            yield 1

    assert tendril.spawn(recurse, 300).get() == 300
    assert tendril.spawn(lambda: next(generate())).get() == 1


def waits(rng):
    """Everything that waits."""
    soak_waits.everything(rng, patched)


PARTS = [kills, timeouts, queues, errors, locks, pools, deep, waits, waits, soak_waits.asleep,
         soak_programs.raw_greenlets, soak_programs.garbage]
RARE = [os_threads, forks, soak_programs.children]


def figures(server):
    gc.collect()
    with tendril.Timeout(10, False):  # the server closes connections of clients that left
        while tendril.get_hub().stats()["greenlets"] > 1:
            tendril.sleep(0.01)
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    return {"KiB": resident, "blocks": sys.getallocatedblocks(), "descriptors": len(os.listdir("/proc/self/fd")),
            "OS threads": len(os.listdir("/proc/self/task")), "green threads": tendril.get_hub().stats()["greenlets"], **server.figures()}


def main():
    global patched
    arguments = [each for each in sys.argv[1:] if each != "--patch"]
    seconds = float(arguments[0]) if arguments else 60
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1 << 32)
    if len(arguments) < len(sys.argv) - 1:
        tendril.patch()
        patched = True
    rng = random.Random(seed)
    print(f"seed {seed}", flush=True)
    begin = time.monotonic()
    rounds, seen = 0, []
    server = soak_programs.Server()
    parts, rare = [*PARTS, server.requests], [*RARE, server.restarts, server.reloads]
    while time.monotonic() - begin < seconds:
        end = begin + seconds * (len(seen) + 1) / 20
        while time.monotonic() < end:
            jobs = [tendril.spawn(rng.choice(parts), rng) for _ in range(8)]
            tendril.joinall(jobs)
            for job in jobs:
                job.get()
            if rounds % 20 == 0:
                rng.choice(rare)(rng)
            rounds += 1
        seen.append(figures(server))
        print(f"{time.monotonic() - begin:6.0f} s {rounds:8} rounds  " +
              "  ".join(f"{value:.0f} {name}" for name, value in seen[-1].items()), flush=True)
    server.stop()
    early, late = seen[len(seen) // 5:len(seen) * 2 // 5], seen[-(len(seen) // 5):]
    grown = 0
    for name, room in (("KiB", 2048), ("blocks", 2000), ("descriptors", 0), ("OS threads", 0), ("green threads", 0),
                       ("KiB supervisor", 1024), ("its descriptors", 0)):
        before = statistics.median(each[name] for each in early)
        after = statistics.median(each[name] for each in late)
        if after > before * (1.03 if room else 1) + room:
            print(f"grew: {before:.0f} {name}, then {after:.0f}")
            grown = 1
    return grown


if __name__ == "__main__":
    sys.exit(main())
