# SPDX-License-Identifier: MIT
"""tendril.gevent without patch(): green threads, timeouts, links, groups, queues as gevent's programs use them."""

import io
import unittest
import weakref

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

    def test_subclass_with_a_method(self):
        class Doubling(gevent.Greenlet):
            def __init__(self, number):
                gevent.Greenlet.__init__(self)
                self.number = number

            def _run(self):
                return 2 * self.number

        self.assertEqual(Doubling.spawn(4).get(), 8)
        with self.assertRaises(TypeError):
            gevent.Greenlet.spawn(5)

    def test_arguments_are_let_go_at_the_end(self):
        class Thing:
            pass

        thing = Thing()
        known = weakref.ref(thing)
        one = gevent.spawn(lambda it, by: None, thing, by=1)
        self.assertEqual((one.args, one.kwargs), ((thing,), {"by": 1}))
        del thing
        one.get()
        self.assertIsNone(known())
        self.assertIn("<lambda>", repr(one))

    def test_tree_of_those_that_spawn(self):
        def inner():
            return gevent.getcurrent().spawn_tree_locals

        def outer():
            gevent.getcurrent().spawn_tree_locals["name"] = "outer"
            return gevent.spawn(inner).get()

        one = gevent.spawn(outer)
        self.assertIs(one.spawning_greenlet(), gevent.getcurrent())
        self.assertIs(one.get(), one.spawn_tree_locals)
        self.assertEqual(one.spawn_tree_locals, {"name": "outer"})
        self.assertNotEqual(gevent.spawn(inner).get(), one.spawn_tree_locals)

    def test_starts_are_told(self):
        told = []
        gevent.Greenlet.add_spawn_callback(told.append)
        try:
            one = gevent.spawn(int)
        finally:
            gevent.Greenlet.remove_spawn_callback(told.append)
        gevent.spawn(int)
        self.assertEqual(told, [one])

    def test_an_error_of_a_link_is_the_hubs(self):
        stream = hub.get_hub().exception_stream = io.StringIO()
        log = []
        try:
            one = gevent.spawn(int)
            one.rawlink(lambda source: 1 // 0)
            one.rawlink(log.append)
            gevent.joinall([one])
            gevent.sleep(0)
        finally:
            del hub.get_hub().exception_stream
        self.assertEqual(log, [one])
        self.assertIn("ZeroDivisionError", stream.getvalue())

    def test_raw_ones(self):
        stream = hub.get_hub().exception_stream = io.StringIO()
        try:
            one, bad = gevent.spawn_raw(lambda x, y: x + y, 1, y=2), gevent.spawn_raw(lambda: 1 // 0)
            gevent.sleep(0)
        finally:
            del hub.get_hub().exception_stream
        self.assertEqual((one.value, one.dead, bad.dead), (3, True, True))
        self.assertIn("failed with ZeroDivisionError", stream.getvalue())
        with self.assertRaises(TypeError):
            gevent.spawn_raw(None)

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

    def test_in_the_place_of_seconds(self):
        late = KeyError("late")
        for wait in (queue.Queue().get, queue.Channel().get, queue.Queue().peek, event.Event().wait, gevent.sleep):
            with self.subTest(wait), self.assertRaises(KeyError) as raised:
                wait(timeout=gevent.Timeout(0.001, late)) if wait is not gevent.sleep else wait(
                    gevent.Timeout(0.001, late))
            self.assertIs(raised.exception, late)
        self.assertIsNone(event.Event().wait(gevent.Timeout(0.001, False)))

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

    def test_throw_into_one_that_is_parked(self):
        one = gevent.spawn(hub.get_hub().switch)
        gevent.sleep(0)
        one.throw(KeyError, "x")
        hub.get_hub().exception_stream = io.StringIO()
        try:
            one.join()
        finally:
            del hub.get_hub().exception_stream
        self.assertIsInstance(one.exception, KeyError)

    def test_callback_that_is_stopped_and_one_that_fails(self):
        log, loop = [], hub.get_hub().loop
        stream = hub.get_hub().exception_stream = io.StringIO()
        try:
            loop.run_callback(lambda: 1 // 0)
            stopped = loop.run_callback(log.append, 1)
            loop.run_callback(log.append, 2)
            self.assertTrue(stopped.pending)
            stopped.stop()
            gevent.sleep(0)
        finally:
            del hub.get_hub().exception_stream
        self.assertEqual(log, [2])
        self.assertIn("ZeroDivisionError", stream.getvalue())
        with self.assertRaises(TypeError):
            loop.run_callback(None)

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
