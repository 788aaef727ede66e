# SPDX-License-Identifier: MIT
"""What is used wrongly says so: in another OS thread, by itself, before its time."""

import threading
import unittest

import tendril


def in_os_thread(function):
    """Runs it in an OS thread of its own, outside of the hub. Returns what it returns or raises."""
    result = []

    def run():
        try:
            result.append(function())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


class OtherOsThread(unittest.TestCase):
    def test_every_call_that_touches_a_green_thread_of_another_is_refused(self):
        green = tendril.spawn(tendril.sleep, 60)
        tendril.sleep(0)
        for call in (green.join, green.get, green.kill, lambda: green.link(print)):
            error = in_os_thread(call)
            self.assertIsInstance(error, tendril.WrongThread)
            self.assertRegex(str(error), r"belongs to OS thread \d+, .* used from OS thread \d+ .*ThreadPool")
        self.assertFalse(green.ready())
        green.kill()

    def test_the_result_of_one_that_has_ended_may_be_read(self):
        green = tendril.spawn(len, "abc")
        green.join()
        self.assertEqual(in_os_thread(green.get), 3)
        self.assertTrue(in_os_thread(green.join))
        self.assertTrue(in_os_thread(green.kill))

    def test_it_may_be_the_last_that_refers_to_one(self):
        held = [tendril.spawn(len, "abc")]
        held[0].join()
        in_os_thread(held.clear)
        self.assertEqual(held, [])

    def test_it_has_green_threads_of_its_own(self):
        def work():
            green = tendril.spawn(lambda: tendril.sleep(0.001) or "done")
            return green.get()

        self.assertEqual(in_os_thread(work), "done")

    def test_its_end_unwinds_the_green_threads_that_are_left(self):
        seen = []

        def stubborn():
            try:
                tendril.sleep(60)
            finally:
                seen.append("unwound")

        def work():
            tendril.spawn(stubborn)
            tendril.sleep(0)

        in_os_thread(work)
        self.assertEqual(seen, ["unwound"])

    def test_an_exit_in_its_green_thread_is_raised_in_its_main_one(self):
        def work():
            tendril.spawn(exit, 3)
            tendril.sleep(60)

        self.assertIsInstance(in_os_thread(work), SystemExit)


class Itself(unittest.TestCase):
    def test_no_green_thread_waits_for_its_own_end(self):
        for name in ("join", "get"):
            with self.assertRaisesRegex(RuntimeError, "cannot wait for its own end"):
                getattr(tendril.getcurrent(), name)()
            green = tendril.spawn(lambda name=name: getattr(tendril.getcurrent(), name)())
            with self.assertRaisesRegex(RuntimeError, "cannot wait for its own end"):
                green.get()

    def test_a_kill_of_itself_raises_at_once(self):
        with self.assertRaises(tendril.GreenletExit):
            tendril.getcurrent().kill()

        def suicide():
            tendril.getcurrent().kill(ValueError("enough"))

        with self.assertRaisesRegex(ValueError, "enough"):
            tendril.spawn(suicide).get()


class BeforeItsTime(unittest.TestCase):
    def test_waiting_for_one_that_nobody_starts_is_a_loop_exit(self):
        green = tendril.Greenlet(len, "")
        with self.assertRaisesRegex(tendril.LoopExit, "nothing can wake the main green thread"):
            green.get()
        with self.assertRaises(tendril.Timeout):
            green.get(timeout=0.001)
        self.assertFalse(green.join(timeout=0.001))

    def test_a_kill_ends_one_that_was_not_started(self):
        green = tendril.Greenlet(len, "")
        self.assertTrue(green.kill())
        self.assertIsInstance(green.get(), tendril.GreenletExit)
        green.start()
        tendril.sleep(0)
        self.assertIsInstance(green.get(), tendril.GreenletExit)

    def test_what_is_no_call_is_refused_at_once(self):
        for wrong in (5, None, "print"):
            with self.assertRaisesRegex(TypeError, "needs something to call"):
                tendril.spawn(wrong)
        with self.assertRaises(TypeError):
            tendril.spawn()

    def test_what_cannot_be_waited_for_is_refused_at_once(self):
        event = tendril.Event()
        with self.assertRaisesRegex(TypeError, r"waited for; this is 3"):
            tendril.wait([event, 3])

    def test_a_kill_needs_an_exception(self):
        green = tendril.spawn(tendril.sleep, 60)
        for wrong in (5, int, "stop"):
            with self.assertRaisesRegex(TypeError, "needs an exception"):
                green.kill(wrong)
        green.kill()


if __name__ == "__main__":
    unittest.main()
