# SPDX-License-Identifier: MIT
"""A semaphore that lets two in; a release makes a waiter ready, and switches to nobody."""

from gevent import sleep
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool

semaphore = BoundedSemaphore(2)


def worker1(n):
    semaphore.acquire()
    print(f"Worker {n} acquired semaphore")
    sleep(0)
    semaphore.release()
    print(f"Worker {n} released semaphore")


def worker2(n):
    with semaphore:
        print(f"Worker {n} acquired semaphore")
        sleep(0)
    print(f"Worker {n} released semaphore")


pool = Pool()
pool.map(worker1, range(0, 2))
pool.map(worker2, range(3, 6))
