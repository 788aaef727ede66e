# SPDX-License-Identifier: MIT
"""tendril.gevent without patch(): green threads, timeouts, links, groups, queues as gevent's programs use them."""

import io
import unittest

from tendril import gevent
from tendril.gevent import event, hub, local, lock, pool, queue


class Greenlets(unittest.TestCase):

    def test_spawn_never_runs_inline(self):
        log = []
        one = gevent.spawn(log.append, 1)
        self.assertEqual(log, [])
        one.join()
        self.assertEqual(log, [1])

    def test_kill_before_the_start_is_a_success(self):
        one = gevent.spawn(self.fail)
        self.assertIsNone(one.kill())
        self.assertTrue(one.successful())
        self.assertIsInstance(one.value, gevent.GreenletExit)

    def test_kill_with_an_exception(self):
        one = gevent.spawn(gevent.sleep, 10)
        gevent.sleep(0)
        hub.get_hub().exception_stream = io.StringIO()
        try:
            one.kill(KeyError("x"))
        finally:
            del hub.get_hub().exception_stream
        self.assertIsInstance(one.exception, KeyError)
        self.assertFalse(one.successful())

    def test_error_is_printed_and_kept(self):
        stream = hub.get_hub().exception_stream = io.StringIO()
        try:
            one = gevent.spawn(lambda: 1 // 0)
            with self.assertRaises(ZeroDivisionError):
                one.get()
        finally:
            del hub.get_hub().exception_stream
        self.assertIn("ZeroDivisionError", stream.getvalue())
        self.assertIn("failed with ZeroDivisionError", stream.getvalue())

    def test_links_run_in_order_and_may_wait(self):
        log = []

        def slow(source):
            gevent.sleep(0.01)
            log.append("slow")

        one = gevent.spawn(lambda: 5)
        one.link(slow)
        one.link_value(lambda source: log.append(source.value))
        one.link_exception(lambda source: log.append("never"))
        gevent.sleep(0.1)
        self.assertEqual(log, [5, "slow"])

    def test_context_manager_joins(self):
        with gevent.spawn(gevent.sleep, 0.001) as one:
            pass
        self.assertTrue(one.successful())

    def test_killall_times_out(self):
        def stubborn():
            while True:
                try:
                    gevent.sleep(10)
                except gevent.GreenletExit:
                    if done.is_set():
                        return

        done = event.Event()
        one = gevent.spawn(stubborn)
        gevent.sleep(0)
        with self.assertRaises(gevent.Timeout):
            gevent.killall([one], timeout=0.01)
        done.set()
        one.kill()

    def test_get_not_ready(self):
        one = gevent.spawn(gevent.sleep, 10)
        with self.assertRaises(gevent.Timeout):
            one.get(block=False)
        with self.assertRaises(gevent.Timeout):
            one.get(timeout=0.001)
        one.kill()


class Timeouts(unittest.TestCase):

    def test_identity(self):
        with self.assertRaises(gevent.Timeout) as raised:
            with gevent.Timeout(0.001) as limit, gevent.Timeout(10, False):
                gevent.sleep(10)
        self.assertIs(raised.exception, limit)

    def test_silent(self):
        with gevent.Timeout(0.001, False):
            gevent.sleep(10)
            self.fail()

    def test_started_twice(self):
        limit = gevent.Timeout.start_new(10)
        with self.assertRaises(AssertionError):
            limit.start()
        limit.close()

    def test_value_instead(self):
        self.assertEqual(gevent.with_timeout(0.001, gevent.sleep, 10, timeout_value=7), 7)

    def test_text(self):
        self.assertEqual(str(gevent.Timeout(1)), "1 second")
        self.assertEqual(str(gevent.Timeout(2, False)), "2 seconds (silent)")


class Hub(unittest.TestCase):

    def test_waiter_keeps_a_value(self):
        waiter = hub.Waiter()
        waiter.switch(25)
        self.assertEqual(waiter.get(), 25)

    def test_switch_by_a_timer(self):
        me = gevent.getcurrent()
        hub.get_hub().loop.timer(0.001).start(me.switch, "value")
        self.assertEqual(hub.get_hub().switch(), "value")

    def test_run_callback(self):
        log = []
        hub.get_hub().loop.run_callback(log.append, 1)
        self.assertEqual(log, [])
        gevent.sleep(0)
        self.assertEqual(log, [1])

    def test_nothing_can_wake(self):
        with self.assertRaises(hub.LoopExit):
            event.Event().wait()

    def test_wait_in_the_order_of_coming(self):
        slow, fast = gevent.spawn(gevent.sleep, 0.05), gevent.spawn(gevent.sleep, 0.001)
        self.assertEqual(gevent.wait([slow, fast]), [fast, slow])
        late = gevent.spawn(gevent.sleep, 10)
        self.assertEqual(list(gevent.iwait([late], timeout=0.001)), [])
        late.kill()


class Sharing(unittest.TestCase):

    def test_result_takes_over_a_greenlet(self):
        result = event.AsyncResult()
        gevent.spawn(lambda: 3).link(result)
        self.assertEqual(result.get(timeout=10), 3)
        with self.assertRaises(gevent.Timeout):
            event.AsyncResult().get(timeout=0.001)

    def test_queue(self):
        items = queue.Queue(maxsize=1)
        gevent.spawn(lambda: [items.put(i) for i in (1, 2, StopIteration)])
        self.assertEqual(list(items), [1, 2])
        with self.assertRaises(queue.Empty):
            items.get(timeout=0.001)

    def test_bounded_semaphore(self):
        permits = lock.BoundedSemaphore(1)
        with permits:
            self.assertFalse(permits.acquire(timeout=0.001))
        with self.assertRaises(ValueError):
            permits.release()

    def test_local(self):
        mine = local.local()
        mine.x = 1
        self.assertFalse(gevent.spawn(hasattr, mine, "x").get())

    def test_pool_is_full(self):
        two = pool.Pool(2)
        two.spawn(gevent.sleep, 0.001)
        two.spawn(gevent.sleep, 0.001)
        self.assertTrue(two.full())
        with self.assertRaises(pool.PoolFull):
            two.add(gevent.Greenlet(gevent.sleep), blocking=False)
        self.assertTrue(two.join())
        self.assertEqual(two.free_count(), 2)

    def test_map_in_order(self):
        self.assertEqual(pool.Pool(3).map(str, range(5)), ["0", "1", "2", "3", "4"])

    def test_imap_tells_the_error_of_its_input_after_the_results(self):
        def numbers():
            yield 1
            raise KeyError("input")

        results = pool.Group().imap_unordered(str, numbers())
        hub.get_hub().exception_stream = io.StringIO()
        try:
            self.assertEqual(next(results), "1")
            with self.assertRaises(KeyError):
                next(results)
            with self.assertRaises(StopIteration):
                next(results)
        finally:
            del hub.get_hub().exception_stream


if __name__ == "__main__":
    unittest.main()
