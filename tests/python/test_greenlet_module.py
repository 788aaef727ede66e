# SPDX-License-Identifier: MIT
"""tendril.greenlet: raw greenlets."""

import contextvars
import gc
import sys
import threading
import unittest
import weakref

import tendril
from support import wait_until
from tendril.greenlet import GreenletExit, error, getcurrent, gettrace, greenlet, settrace


class Switch(unittest.TestCase):
    def test_control_goes_where_it_is_sent(self):
        said = []

        def first():
            said.append(12)
            two.switch()
            said.append(34)

        def second():
            said.append(56)
            one.switch()
            said.append(78)

        one, two = greenlet(first), greenlet(second)
        one.switch()
        self.assertEqual(said, [12, 56, 34])
        self.assertTrue(one.dead)
        self.assertTrue(two)

    def test_values_pass_through(self):
        main = getcurrent()

        def run(x, y):
            got = main.switch(x + y)
            got = main.switch(got)
            return main.switch(got)

        g = greenlet(run)
        self.assertEqual(g.switch(1, y=2), 3)
        self.assertEqual(g.switch(), ())
        self.assertEqual(g.switch(1, 2, a=3), ((1, 2), {"a": 3}))
        self.assertEqual(g.switch("end"), "end")
        self.assertEqual(g.switch(7), 7, "a dead one passes on to its parent")

    def test_to_itself(self):
        self.assertEqual(getcurrent().switch(1, 2), (1, 2))

    def test_an_unfit_run(self):
        with self.assertRaises(AttributeError):
            greenlet().switch()
        with self.assertRaises(TypeError):
            greenlet(3).switch()

    def test_subclass_with_run(self):
        class Adds(greenlet):
            def run(self, x):
                return x + 1

        self.assertEqual(Adds().switch(2), 3)

    def test_nested_generators(self):
        def walk(tree, back):
            for each in tree:
                if isinstance(each, list):
                    walk(each, back)
                else:
                    back.switch(each)

        main = getcurrent()
        g = greenlet(walk)
        seen = []
        item = g.switch([1, [2, [3], 4], 5], main)
        while not g.dead:
            seen.append(item)
            item = g.switch()
        self.assertEqual(seen, [1, 2, 3, 4, 5])

    def test_not_across_green_threads(self):
        g = greenlet(lambda: None)
        with self.assertRaises(error):
            tendril.spawn(g.switch).get()

    def test_not_across_os_threads(self):
        g = greenlet(lambda: None)
        raised = []

        def other():
            try:
                g.switch()
            except error as e:
                raised.append(e)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual(len(raised), 1)

    def test_not_to_one_that_sleeps(self):
        main = getcurrent()

        def run():
            main.switch()
            tendril.sleep(0.01)
            return "slept"

        g = greenlet(run)
        g.switch()
        self.assertEqual(g.switch(), "slept")


class Throw(unittest.TestCase):
    def test_an_exception_goes_to_the_parent(self):
        def run():
            raise KeyError(1)

        with self.assertRaises(KeyError):
            greenlet(run).switch()

    def test_raises_where_it_is_parked(self):
        main = getcurrent()

        def run():
            try:
                main.switch()
            except ValueError as e:
                return str(e)

        g = greenlet(run)
        g.switch()
        self.assertEqual(g.throw(ValueError("late")), "late")
        with self.assertRaises(ValueError):
            g.throw(ValueError)

    def test_one_that_has_not_started_never_does(self):
        g = greenlet(self.fail)
        self.assertIsInstance(g.throw(), GreenletExit)
        self.assertTrue(g.dead)
        with self.assertRaises(KeyError):
            greenlet(self.fail).throw(KeyError, "x")

    def test_arguments(self):
        g = greenlet(lambda: None)
        with self.assertRaises(TypeError):
            g.throw(3)
        with self.assertRaises(TypeError):
            g.throw(ValueError(), "two values")
        with self.assertRaises(TypeError):
            g.throw(ValueError, "x", "not a traceback")

    def test_a_timeout_reaches_one_that_is_parked(self):
        def run():
            with tendril.Timeout(0.01, False):
                parent.switch("parked")
            return "late"

        parent = getcurrent()
        g = greenlet(run)
        self.assertEqual(g.switch(), "parked")
        wait_until(lambda: g.dead)


