# SPDX-License-Identifier: MIT
"""ThreadPool and offload."""

import gc
import threading
import time
import unittest
import weakref

import tendril
from support import run_program, wait_until


class ThreadPools(unittest.TestCase):
    def setUp(self):
        self.pool = tendril.ThreadPool(3)

    def tearDown(self):
        self.assertIs(self.pool.kill(), True)

    def test_green_threads_go_on_meanwhile(self):
        turns = [0]

        def turn():
            while True:
                tendril.sleep(0.001)
                turns[0] += 1
        ticker = tendril.spawn(turn)
        here = threading.get_ident()

        def job():
            while turns[0] < 4:
                time.sleep(0.001)
            return threading.get_ident()
        self.assertNotEqual(self.pool.apply(job), here)
        ticker.kill()

    def test_results_and_errors(self):
        self.assertEqual(self.pool.apply(int, ("7",), {"base": 8}), 7)
        self.assertEqual(self.pool.spawn(int, "7", base=8).get(), 7)
        try:
            self.pool.apply(divmod, (1, 0))
        except ZeroDivisionError as error:
            self.assertIsNotNone(error.__traceback__)
        self.assertRaises(ZeroDivisionError, self.pool.spawn(divmod, 1, 0).get)
        self.assertRaises(TypeError, self.pool.apply, 5)
        self.assertRaises(ValueError, tendril.ThreadPool, -1)
        self.assertEqual(tendril.offload(divmod, 7, 2), (3, 1))

    def test_a_pool_that_goes_with_an_error_leaves_it_alone(self):
        self.assertRaises(ZeroDivisionError, lambda: tendril.ThreadPool(1).apply(divmod, (1, 0)))

    def test_maps(self):
        self.assertEqual(self.pool.map(abs, range(-9, 0)), list(range(9, 0, -1)))
        self.assertEqual(list(self.pool.imap(abs, range(-9, 0))), list(range(9, 0, -1)))
        self.assertEqual(sorted(self.pool.imap_unordered(abs, range(-9, 0))), list(range(1, 10)))
        seen = []
        self.pool.apply_async(abs, (-1,), callback=seen.append).join()
        self.assertEqual(self.pool.map_async(abs, [-2], seen.append).get(), [2])
        tendril.sleep(0)
        self.assertEqual(seen, [1, [2]])

    def test_as_many_at_once_as_it_has_threads(self):
        barrier = threading.Barrier(3, timeout=30)
        self.assertEqual(sorted(self.pool.map(lambda _: barrier.wait(), range(3))), [0, 1, 2])
        self.assertEqual((self.pool.size, self.pool.threads), (3, 3))

    def test_a_timeout_leaves_the_job_running(self):
        begun, go, ended = threading.Event(), threading.Event(), []

        def work():
            begun.set()
            go.wait(30)
            ended.append(1)
        while not begun.is_set():  # a job that no thread has begun by then is withdrawn
            with self.assertRaises(tendril.Timeout), tendril.Timeout(0.01):
                self.pool.apply(work)
        self.assertIs(self.pool.join(0.01), False)
        go.set()
        self.assertIs(self.pool.join(), True)
        self.assertEqual(ended, [1])

    def test_a_job_that_has_not_begun_never_runs_after_kill(self):
        pool, go, seen = tendril.ThreadPool(1), threading.Event(), []
        first = pool.spawn(go.wait, 30)
        second = pool.spawn(seen.append, 2)
        wait_until(lambda: pool.running != 0)
        self.assertIs(pool.kill(block=False), False)
        go.set()
        self.assertIs(first.get(), True)
        self.assertRaises(RuntimeError, second.get)
        self.assertEqual((seen, pool.apply(int)), ([], 0))

    def test_a_job_may_use_its_own_pool_and_green_threads(self):
        pool = tendril.ThreadPool(1)

        def work():
            with tendril.Timeout(30):
                tendril.spawn(tendril.sleep, 0.001).join()
            return pool.apply(divmod, (7, 2))
        self.assertEqual(pool.apply(work), (3, 1))
        self.assertRaises(RuntimeError, pool.apply, pool.spawn, (int,))

    def test_nothing_is_left_of_arguments_results_and_pools(self):
        class Thing:
            pass

        pool, thing = tendril.ThreadPool(1), Thing()
        self.assertIs(pool.apply(lambda x: x, (thing,)), thing)
        job = pool.spawn(lambda x: x, thing)
        self.assertIs(job.get(), thing)
        gone, gone_pool = weakref.ref(thing), weakref.ref(pool)
        del thing, pool, job
        gc.collect()
        wait_until(lambda: gone_pool() is None and gone() is None)

    def test_threads_keep_their_locals(self):
        pool, local = tendril.ThreadPool(1), threading.local()
        pool.apply(setattr, (local, "x", 5))
        self.assertEqual(pool.apply(getattr, (local, "x")), 5)

    def test_a_program_ends_while_a_job_runs(self):
        status, out, err = run_program("""
import time, tendril
pool = tendril.ThreadPool(2)
pool.spawn(time.sleep, 60)
pool.spawn(time.sleep, 0.05)
while pool.running < 2:
    tendril.sleep(0.001)
print("end", flush=True)
""")
        self.assertEqual((status, out), (0, "end\n"), err)


if __name__ == "__main__":
    unittest.main()
