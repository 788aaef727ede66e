# SPDX-License-Identifier: MIT
"""dump(), the blocking watch and the Hub say what goes on."""

import faulthandler
import io
import tempfile
import time
import unittest

import tendril

from support import run_program


def dumped(**options):
    out = io.StringIO()
    tendril.dump(out, **options)
    return out.getvalue()


def nested(wait):
    wait()


class Dump(unittest.TestCase):
    def setUp(self):
        self.event = tendril.Event()
        self.green = tendril.spawn(nested, self.event.wait)
        tendril.sleep(0)
        self.addCleanup(self.green.kill)

    def test_names_each_with_its_state_and_its_lines_of_python(self):
        late = tendril.spawn_after(60, print)
        text = dumped()
        self.assertRegex(text, rf"green thread {self.green.id} \"nested\" waits in [\w.]+, for \d\.\d+ s; spawned by "
                               r'\d+\n'
                               r'  File ".*test_dump.py", line \d+, in nested\n    wait\(\)')
        self.assertRegex(text, rf"green thread {late.id} waits for its start")
        self.assertRegex(text, r"green thread \d+ \(main\) runs\n(.*\n)*.*in test_names_each")
        late.kill()

    def test_has_the_calls_in_c_if_asked_to(self):
        self.assertNotRegex(dumped(), r"(?m)^    #0 ")
        self.assertRegex(dumped(c_frames=True), r"    #\d+ .*PyEval")

    def test_a_subclass_and_a_name_of_ones_own_are_said(self):
        class Worker(tendril.Greenlet):
            name = "mine"

        worker = Worker(nested, self.event.wait)
        worker.start()
        tendril.sleep(0)
        self.assertIn(f'green thread {worker.id} Worker "mine" waits', dumped())
        worker.kill()

    def test_threads_after_patch_have_their_names_and_lines(self):
        status, out, err = run_program("""
import io, sys, threading, time, tendril
tendril.patch()
def work():
    time.sleep(60)
threading.Thread(target=work, name="my thread", daemon=True).start()
text = ""
while "time.sleep" not in text:
    tendril.sleep(0)
    tendril.dump(out := io.StringIO())
    text = out.getvalue()
print(text, end="")
""")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"green thread \d+ of the thread 'my thread' waits in .*\n"
                              r"(.*\n)*.*in work\n    time.sleep")

    def test_faulthandler_shows_all(self):
        with tempfile.TemporaryFile("w+") as file:
            faulthandler.dump_traceback(file, all_threads=True)
            file.seek(0)
            self.assertIn("in nested", file.read())


class BlockingWatch(unittest.TestCase):
    def reports(self, block):
        seen = []
        other = tendril.spawn(tendril.sleep, 60)
        tendril.set_blocking_watch(0.02, lambda report: seen.append((report, report["frame"].f_code.co_name)))
        try:
            blocker = tendril.spawn(block, seen)
            blocker.join()
        finally:
            tendril.set_blocking_watch(0)
            other.kill()
        return blocker, seen

    def test_reports_a_computation_and_a_call_that_blocks(self):
        def compute(seen):
            begin = time.monotonic()
            while not seen and time.monotonic() - begin < 30:
                pass

        def block(seen):
            begin = time.monotonic()
            while not seen and time.monotonic() - begin < 30:
                time.sleep(0.3)

        for function in (compute, block):
            blocker, seen = self.reports(function)
            self.assertGreaterEqual(len(seen), 1, function)
            report, name = seen[0]
            self.assertEqual((report["greenlet"], name), (blocker, function.__name__))
            self.assertGreaterEqual(report["held"], 0.02)

    def test_refuses_a_wrong_time(self):
        for wrong in (-1, float("nan"), float("inf")):
            with self.assertRaises(ValueError):
                tendril.set_blocking_watch(wrong)


class Hub(unittest.TestCase):
    def test_counts(self):
        hub = tendril.get_hub()
        before = hub.stats()
        some = [tendril.spawn(tendril.sleep, 60) for _ in range(5)]
        self.assertEqual(hub.stats()["ready"] - before["ready"], 5)
        tendril.sleep(0)
        self.assertEqual(hub.stats()["greenlets"] - before["greenlets"], 5)
        self.assertEqual(hub.stats()["timers"] - before["timers"], 5)
        self.assertIn(hub.backend, ("epoll", "io_uring", "poll", "select"))
        tendril.killall(some)

    def test_runs_until_idle(self):
        seen = []
        tendril.spawn_after(0.01, seen.append, 1)
        self.assertTrue(tendril.get_hub().run_until_idle())
        self.assertEqual(seen, [1])
        waiter = tendril.spawn(tendril.sleep, 60)
        self.assertFalse(tendril.get_hub().run_until_idle(0.01))
        waiter.kill()

    def test_an_error_that_nobody_can_ask_for_goes_to_the_handler(self):
        seen = []
        former = tendril.get_hub().set_error_handler(lambda greenlet, error: seen.append((greenlet.dead, repr(error))))
        try:
            tendril.spawn_n(int, "x1")
            tendril.sleep(0)
        finally:
            self.assertIsNotNone(tendril.get_hub().set_error_handler(former))
        self.assertEqual(len(seen), 1)
        self.assertIn("invalid literal", seen[0][1])
        with self.assertRaises(TypeError):
            tendril.get_hub().set_error_handler(5)


if __name__ == "__main__":
    unittest.main()
