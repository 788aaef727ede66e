# SPDX-License-Identifier: MIT
"""Event and AsyncResult."""

import gc
import unittest
import weakref

import tendril


class Events(unittest.TestCase):
    def test_wakes_all_in_order_even_if_cleared_before_their_turn(self):
        event, seen = tendril.Event(), []
        for i in range(3):
            tendril.spawn(lambda i=i: seen.append((i, event.wait())))
        tendril.sleep(0)
        event.set()
        event.clear()
        tendril.sleep(0)
        self.assertEqual(seen, [(0, True), (1, True), (2, True)])
        self.assertFalse(event.is_set())

    def test_a_wait_times_out(self):
        event = tendril.Event()
        self.assertIs(event.wait(0.001), False)
        event.set()
        self.assertIs(event.wait(0.001), True)

    def test_kill_and_timeout_end_a_wait(self):
        event = tendril.Event()
        waiter = tendril.spawn(event.wait)
        tendril.sleep(0)
        self.assertTrue(waiter.kill())
        with self.assertRaises(tendril.Timeout):
            with tendril.Timeout(0.001):
                event.wait()
        event.set()

    def test_links_are_called_once_unless_taken_back(self):
        event, seen = tendril.Event(), []
        taken_back = seen.append
        event.link(lambda e: seen.append((1, e)))
        event.rawlink(taken_back)
        event.unlink(taken_back)
        event.unlink(taken_back)
        event.set()
        event.set()
        self.assertEqual(seen, [])
        tendril.sleep(0)
        event.link(lambda e: seen.append((2, e)))
        tendril.sleep(0)
        self.assertEqual(seen, [(1, event), (2, event)])
        self.assertRaises(TypeError, event.link, 5)

    def test_subclass_weak_reference_and_garbage(self):
        class Named(tendril.Event):
            pass

        event = Named()
        event.name = event
        event.link(event.is_set)
        gone = weakref.ref(event)
        del event
        gc.collect()
        self.assertIsNone(gone())
        self.assertRaises(TypeError, tendril.Event().wait, 1, 2)
        self.assertRaises(TypeError, tendril.Event().wait, seconds=1)


class Results(unittest.TestCase):
    def test_every_getter_gets_the_value(self):
        result = tendril.AsyncResult()
        getters = [tendril.spawn(result.get) for _ in range(3)]
        tendril.sleep(0)
        self.assertFalse(result.ready())
        result.set("Hello!")
        self.assertEqual([each.get() for each in getters], ["Hello!"] * 3)
        self.assertTrue(result.ready() and result.successful())
        self.assertEqual((result.value, result.exception, result.exc_info), ("Hello!", None, ()))

    def test_an_exception_is_raised_by_every_get(self):
        result = tendril.AsyncResult()
        result.set_exception(KeyError("x"))
        for _ in range(2):
            self.assertRaises(KeyError, result.get)
        self.assertIsNone(result.wait())
        self.assertFalse(result.successful())
        self.assertIsInstance(result.exception, KeyError)
        self.assertIs(result.exc_info[0], KeyError)
        result.set_exception(OSError)
        self.assertRaises(OSError, result.get)
        self.assertRaises(TypeError, result.set_exception, 5)

    def test_a_get_times_out(self):
        result = tendril.AsyncResult()
        self.assertRaises(tendril.Timeout, result.get, timeout=0.001)
        self.assertRaises(tendril.Timeout, result.get, block=False)
        self.assertRaises(tendril.Timeout, result.get_nowait)
        self.assertIsNone(result.wait(timeout=0.001))
        result.set()
        self.assertIsNone(result.get_nowait())

    def test_takes_over_the_result_of_a_greenlet(self):
        good, bad = tendril.AsyncResult(), tendril.AsyncResult()
        tendril.spawn(lambda: 5).link(good)

        def fail():
            raise KeyError("x")
        tendril.spawn(fail).link(bad)
        self.assertEqual(good.get(), 5)
        self.assertRaises(KeyError, bad.get)

    def test_links(self):
        result, seen = tendril.AsyncResult(), []
        result.link(lambda r: seen.append(r.value))
        result.set(1)
        tendril.sleep(0)
        self.assertEqual(seen, [1])


if __name__ == "__main__":
    unittest.main()
