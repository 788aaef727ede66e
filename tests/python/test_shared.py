# SPDX-License-Identifier: MIT
"""SharedEvent, SharedQueue and SharedSemaphore, between OS threads."""

import queue
import threading
import time
import unittest

import tendril


class SharedEvents(unittest.TestCase):
    def test_an_os_thread_wakes_green_threads(self):
        event, turns = tendril.SharedEvent(), [0]

        def turn():
            while True:
                tendril.sleep(0.001)
                turns[0] += 1
        ticker = tendril.spawn(turn)
        waiters = [tendril.spawn(event.wait) for _ in range(3)]

        def wake():
            while turns[0] < 4:
                time.sleep(0.001)
            event.set()
        thread = threading.Thread(target=wake)
        thread.start()
        self.assertEqual([each.get() for each in waiters], [True] * 3)
        ticker.kill()
        thread.join()
        self.assertTrue(event.is_set() and event.wait(1))
        event.clear()
        self.assertIs(event.wait(0.001), False)

    def test_a_kill_ends_a_wait(self):
        event = tendril.SharedEvent()
        waiter = tendril.spawn(event.wait)
        tendril.sleep(0)
        self.assertIs(waiter.kill(), True)


class SharedQueues(unittest.TestCase):
    def test_items_between_os_threads(self):
        jobs, results = tendril.SharedQueue(2), tendril.SharedQueue()

        def work():
            for job in jobs:
                results.put(job * 2)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for each in threads:
            each.start()

        def give():
            for number in range(100):
                jobs.put(number)
        giver = tendril.spawn(give)
        got = [results.get(timeout=30) for _ in range(100)]
        giver.get()
        jobs.shutdown()
        for each in threads:
            each.join()
        self.assertEqual(sorted(got), list(range(0, 200, 2)))
        self.assertRaises(tendril.ShutDown, jobs.put, 1)

    def test_nothing_there_and_no_room(self):
        q = tendril.SharedQueue(1)
        self.assertRaises(queue.Empty, q.get, timeout=0.001)
        self.assertRaises(queue.Empty, q.get_nowait)
        killed = tendril.spawn(q.get)
        tendril.sleep(0)
        killed.kill()
        q.put("a")
        self.assertEqual(q.qsize(), 1)
        self.assertRaises(queue.Full, q.put, "b", timeout=0.001)
        self.assertRaises(queue.Full, q.put_nowait, "b")
        self.assertRaises(queue.Full, q.put, "b", block=False)
        self.assertEqual(q.get(block=False), "a")


class SharedSemaphores(unittest.TestCase):
    def test_permits_between_os_threads(self):
        permits, lock, held, most = tendril.SharedSemaphore(2), threading.Lock(), [0], [0]

        def work():
            for _ in range(20):
                with permits:
                    with lock:
                        held[0] += 1
                        most[0] = max(most[0], held[0])
                    tendril.sleep(0)
                    with lock:
                        held[0] -= 1
        threads = [threading.Thread(target=work) for _ in range(3)]
        for each in threads:
            each.start()
        work()
        for each in threads:
            each.join()
        self.assertEqual((held[0], permits.counter), (0, 2))
        self.assertLessEqual(most[0], 2)

    def test_acquire_in_vain(self):
        permits = tendril.SharedSemaphore(0)
        self.assertIs(permits.acquire(blocking=False), False)
        self.assertIs(permits.acquire(timeout=0.001), False)
        killed = tendril.spawn(permits.acquire)
        tendril.sleep(0)
        killed.kill()
        permits.release(2)
        self.assertEqual(permits.counter, 2)
        self.assertRaises(ValueError, permits.release, 0)
        self.assertRaises(ValueError, tendril.SharedSemaphore, -1)


if __name__ == "__main__":
    unittest.main()
