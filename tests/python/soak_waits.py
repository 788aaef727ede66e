# SPDX-License-Identifier: MIT
"""A part of the soak: everything that waits, by three waiters: a Timeout ends the first, a kill the second; the third
must be woken as if it had been alone."""

import concurrent.futures
import os
import queue
import select
import socket
import threading
import time

import tendril


def event(_):
    one = tendril.Event()
    return one.wait, one.set


def async_result(rng):
    one = tendril.AsyncResult()
    return one.get if rng.random() < 0.5 else one.wait, one.set


def ending(rng):
    """A green thread's end, waited for by one of five ways."""
    go = tendril.Event()
    one = tendril.spawn(go.wait)
    ways = [one.get, one.join, lambda: tendril.joinall([one]), lambda: tendril.wait([one, tendril.Event()], count=1),
            lambda: next(tendril.iwait([tendril.Event(), one]))]
    return rng.choice(ways), go.set


def queue_get(rng):
    one = rng.choice((tendril.Queue, tendril.LifoQueue, tendril.PriorityQueue, tendril.SharedQueue, tendril.Channel))()
    return one.get, lambda: one.put("item")


def queue_put(rng):
    one = rng.choice((tendril.Queue, tendril.LifoQueue, tendril.PriorityQueue, tendril.SharedQueue))(1)
    one.put("first")
    return lambda: one.put("second"), one.get


def channel_put(_):
    one = tendril.Channel()
    return lambda: one.put("item"), one.get


def queue_peek(_):
    one = tendril.Queue()
    return one.peek, lambda: one.put("item")


def queue_join(_):
    one = tendril.JoinableQueue()
    one.put("item")
    return one.join, one.task_done


def permit(rng):
    one = rng.choice((tendril.Semaphore, tendril.BoundedSemaphore, tendril.SharedSemaphore))(1)
    one.acquire()
    return one.acquire, one.release


def lock(rng):
    one, go = rng.choice((tendril.Lock, tendril.RLock))(), tendril.Event()

    def hold():
        with one:
            go.wait()

    def take():
        with one:
            pass

    tendril.spawn(hold)
    tendril.sleep(0)
    return take, go.set


def condition(rng):
    one = tendril.Condition(rng.choice((tendril.Lock, tendril.RLock))())

    def wait():
        with one:
            one.wait()

    def notify():
        with one:
            one.notify_all()
    return wait, notify


def shared_event(_):
    one = tendril.SharedEvent()
    return one.wait, one.set


def pool_room(_):
    one, go = tendril.Pool(1), tendril.Event()
    one.spawn(go.wait)
    return lambda: one.spawn(int).get(), go.set


def os_thread_pool(_):
    """What is waited for blocks an OS thread."""
    reading, writing = os.pipe()
    one = tendril.ThreadPool(3)

    def wake():
        os.write(writing, b"123")
        one.join()
        one.kill()
        os.close(reading)
        os.close(writing)
    return lambda: one.apply(os.read, (reading, 1)), wake


def thread_event(_):
    one = threading.Event()
    return one.wait, one.set


def thread_queue(rng):
    one = rng.choice((queue.Queue, queue.SimpleQueue))()
    return one.get, lambda: one.put("item")


def thread_lock(rng):
    one = rng.choice((threading.Lock, threading.Semaphore))()
    one.acquire()
    return one.acquire, one.release


def thread_end(_):
    go = threading.Event()
    one = threading.Thread(target=go.wait)
    one.start()
    return one.join, go.set


def future(_):
    go, pool = threading.Event(), concurrent.futures.ThreadPoolExecutor(1)
    one = pool.submit(go.wait)

    def wake():
        go.set()
        pool.shutdown()
    return one.result, wake


def bytes_of_a_socket(rng):
    ours, theirs = socket.socketpair()

    def wake():
        theirs.send(b"x")
        theirs.close()

    def receive():
        if rng.random() < 0.5:
            select.select([ours], [], [])
        ours.recv(1)
    return receive, wake


def bytes_of_a_pipe(_):
    reading, writing = (os.fdopen(each, mode, 0) for each, mode in zip(os.pipe(), ("rb", "wb")))

    def wake():
        writing.write(b"x")
        writing.close()
    return lambda: reading.read(1), wake


OWN = [event, async_result, ending, queue_get, queue_put, channel_put, queue_peek, queue_join, permit, lock, condition,
       shared_event, pool_room, os_thread_pool]
OF_PYTHON = [thread_event, thread_queue, thread_lock, thread_end, future, bytes_of_a_socket, bytes_of_a_pipe]


def everything(rng, patched):
    """One of those, chosen at random."""
    wait, wake = rng.choice(OWN + OF_PYTHON if patched else OWN)(rng)

    def in_time():
        try:
            with tendril.Timeout(0.001):
                wait()
        except tendril.Timeout:
            return "late"

    def killed():
        try:
            wait()
        except tendril.GreenletExit:
            return "killed"

    late, victim, third = (tendril.spawn(each) for each in (in_time, killed, wait))
    if rng.random() < 0.5:
        tendril.sleep(0)
    victim.kill(block=rng.random() < 0.5)
    assert late.get() == "late"
    victim.join()
    assert victim.value == "killed" or isinstance(victim.value, tendril.GreenletExit), victim.value
    assert not third.ready(), wait
    wake()
    third.get(timeout=60)


def asleep(rng):
    """Sleeps that are cut short, each after another time."""
    sleep = rng.choice((tendril.sleep, time.sleep)) if tendril.patched() else tendril.sleep
    some = [tendril.spawn(sleep, 60) for _ in range(10)]
    for each in some:
        tendril.sleep(rng.choice((0, 0.0001)))
        each.kill(block=False)
    tendril.joinall(some)
