# SPDX-License-Identifier: MIT
"""Green threads and Python's garbage collector: what they refer to lives as long as they need it, and no longer."""

import gc
import sys
import unittest
import weakref

import tendril
from support import wait_until


class Thing:
    pass


def hold(thing, wait):
    here = [thing]
    here.append(here)  # garbage for the collector, once its frame has ended
    try:
        wait()
    except tendril.GreenletExit:
        pass


class References(unittest.TestCase):
    def setUp(self):
        self.thing = Thing()
        gc.collect()
        self.before = sys.getrefcount(self.thing)

    def count(self):
        gc.collect()
        return sys.getrefcount(self.thing) - self.before

    def test_thousands_hold_what_they_use_through_collections(self):
        event = tendril.Event()
        some = [tendril.spawn(hold, self.thing, event.wait) for _ in range(10_000)]
        tendril.sleep(0)
        self.assertEqual(self.count() % 10_000, 0)
        self.assertGreaterEqual(self.count(), 10_000)
        tendril.killall(some[::2])
        event.set()
        tendril.joinall(some)
        del some
        self.assertEqual(self.count(), 0)

    def test_no_stage_of_a_life_leaves_one(self):
        def fail(thing):
            raise ValueError(thing)

        def lives():
            yield tendril.Greenlet(hold, self.thing, print)  # never started
            unbegun = tendril.spawn(hold, self.thing, print)
            unbegun.kill()
            yield unbegun
            late = tendril.spawn_after(60, hold, self.thing, print)
            late.kill()
            yield late
            failed = tendril.spawn(fail, self.thing)
            failed.join()
            self.assertIsInstance(failed.exception, ValueError)
            yield failed
            linked = tendril.spawn(hold, self.thing, lambda: tendril.sleep(0))
            linked.link(lambda greenlet, thing=self.thing: None)
            linked.join()
            tendril.sleep(0)
            yield linked

        for greenlet in lives():
            greenlet.itself = greenlet  # a cycle
        del greenlet
        self.assertEqual(self.count(), 0)

    def test_one_without_a_handle_lives_on_and_can_be_woken(self):
        event, seen = tendril.Event(), []

        def work(thing):
            event.wait()
            seen.append(thing)

        tendril.spawn(work, self.thing)
        tendril.sleep(0)
        gc.collect()
        event.set()
        tendril.sleep(0)
        self.assertEqual(seen, [self.thing])

    def test_the_handle_goes_with_the_last_reference_after_the_end(self):
        greenlet = tendril.spawn(tendril.sleep, 0)
        gone = weakref.ref(greenlet)
        del greenlet
        self.assertIsNotNone(gone())
        wait_until(lambda: gone() is None)

    def test_locals_that_only_a_suspended_frame_has_are_kept(self):
        event = tendril.Event()

        def work():
            thing = Thing()
            thing.itself = thing
            watched.append(weakref.ref(thing))
            event.wait()
            return thing.itself is thing

        watched = []
        greenlet = tendril.spawn(work)
        tendril.sleep(0)
        for _ in range(3):
            gc.collect()
        self.assertIsNotNone(watched[0]())
        event.set()
        self.assertTrue(greenlet.get())
        gc.collect()
        self.assertIsNone(watched[0]())


if __name__ == "__main__":
    unittest.main()
