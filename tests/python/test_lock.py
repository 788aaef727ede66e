# SPDX-License-Identifier: MIT
"""Semaphore, BoundedSemaphore, Lock, RLock, Condition and local."""

import gc
import threading
import unittest
import weakref

import tendril


class Semaphores(unittest.TestCase):
    def test_permits_in_order_and_release_never_switches(self):
        semaphore, seen = tendril.BoundedSemaphore(2), []

        def work(name):
            with semaphore:
                seen.append(f"{name}acq")
                tendril.sleep(0)
            seen.append(f"{name}rel")
        workers = [tendril.spawn(work, i) for i in range(5)]
        for each in workers:
            each.join()
        self.assertEqual(seen, "0acq 1acq 0rel 1rel 2acq 3acq 2rel 3rel 4acq 4rel".split())
        self.assertEqual(semaphore.counter, 2)

    def test_a_releaser_does_not_overtake(self):
        semaphore, seen = tendril.Semaphore(1), []

        def work(name):
            for _ in range(2):
                semaphore.acquire()
                seen.append(name)
                semaphore.release()
        tendril.spawn(work, "a")
        semaphore.acquire()
        other = tendril.spawn(work, "b")
        tendril.sleep(0)
        semaphore.release()
        semaphore.acquire()
        self.assertEqual(seen, ["a", "b"])
        semaphore.release()
        other.join()

    def test_acquire_in_vain(self):
        semaphore = tendril.Semaphore(0)
        self.assertIs(semaphore.acquire(blocking=False), False)
        self.assertIs(semaphore.acquire(timeout=0.001), False)
        self.assertRaises(ValueError, semaphore.acquire, False, 1)
        self.assertTrue(semaphore.locked())
        semaphore.release(2)
        self.assertEqual(semaphore.counter, 2)
        self.assertIs(semaphore.acquire(timeout=-1), True)
        self.assertRaises(ValueError, semaphore.release, 0)
        self.assertRaises(ValueError, tendril.Semaphore, -1)

    def test_one_that_was_killed_or_late_takes_no_permit(self):
        semaphore = tendril.Semaphore(0)
        killed = tendril.spawn(semaphore.acquire)
        late = tendril.spawn(semaphore.acquire, timeout=0.001)
        last = tendril.spawn(semaphore.acquire)
        self.assertIs(late.get(), False)
        killed.kill(block=False)
        semaphore.release()
        self.assertIs(last.get(), True)
        self.assertEqual(semaphore.counter, 0)
        with self.assertRaises(tendril.Timeout), tendril.Timeout(0.001):
            semaphore.acquire()
        semaphore.release()
        self.assertEqual(semaphore.counter, 1)

    def test_bounded(self):
        semaphore = tendril.BoundedSemaphore(1)
        self.assertRaises(ValueError, semaphore.release)
        semaphore.acquire()
        self.assertRaises(ValueError, semaphore.release, 2)
        semaphore.release()
        self.assertEqual(semaphore.counter, 1)

    def test_links(self):
        semaphore, seen = tendril.Semaphore(0), []
        semaphore.link(seen.append)
        semaphore.release()
        tendril.sleep(0)
        self.assertEqual(seen, [semaphore])


class Locks(unittest.TestCase):
    def test_only_the_holder_releases(self):
        for kind in (tendril.Lock, tendril.RLock):
            lock = kind()
            self.assertRaises(RuntimeError, lock.release)
            with lock:
                self.assertTrue(lock.locked())
                self.assertRaises(RuntimeError, tendril.spawn(lock.release).get)
                self.assertIs(tendril.spawn(lock.acquire, False).get(), False)
                self.assertIs(tendril.spawn(lock.acquire, timeout=0.001).get(), False)
            self.assertFalse(lock.locked())

    def test_a_lock_is_not_taken_twice(self):
        lock = tendril.Lock()
        with lock:
            self.assertRaises(RuntimeError, lock.acquire)
            self.assertIs(lock.acquire(blocking=False), False)

    def test_an_rlock_is(self):
        lock = tendril.RLock()
        with lock, lock:
            pass
        self.assertFalse(lock.locked())

    def test_one_that_was_killed_does_not_get_it(self):
        lock = tendril.Lock()
        lock.acquire()
        killed, next_one = tendril.spawn(lock.acquire), tendril.spawn(lock.acquire)
        tendril.sleep(0)
        killed.kill(block=False)
        lock.release()
        self.assertIs(next_one.get(), True)

    def test_a_condition_of_threading_works_with_ours(self):
        condition = threading.Condition(tendril.RLock())
        with condition, condition:
            condition.notify()


class Conditions(unittest.TestCase):
    def test_wait_and_notify(self):
        for lock in (None, tendril.Lock(), tendril.RLock()):
            condition, ready, seen = tendril.Condition(lock), [], []

            def work(name, condition=condition, ready=ready, seen=seen):
                with condition:
                    condition.wait_for(lambda: ready)
                    seen.append(name)
            workers = [tendril.spawn(work, i) for i in range(3)]
            tendril.sleep(0)
            with condition:
                condition.notify_all()
            tendril.sleep(0)
            self.assertEqual(seen, [])
            with condition:
                ready.append(1)
                condition.notify(2)
            tendril.sleep(0)
            with condition:
                condition.notify()
            for each in workers:
                each.get()
            self.assertEqual(seen, [0, 1, 2])

    def test_times_out_and_holds_the_lock_again(self):
        condition = tendril.Condition()
        with condition, condition:
            self.assertIs(condition.wait(0.001), False)
            self.assertIs(condition.wait_for(lambda: False, timeout=0.001), False)
            with self.assertRaises(tendril.Timeout), tendril.Timeout(0.001):
                condition.wait()
            condition.notify()
        self.assertRaises(RuntimeError, condition.wait)
        self.assertRaises(RuntimeError, condition.notify)
        self.assertRaises(TypeError, tendril.Condition, threading.Lock())

    def test_a_waiter_that_was_killed_releases_the_lock(self):
        condition = tendril.Condition(tendril.Lock())

        def work():
            with condition:
                condition.wait()
        worker = tendril.spawn(work)
        tendril.sleep(0)
        worker.kill()
        with condition:
            pass


class Locals(unittest.TestCase):
    def test_each_green_thread_has_its_own(self):
        local, values = tendril.local(), []

        def work(name):
            self.assertFalse(hasattr(local, "x"))
            local.x = name
            tendril.sleep(0)
            values.append(local.x)
        local.x = "main"
        for each in [tendril.spawn(work, i) for i in range(3)]:
            each.get()
        self.assertEqual((values, local.x), ([0, 1, 2], "main"))

    def test_init_is_called_in_each_and_values_die_with_it(self):
        class Value:
            pass

        class Numbered(tendril.local):
            def __init__(self, first):
                self.x = first
                self.held = Value()

        local, references = Numbered(5), []

        def work():
            self.assertEqual(local.x, 5)
            local.x = 6
            references.append(weakref.ref(local.held))
        worker = tendril.spawn(work)
        worker.get()
        gc.collect()
        self.assertIsNone(references[0]())
        self.assertEqual(local.x, 5)


if __name__ == "__main__":
    unittest.main()
