# SPDX-License-Identifier: MIT
"""After patch(): threads of Python and green threads wait for each other's Events, Queues, locks and pools."""

import unittest

from support import run_program

PROGRAM = """
import threading, time
import tendril
tendril.patch()

queue, permits, event, lock, condition = (
    tendril.Queue(5), tendril.Semaphore(1), tendril.Event(), tendril.RLock(), tendril.Condition())
ended = []

def work(name):
    for _ in range(3):
        with lock, permits:
            time.sleep(0)
        queue.put(name)
    event.wait()
    with condition:
        ended.append(name)
        condition.notify_all()

threads = [threading.Thread(target=work, args=(i,)) for i in range(5)]
for each in threads:
    each.start()
greenlets = [tendril.spawn(work, i) for i in range(5, 10)]
print(sorted(queue.get() for _ in range(30)) == sorted(list(range(10)) * 3))
event.set()
with condition:
    print(condition.wait_for(lambda: len(ended) == 10, timeout=60))
for each in threads:
    each.join()
tendril.joinall(greenlets)

channel = tendril.Channel()
threading.Thread(target=lambda: channel.put("rendezvous")).start()
print(channel.get())

pool, begun = tendril.ThreadPool(3), time.monotonic()
print(len({each.get() for each in [pool.spawn(lambda: time.sleep(0.05) or threading.get_ident()) for _ in range(3)]}))
print(pool.map(abs, [-1, -2]), tendril.Pool(2).map(abs, [-1, -2]), tendril.offload(divmod, 7, 2))

shared = tendril.SharedQueue()
pool.spawn(shared.put, "from an OS thread")
print(shared.get())
"""

ORDER = """
import tendril
tendril.patch()
tendril.preempt(0)  # which stops whose turn lasts too long

def run():
    order = []
    def work(n):
        tendril.sleep(0)
        order.append(n)
    tendril.joinall([tendril.spawn(work, n) for n in range(5)])
    return order

print(sum(run() != list(range(5)) for _ in range(300)))
"""


class Patched(unittest.TestCase):
    def test_all_together(self):
        status, out, err = run_program(PROGRAM)
        self.assertEqual((status, out), (0, """\
True
True
rendezvous
3
[1, 2] [1, 2] (3, 1)
from an OS thread
"""), err)

    def test_turns_are_taken_in_order(self):
        status, out, err = run_program(ORDER)
        self.assertEqual((status, out), (0, "0\n"), err)

    def test_waits_between_processes_and_for_signals_can_be_broken_off(self):
        status, out, err = run_program("""
import multiprocessing, signal
import tendril
tendril.patch()
lock, event, queue = multiprocessing.Lock(), multiprocessing.Event(), multiprocessing.Queue()
lock.acquire()
for wait in lock.acquire, lambda: lock.acquire(timeout=60), event.wait, queue.get, signal.pause:
    try:
        with tendril.Timeout(0.01):
            wait()
    except tendril.Timeout:
        print("Timeout", end=" ")
    green = tendril.spawn(wait)
    tendril.sleep(0.01)
    green.kill()
    print(repr(green.get()))
signal.signal(signal.SIGUSR1, lambda *args: print("handled"))
tendril.spawn_after(0.01, signal.raise_signal, signal.SIGUSR1)
print(signal.pause())
lock.release()
print(lock.acquire())
""")
        self.assertEqual((status, out, err), (0, "Timeout GreenletExit()\n" * 5 + "handled\nNone\nTrue\n", ""))


if __name__ == "__main__":
    unittest.main()
