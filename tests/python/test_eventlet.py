# SPDX-License-Identifier: MIT
"""tendril.eventlet: what needs no patched process."""

import gc
import threading
import unittest

import tendril
from tendril import eventlet
from tendril.eventlet import coros, event, greenpool, greenthread, hubs, pools, queue, semaphore
from tendril.eventlet.support import capture_stderr
from tendril.greenlet import GreenletExit


class GreenThreads(unittest.TestCase):
    def test_begins_when_the_caller_waits(self):
        said = []
        green = eventlet.spawn(said.append, 1)
        self.assertEqual(said, [])
        self.assertFalse(green)
        self.assertIsNone(green.wait())
        self.assertEqual(said, [1])
        self.assertTrue(green.dead)

    def test_wait_raises_what_it_raised(self):
        eventlet.debug.hub_exceptions(False)
        self.addCleanup(eventlet.debug.hub_exceptions, True)
        green = eventlet.spawn(int, "x")
        for _ in range(2):
            with self.assertRaises(ValueError):
                green.wait()

    def test_a_kill_is_seen_when_it_returns(self):
        said = []

        def run():
            try:
                eventlet.sleep(60)
            finally:
                said.append("end")

        green = eventlet.spawn(run)
        eventlet.sleep(0)
        eventlet.kill(green)
        self.assertEqual(said, ["end"])
        with self.assertRaises(GreenletExit):
            green.wait()

    def test_killed_before_it_begins(self):
        for green in (eventlet.spawn(self.fail), eventlet.spawn_after(60, self.fail)):
            green.kill()
            self.assertTrue(green.dead)
            with self.assertRaises(GreenletExit):
                green.wait()

    def test_links_run_in_it_and_at_once_afterwards(self):
        said = []
        green = eventlet.spawn(lambda: 5)
        green.link(lambda g, x, y: said.append((g.wait(), eventlet.getcurrent() is green, x, y)), 1, y=2)
        green.wait()
        self.assertEqual(said, [(5, True, 1, 2)])
        green.link(said.append)
        self.assertIs(said[1], green)
        self.assertFalse(green.unlink(said.append))

    def test_links_are_those_with_the_same_arguments(self):
        log = []

        def note(green, *args, **kwargs):
            log.append((args, kwargs))

        green = eventlet.spawn(int)
        green.link(note, 1, by=2)
        green.link(note, 3)
        self.assertTrue(green.unlink(note, 1, by=2))
        self.assertFalse(green.unlink(note, 1, by=2))
        green.wait()
        eventlet.sleep(0)
        self.assertEqual(log, [((3,), {})])

    def test_a_link_that_fails_is_printed_and_the_others_are_called(self):
        log = []
        green = eventlet.spawn(int)
        green.link(lambda green: 1 // 0)
        green.link(log.append)
        with capture_stderr() as printed:
            green.wait()
            eventlet.sleep(0)
        self.assertEqual(log, [green])
        self.assertIn("ZeroDivisionError", printed.getvalue())

    def test_one_that_others_kill_before_it_begins_wakes_those_that_wait(self):
        green = eventlet.spawn(self.fail)
        tendril.Greenlet.kill(green, block=False)
        with self.assertRaises(GreenletExit):
            green.wait()

    def test_cancel_does_nothing_once_it_has_begun(self):
        green = eventlet.spawn(eventlet.sleep, 0.001)
        eventlet.sleep(0)
        green.cancel()
        self.assertIsNone(green.wait())

    def test_spawn_after_local_ends_with_its_spawner(self):
        made = []

        def spawner():
            made.append(eventlet.spawn_after_local(0.001, self.fail))

        eventlet.spawn(spawner).wait()
        with self.assertRaises(GreenletExit):
            made[0].wait()

    def test_hub_switch(self):
        current = eventlet.getcurrent()
        hub = hubs.get_hub()
        hub.schedule_call_global(0, current.switch, "value")
        self.assertEqual(hub.switch(), "value")
        hub.schedule_call_global(0, current.throw, KeyError(1))
        with self.assertRaises(KeyError):
            hub.switch()
        green = eventlet.spawn(hub.switch)
        eventlet.sleep(0)
        green.switch(3)
        self.assertEqual(green.wait(), 3)

    def test_a_timer_can_be_cancelled(self):
        timer = hubs.get_hub().schedule_call_global(0, self.fail)
        self.assertTrue(timer.pending)
        timer.cancel()
        eventlet.sleep(0)
        self.assertFalse(timer.pending)


class Timeouts(unittest.TestCase):
    def test_counts_from_its_construction(self):
        limit = eventlet.Timeout(0.001)
        with self.assertRaises(eventlet.Timeout) as raised:
            eventlet.sleep(60)
        self.assertIs(raised.exception, limit)
        self.assertTrue(eventlet.is_timeout(limit))

    def test_0_is_raised_by_the_next_wait(self):
        eventlet.Timeout(0, KeyError("late"))
        with self.assertRaises(KeyError):
            eventlet.sleep(0)

    def test_swallows_only_itself(self):
        with eventlet.Timeout(0.001, False):
            eventlet.sleep(60)
        with self.assertRaises(eventlet.Timeout), eventlet.Timeout(0.001):
            with eventlet.Timeout(60, False):
                eventlet.sleep(60)

    def test_texts(self):
        for arguments, text in (((None,), ""), ((1,), "1 second"), ((2, False), "2 seconds (silent)"),
                                ((2, True), "2 seconds"), ((2, "x"), "2 seconds (x)")):
            limit = eventlet.Timeout(*arguments)
            limit.cancel()
            self.assertEqual(str(limit), text)

    def test_with_timeout(self):
        self.assertEqual(eventlet.with_timeout(0.001, eventlet.sleep, 60, timeout_value="late"), "late")
        with self.assertRaises(eventlet.Timeout):
            eventlet.with_timeout(0.001, eventlet.sleep, 60)


class Events(unittest.TestCase):
    def test_is_sent_once(self):
        e = event.Event()
        self.assertFalse(e.ready())
        self.assertEqual(e.poll("no"), "no")
        e.send(3)
        self.assertEqual((e.wait(), e.wait()), (3, 3))
        with self.assertRaises(AssertionError):
            e.send(4)

    def test_sends_an_exception(self):
        e = event.Event()
        e.send_exception(KeyError, "x")
        self.assertTrue(e.has_exception())
        with self.assertRaises(KeyError):
            e.wait()

    def test_reset_takes_nothing_from_those_that_wait(self):
        e = event.Event()
        with self.assertRaises(AssertionError):
            e.reset()
        green = eventlet.spawn(e.wait)
        eventlet.sleep(0)
        e.send(1)
        e.reset()
        self.assertEqual(green.wait(), 1)
        self.assertIsNone(e.wait(0.001))


class Queues(unittest.TestCase):
    def test_a_channel_gives_to_the_getter_first(self):
        said = []
        channel = queue.Queue(0)

        def getter():
            said.append(channel.get())
            said.append(channel.get())

        eventlet.spawn(getter)
        channel.put(1)
        said.append("put 1")
        channel.put(2)
        said.append("put 2")
        self.assertEqual(said, [1, "put 1", 2, "put 2"])

    def test_full_and_empty(self):
        q = queue.LightQueue(1)
        q.put(1)
        with self.assertRaises(queue.Full):
            q.put(2, timeout=0.001)
        with self.assertRaises(queue.Full):
            q.put_nowait(2)
        self.assertEqual(q.get(), 1)
        with self.assertRaises(queue.Empty):
            q.get_nowait()

    def test_resize_lets_putters_in(self):
        q = queue.Queue(1)
        greens = [eventlet.spawn(q.put, i) for i in range(4)]
        eventlet.sleep(0)
        self.assertEqual((q.qsize(), q.putting()), (1, 3))
        q.resize(3)
        eventlet.sleep(0)
        self.assertEqual([g.dead for g in greens], [True, True, True, False])
        self.assertEqual([q.get() for _ in range(4)], [0, 1, 2, 3])

    def test_one_that_is_killed_takes_no_item(self):
        q = queue.Queue()
        first, second = eventlet.spawn(q.get), eventlet.spawn(q.get)
        eventlet.sleep(0)
        first.kill()
        q.put("x")
        self.assertEqual(second.wait(), "x")

    def test_order(self):
        lifo, least = queue.LifoQueue(), queue.PriorityQueue()
        for each in (2, 3, 1):
            lifo.put(each)
            least.put(each)
        self.assertEqual([lifo.get() for _ in range(3)], [1, 3, 2])
        self.assertEqual([least.get() for _ in range(3)], [1, 2, 3])

    def test_join(self):
        q = queue.Queue()
        q.put(1)
        green = eventlet.spawn(q.join)
        eventlet.sleep(0)
        self.assertFalse(green.dead)
        q.get()
        q.task_done()
        green.wait()
        with self.assertRaises(ValueError):
            q.task_done()


class Semaphores(unittest.TestCase):
    def test_arguments(self):
        with self.assertRaises(TypeError):
            semaphore.Semaphore("x")
        with self.assertRaises(ValueError):
            semaphore.Semaphore(-1)
        with self.assertRaises(ValueError):
            semaphore.Semaphore().acquire(blocking=False, timeout=1)
        self.assertFalse(semaphore.Semaphore(0).acquire(timeout=0.001))

    def test_balance(self):
        s = semaphore.Semaphore(1)
        s.acquire()
        green = eventlet.spawn(s.acquire)
        eventlet.sleep(0)
        self.assertEqual(s.balance, -1)
        s.release()
        self.assertTrue(green.wait())

    def test_bounded_and_capped(self):
        with self.assertRaises(ValueError):
            semaphore.BoundedSemaphore().release()
        capped = semaphore.CappedSemaphore(1, 1)
        green = eventlet.spawn(capped.release)
        eventlet.sleep(0)
        self.assertFalse(green.dead)
        self.assertTrue(capped.acquire())
        green.wait()


class Pools(unittest.TestCase):
    def test_spawn_waits_for_room(self):
        pool = greenpool.GreenPool(1)
        release = tendril.Event()
        pool.spawn(release.wait)
        green = eventlet.spawn(pool.spawn, release.wait)
        eventlet.sleep(0)
        self.assertEqual((pool.free(), pool.running(), pool.waiting()), (0, 1, 1))
        release.set()
        green.wait()
        pool.waitall()
        self.assertEqual((pool.free(), pool.running()), (1, 0))

    def test_a_worker_of_a_full_pool_runs_it_itself(self):
        pool = greenpool.GreenPool(1)
        said = []

        def worker():
            said.append(pool.spawn(lambda: "inner").wait())
            pool.spawn_n(said.append, "n")

        pool.spawn(worker).wait()
        self.assertEqual(said, ["inner", "n"])

    def test_resize_wakes_those_that_wait(self):
        pool = greenpool.GreenPool(1)
        release = tendril.Event()
        pool.spawn_n(release.wait)
        green = eventlet.spawn(pool.spawn_n, release.wait)
        eventlet.sleep(0)
        pool.resize(2)
        green.wait()
        self.assertEqual(pool.running(), 2)
        release.set()
        pool.waitall()

    def test_a_killed_one_gives_its_place_back(self):
        pool = greenpool.GreenPool(2)
        pool.spawn(eventlet.sleep, 60).kill()
        pool.spawn_n(eventlet.sleep, 60)
        for each in list(pool.coroutines_running):
            greenthread.kill(each)
        pool.waitall()
        self.assertEqual(pool.free(), 2)

    def test_imap_keeps_the_order_and_the_size(self):
        pool = greenpool.GreenPool(2)
        most = []

        def work(x):
            most.append(pool.running())
            eventlet.sleep(0.002 if x % 2 else 0.001)
            return x

        self.assertEqual(list(pool.imap(work, range(6))), list(range(6)))
        self.assertLessEqual(max(most), 2)

    def test_an_error_of_the_iterable_comes_after_the_results(self):
        def items():
            yield 1
            yield 2
            raise KeyError("items")

        results = greenpool.GreenPool().imap(lambda x: x, items())
        self.assertEqual([next(results), next(results)], [1, 2])
        with self.assertRaises(KeyError):
            next(results)
        with self.assertRaises(StopIteration):
            next(results)

    def test_pile(self):
        pile = greenpool.GreenPile(2)
        for i in range(4):
            pile.spawn(lambda x: x * x, i)
        self.assertEqual(list(pile), [0, 1, 4, 9])
        self.assertEqual(list(greenpool.GreenPile()), [])

    def test_pools_of_things(self):
        made = iter(range(9))
        pool = pools.Pool(max_size=1, create=lambda: next(made))
        with pool.item() as first:
            green = eventlet.spawn(pool.get)
            eventlet.sleep(0)
            self.assertEqual(pool.waiting(), 1)
        self.assertEqual((first, green.wait()), (0, 0))
        self.assertEqual(pool.free(), 0)

    def test_metaphore(self):
        counter = coros.metaphore()
        counter.wait()
        counter.inc(2)
        green = eventlet.spawn(counter.wait)
        eventlet.sleep(0)
        counter.dec(2)
        green.wait()


class Names(unittest.TestCase):
    def test_what_is_not_there_is_named(self):
        with self.assertRaisesRegex(AttributeError, "exc_after"):
            eventlet.exc_after
        with self.assertRaisesRegex(hubs.HubError, "pyevent"):
            hubs.use_hub("pyevent")

    def tearDown(self):
        gc.collect()


class Tpool(unittest.TestCase):
    def test_killall_lets_all_be_done_that_was_asked_for(self):
        from tendril.eventlet import tpool
        self.addCleanup(tpool.set_num_threads, tpool._nthreads)
        tpool.set_num_threads(1)
        go = threading.Event()
        first = eventlet.spawn(tpool.execute, go.wait, 60)
        second = eventlet.spawn(tpool.execute, len, "abc")
        eventlet.sleep(0)
        ending = eventlet.spawn(tpool.killall)
        eventlet.sleep(0)
        go.set()
        self.assertEqual((first.wait(), second.wait()), (True, 3))
        ending.wait()


if __name__ == "__main__":
    unittest.main()
