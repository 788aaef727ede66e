# SPDX-License-Identifier: MIT
"""Green threads that wait without end by gevent's and eventlet's names are garbage, as those by tendril's own."""

import gc
import unittest

import tendril
import tendril.eventlet.event
import tendril.eventlet.pools
import tendril.eventlet.queue
import tendril.eventlet.semaphore
import tendril.gevent.event
import tendril.gevent.lock
import tendril.gevent.queue

gevent, eventlet = tendril.gevent, tendril.eventlet


def full(queue):
    queue.put(1)
    return queue


class Pool(eventlet.pools.Pool):
    def create(self):
        return object()


def taken_pool():
    pool = Pool(max_size=1)
    pool.get()
    return pool


WAITS = {
    "gevent Event.wait": lambda: gevent.event.Event().wait(),
    "gevent AsyncResult.get": lambda: gevent.event.AsyncResult().get(),
    "gevent AsyncResult.wait": lambda: gevent.event.AsyncResult().wait(),
    "gevent Queue.get": lambda: gevent.queue.Queue().get(),
    "gevent Queue.put": lambda: full(gevent.queue.Queue(1)).put(2),
    "gevent Queue, a step": lambda: [each for each in gevent.queue.Queue()],
    "gevent JoinableQueue.join": lambda: full(gevent.queue.JoinableQueue()).join(),
    "gevent Channel.put": lambda: gevent.queue.Channel().put(1),
    "gevent Semaphore.acquire": lambda: gevent.lock.Semaphore(0).acquire(),
    "gevent Semaphore.wait": lambda: gevent.lock.Semaphore(0).wait(),
    "gevent BoundedSemaphore.acquire": lambda: gevent.lock.BoundedSemaphore(0).acquire(),
    "eventlet Event.wait": lambda: eventlet.event.Event().wait(),
    "eventlet Queue.get": lambda: eventlet.queue.Queue().get(),
    "eventlet Queue(0).put": lambda: eventlet.queue.Queue(0).put(1),
    "eventlet Queue.put": lambda: full(eventlet.queue.Queue(1)).put(2),
    "eventlet Semaphore.acquire": lambda: eventlet.semaphore.Semaphore(0).acquire(),
    "eventlet CappedSemaphore.acquire": lambda: eventlet.semaphore.CappedSemaphore(0, 1).acquire(),
    "eventlet CappedSemaphore.release": lambda: eventlet.semaphore.CappedSemaphore(1, 1).release(),
    "eventlet pools.Pool.get": lambda: taken_pool().get(),
}


class Collected(unittest.TestCase):
    def test_every_wait(self):
        for name, wait in WAITS.items():
            with self.subTest(name):
                unwound = []

                def work(wait=wait, unwound=unwound):
                    try:
                        wait()
                    finally:
                        unwound.append(1)

                tendril.spawn(work)
                tendril.sleep(0)
                self.assertEqual(unwound, [])
                for _ in range(3):
                    gc.collect()
                    tendril.sleep(0)
                self.assertEqual(unwound, [1])


if __name__ == "__main__":
    unittest.main()