class Lifetime(unittest.TestCase):
    def test_unwound_when_unreachable(self):
        said = []
        main = getcurrent()

        def run():
            try:
                main.switch()
            except GreenletExit:
                said.append("exit")
                raise

        g = greenlet(run)
        g.switch()
        watch = weakref.ref(g)
        del g
        self.assertEqual(said, ["exit"])
        self.assertIsNone(watch())

    def test_a_cycle_is_collected(self):
        said = []
        main = getcurrent()

        def run(me):
            try:
                main.switch()
            finally:
                said.append(me.dead)

        g = greenlet(run)
        g.switch(g)
        watch = weakref.ref(g)
        del g
        gc.collect()
        self.assertEqual(said, [False])
        gc.collect()
        self.assertIsNone(watch())

    def test_the_exception_in_flight_is_its_own(self):
        main = getcurrent()

        def run():
            try:
                raise KeyError(1)
            except KeyError:
                main.switch()
                return sys.exc_info()[0]

        g = greenlet(run)
        g.switch()
        self.assertEqual(sys.exc_info(), (None, None, None))
        self.assertIs(g.switch(), KeyError)

    def test_frame_and_context(self):
        variable = contextvars.ContextVar("variable", default=0)
        main = getcurrent()

        def run():
            variable.set(variable.get() + 1)
            main.switch()
            return variable.get()

        g = greenlet(run)
        self.assertIsNone(g.gr_frame)
        self.assertIsNone(g.gr_context)
        context = contextvars.copy_context()
        context.run(variable.set, 5)
        g.gr_context = context
        g.switch()
        self.assertEqual(g.gr_frame.f_code.co_name, "run")
        self.assertEqual(variable.get(), 0)
        self.assertEqual(context[variable], 6)
        self.assertEqual(g.switch(), 6)

    def test_the_context_stays_after_its_end(self):
        variable = contextvars.ContextVar("variable")
        g = greenlet(variable.set)
        g.switch(3)
        self.assertEqual(g.gr_context[variable], 3)

    def test_thread_locals_are_shared(self):
        values = threading.local()
        values.x = 1
        self.assertEqual(greenlet(lambda: values.x).switch(), 1)


class Attributes(unittest.TestCase):
    def test_parent(self):
        g = greenlet(lambda: None)
        other = greenlet(lambda: None, parent=g)
        self.assertIs(g.parent, getcurrent())
        self.assertIs(other.parent, g)
        with self.assertRaises(ValueError):
            g.parent = other
        with self.assertRaises(TypeError):
            g.parent = 3
        with self.assertRaises(AttributeError):
            del g.parent
        self.assertIsNone(getcurrent().parent)

    def test_the_parent_gets_the_result(self):
        middle = greenlet(lambda x: x * 2)
        g = greenlet(lambda: 4, parent=middle)
        self.assertEqual(g.switch(), 8)

    def test_a_parent_that_cannot_start(self):
        with self.assertRaises(AttributeError):
            greenlet(lambda: None, parent=greenlet()).switch()

    def test_run(self):
        g = greenlet(lambda: 1)
        g.run = lambda: 2
        self.assertEqual(g.switch(), 2)
        with self.assertRaises(AttributeError):
            g.run = None
        with self.assertRaises(AttributeError):
            g.run

    def test_state(self):
        g = greenlet(lambda: None)
        self.assertFalse(g)
        self.assertFalse(g.dead)
        g.switch()
        self.assertFalse(g)
        self.assertTrue(g.dead)
        self.assertTrue(getcurrent())


class Trace(unittest.TestCase):
    def tearDown(self):
        settrace(None)

    def test_events(self):
        seen = []
        main = getcurrent()
        g = greenlet(lambda: None)
        self.assertIsNone(settrace(lambda event, args: seen.append((event, args))))
        g.switch()
        self.assertIsNotNone(gettrace())
        settrace(None)
        self.assertEqual(seen, [("switch", (main, g)), ("switch", (g, main))])

    def test_one_that_raises_is_taken_away(self):
        def trace(event, args):
            raise KeyError(event)

        settrace(trace)
        with self.assertRaises(KeyError):
            greenlet(lambda: None).switch()
        self.assertIsNone(gettrace())


if __name__ == "__main__":
    unittest.main()
