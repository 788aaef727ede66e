# SPDX-License-Identifier: MIT
"""After patch(): others run when a green thread gives the GIL up. What they bring after it has looked, and before it
waits, is not waited for without end.

There the GIL is given up to others only if one has asked for it, 5 ms after it came for it. So a call of C keeps it for
longer while others run: one of pythonapi, in a wait that is patched. No bytecode lies between that and the wait which
is tried.
"""

import unittest

from support import run_program

BETWEEN = """
import ctypes, functools, operator
import tendril
tendril.patch()
tendril.preempt(0)

acquire = ctypes.pythonapi.PyThread_acquire_lock_timed
acquire.argtypes = [ctypes.c_void_p, ctypes.c_longlong, ctypes.c_int]
ctypes.pythonapi.PyThread_allocate_lock.restype = ctypes.c_void_p
taken = ctypes.pythonapi.PyThread_allocate_lock()
acquire(taken, 0, 0)
keep_gil = functools.partial(acquire, taken, 30_000, 0)  # microseconds

def between(wait, bring):
    brought = []
    other = tendril.spawn(lambda: (brought.append(True), bring()))
    before = result = "waits without end"
    with tendril.Timeout(20, False):
        _, before, result = map(operator.call, (keep_gil, brought.copy, wait))
    other.join()
    print(before, result)
"""


class Looks(unittest.TestCase):
    def check(self, text, *results):
        status, out, err = run_program(BETWEEN + text)
        self.assertEqual((status, out, err), (0, "".join(f"[] {each}\n" for each in results), ""))

    def test_queue(self):
        self.check("""
queue = tendril.Queue(1)
between(queue.get, lambda: queue.put(1))
between(queue.peek, lambda: queue.put(2))
between(functools.partial(queue.put, 3), queue.get)
between(queue.join, lambda: [queue.task_done() for _ in range(3)])
""", 1, 2, None, True)

    def test_channel_event_and_results(self):
        self.check("""
channel, event, result, green = tendril.Channel(), tendril.Event(), tendril.AsyncResult(), tendril.Greenlet(abs, -8)
between(channel.get, lambda: channel.put(4))
between(functools.partial(channel.put, 5), channel.get)
between(event.wait, event.set)
between(result.get, lambda: result.set(7))
between(green.get, green.start)
""", 4, None, True, 7, 8)

    def test_locks(self):
        self.check("""
permits, condition, lock, go = tendril.Semaphore(0), tendril.Condition(), tendril.Lock(), tendril.Event()
between(permits.acquire, permits.release)

def notify():
    with condition:
        condition.notify()
with condition:
    between(condition.wait, notify)

def hold():
    with lock:
        go.wait()
holder = tendril.spawn(hold)
tendril.sleep(0)
between(lock.acquire, lambda: (go.set(), holder.join()))
""", True, True, True)

    def test_shared_between_os_threads(self):
        self.check("""
queue, event, permits = tendril.SharedQueue(1), tendril.SharedEvent(), tendril.SharedSemaphore(0)
between(queue.get, lambda: queue.put(1))
queue.put(2)
between(functools.partial(queue.put, 3), queue.get)
between(event.wait, event.set)
between(permits.acquire, permits.release)
""", 1, None, True, True)

    def test_a_switch_to_a_greenlet_that_is_killed(self):
        status, out, err = run_program(BETWEEN + """
from tendril import greenlet
def work():
    root = greenlet.getcurrent()
    def switches_back():
        try:
            between(root.switch, lambda: killed.kill(block=False))
        except greenlet.error as error:
            print(error)
    greenlet.greenlet(switches_back).switch()
killed = tendril.spawn(work)
print(repr(killed.get()))
""")
        self.assertEqual((status, out, err), (0, """\
cannot switch to a greenlet that waits for something else than a switch
GreenletExit()
""", ""))


if __name__ == "__main__":
    unittest.main()
