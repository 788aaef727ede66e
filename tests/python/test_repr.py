# SPDX-License-Identifier: MIT
"""What repr() of a Greenlet says."""

import unittest

import tendril


def work(end):
    end.wait()
    return repr(tendril.getcurrent())


def fail():
    raise KeyError("x")


class Repr(unittest.TestCase):
    def test_each_state_and_the_function(self):
        end = tendril.Event()
        green = tendril.Greenlet(work, end)
        self.assertRegex(repr(green), r"^<Greenlet at 0x\w+: work, not started>$")
        green.start()
        self.assertEqual(repr(green), f"<Greenlet {green.id} at {id(green):#x}: work, about to begin>")
        tendril.sleep(0)
        self.assertEqual(repr(green), f"<Greenlet {green.id} at {id(green):#x}: work, suspended>")
        end.set()
        self.assertEqual(green.get(), f"<Greenlet {green.id} at {id(green):#x}: work, running>")
        self.assertEqual(repr(green), f"<Greenlet {green.id} at {id(green):#x}: ended>")

    def test_how_it_has_ended(self):
        killed, failed = tendril.spawn(tendril.sleep, 60), tendril.spawn(fail)
        tendril.sleep(0)
        self.assertRegex(repr(killed), r": (sleep, )?suspended>$")
        killed.kill()
        self.assertRegex(repr(killed), ": killed>$")
        self.assertRegex(repr(failed), ": failed with KeyError>$")
        self.assertIsInstance(failed.exception, KeyError)

    def test_the_main_one(self):
        main = tendril.getcurrent()
        self.assertEqual(repr(main), f"<Greenlet {main.id} at {id(main):#x}: main, running>")

    def test_a_subclass_with_a_name(self):
        class Worker(tendril.Greenlet):
            def _run(self):
                pass

        worker = Worker()
        self.assertRegex(repr(worker), r"^<Worker at 0x\w+: .*Worker._run, not started>$")
        worker.name = "mine"
        self.assertRegex(repr(worker), r'^<Worker "mine" at 0x\w+: ')
        worker.name = 5
        self.assertRegex(repr(worker), r"^<Worker at 0x\w+: ")

    def test_what_has_no_name(self):
        class Call:
            def __call__(self):
                pass

        self.assertRegex(repr(tendril.Greenlet(Call())), r"Call, not started>$")
        self.assertRegex(repr(tendril.Greenlet.__new__(tendril.Greenlet)), r"^<Greenlet at 0x\w+: not started>$")


if __name__ == "__main__":
    unittest.main()
