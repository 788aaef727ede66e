# SPDX-License-Identifier: MIT
"""After patch(), kills and Timeouts break off waits for threading's locks and inside C extensions."""

import unittest

from support import run_program

BEGIN = """
import queue, socket, ssl, threading, time
import tendril
tendril.patch()

def timed_out(wait):
    try:
        with tendril.Timeout(0.05):
            wait()
    except tendril.Timeout:
        return True
    return False

def killed(wait):
    target = tendril.spawn(wait)
    tendril.sleep(0.05)
    target.kill()
    return isinstance(target.get(), tendril.GreenletExit)

def held(lock):  # by a thread that goes on: another may have an ended one's number, and so its RLock
    acquired = threading.Semaphore(0)
    threading.Thread(target=lambda: (lock.acquire(), acquired.release(), time.sleep(3600)), daemon=True).start()
    acquired.acquire()
    return lock

def said(call, kind):
    try:
        return call()
    except kind as error:
        return type(error).__name__
"""


class ThreadLocks(unittest.TestCase):
    def check(self, program, expected):
        """Runs the program after BEGIN, and compares what it prints."""
        status, out, err = run_program(BEGIN + program)
        self.assertEqual((status, out.split("\n")[:-1]), (0, expected), err)

    def test_waits_are_broken_off(self):
        self.check(
            """
waits = [held(threading.Lock()).acquire, lambda: held(threading.Lock()).acquire(timeout=60),
         held(threading.RLock()).acquire, held(threading.Lock()).__enter__, threading.Event().wait,
         lambda: threading.Event().wait(60), queue.Queue().get, queue.SimpleQueue().get,
         lambda: queue.SimpleQueue().get(timeout=60), threading.Barrier(2).wait]
print([timed_out(wait) for wait in waits].count(True), [killed(wait) for wait in waits[:-1]].count(True))
""",
            ["10 9"],
        )

    def test_what_was_broken_off_took_nothing(self):
        self.check(
            """
lock, items = held(threading.Lock()), queue.SimpleQueue()
timed_out(lock.acquire), timed_out(items.get)
lock.release()
items.put(1)
print(lock.acquire(timeout=10), lock.locked(), items.get(timeout=10), items.qsize())
own = threading.RLock()
with own, own:
    print(timed_out(lock.acquire), own._is_owned())
print(own._is_owned())
""",
            ["True True 1 0", "True True", "False"],
        )

    def test_the_rest_is_as_it_was(self):
        self.check(
            """
lock = held(threading.Lock())
print(lock.acquire(False), lock.acquire(blocking=False), lock.acquire(timeout=0), lock.acquire(timeout=0.01))
print(said(lambda: lock.acquire(timeout=-2), ValueError), said(lambda: lock.acquire(False, 1), ValueError))
print(said(lambda: lock.acquire(timeout=1e20), OverflowError), said(lambda: lock.acquire(timeout=None), TypeError))
items = queue.SimpleQueue()
print(said(items.get_nowait, queue.Empty), said(lambda: items.get(timeout=0.01), queue.Empty),
      said(lambda: items.get(timeout=-1), ValueError))
items.put("item")
print(items.get())
""",
            [
                "False False False False",
                "ValueError ValueError",
                "OverflowError TypeError",
                "Empty Empty ValueError",
                "item",
            ],
        )

    def test_a_connection_by_ssl_is_broken_off(self):
        self.check(
            """
def wait(timeout):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(timeout)
        ssl.create_default_context().wrap_socket(ours, server_hostname="localhost")

print(timed_out(lambda: wait(None)), timed_out(lambda: wait(60)), killed(lambda: wait(None)), killed(lambda: wait(60)))
""",
            ["True True True True"],
        )


if __name__ == "__main__":
    unittest.main()
