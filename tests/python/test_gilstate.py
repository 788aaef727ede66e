# SPDX-License-Identifier: MIT
"""C code that calls back by PyGILState_Ensure() gets the green thread that it was called from."""

import unittest

from support import run_program

PROGRAM = """
import ctypes, os, threading
import tendril

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
values = tendril.local()

def called_back(number):
    tendril.sleep(0)
    return values.mine + number
call = Callback(called_back)

def work(number):
    values.mine = number
    for _ in range(50):
        tendril.sleep(0)
        assert call(1) == number + 1
    return number

def all_of_them():
    works = [tendril.spawn(work, number) for number in range(20)]
    print([each.get() for each in works] == list(range(20)), flush=True)

all_of_them()
thread = threading.Thread(target=all_of_them)
thread.start()
thread.join()
if os.fork() == 0:
    all_of_them()
    thread = threading.Thread(target=all_of_them)
    thread.start()
    thread.join()
    os._exit(0)
os.wait()
tendril.patch()
all_of_them()
"""


class CallsBack(unittest.TestCase):
    def test_everywhere(self):
        status, out, err = run_program(PROGRAM)
        self.assertEqual((status, out), (0, "True\n" * 5), err)


if __name__ == "__main__":
    unittest.main()
