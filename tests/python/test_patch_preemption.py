# SPDX-License-Identifier: MIT
"""After patch(), green threads that compute share the OS thread, and hold nobody up."""

import unittest

from support import run_program

COMPUTE = """
import tendril, threading, time
tendril.patch()
end = time.monotonic() + 1.5
counts = {}
def compute(key):
    count = 0
    while time.monotonic() < end:
        for _ in range(200):
            count += 1
    counts[key] = count
"""


class Preemption(unittest.TestCase):
    def check(self, text, expected, begin=COMPUTE):
        status, out, err = run_program(begin + text)
        self.assertEqual((status, out.strip(), err), (0, expected, ""))

    def test_those_that_compute_share_fairly(self):
        for make in "threading.Thread(target=begin, args=(i,))", "tendril.Greenlet(begin, i)":
            self.check(f"""
ready = threading.Event()
def begin(key):
    ready.wait()
    count = 0
    while time.process_time() < end:  # of the processor: in two seconds of a busy machine each may have one turn
        for _ in range(200):
            count += 1
    counts[key] = count
threads = [{make} for i in range(6)]
for thread in threads:
    thread.start()
end = time.process_time() + 1.5
ready.set()
for thread in threads:
    thread.join()
print(len(counts), min(counts.values()) * 3 > max(counts.values()) or counts)
""", "6 True")

    def test_a_ticker_runs_meanwhile(self):
        self.check("""
ticks = 0
def tick():
    global ticks
    while time.monotonic() < end:
        time.sleep(0.001)
        ticks += 1
ticker = tendril.spawn(tick)
compute(0)
ticker.join()
print(ticks > 20 or ticks)
""", "True")

    def test_c_code_that_gives_the_interpreters_lock_up_holds_nobody_up(self):
        self.check("""
import hashlib
data = bytes(1 << 16)
steps = 0
def work():
    global steps
    while not ended:
        hashlib.sha256(data).digest()
        steps += 1
ended = False
threads = [threading.Thread(target=work) for i in range(3)]
for thread in threads:
    thread.start()
for i in range(10):
    time.sleep(0.001)
ended = True
for thread in threads:
    thread.join()
print(steps > 0)
""", "True")

    def test_it_can_be_switched_off_and_on(self):
        self.check("""
tendril.preempt(0)
ran = []
waits = tendril.spawn(ran.append, 1)
compute(0)
print(ran, end=" ")
waits.join()
tendril.preempt(0.005)
end = time.monotonic() + 1
waits = tendril.spawn(ran.append, 2)
compute(0)
print(ran)
""", "[] [1, 2]")

    def test_switched_off_an_os_thread_that_computes_lets_no_other_run(self):
        self.check("""
import sys
tendril.preempt(0)
sys.setswitchinterval(0.0005)
turns, done, runs, faults = 0, False, None, 0
def compute_too():
    global turns
    while not done:
        turns += 1
pool = tendril.ThreadPool(1)
job = pool.spawn(compute_too)
while not turns:
    tendril.sleep(0.001)
def work(name):
    global runs, faults
    runs, stops, seen = name, 0, turns
    while stops < 10:
        if turns != seen:  # it was stopped, and the OS thread ran
            stops, seen = stops + 1, turns
        if runs != name:
            runs, faults = name, faults + 1
workers = [tendril.Greenlet(work, 1), tendril.Greenlet(work, 2), threading.Thread(target=work, args=(3,))]
for each in workers:
    each.start()
for each in workers:
    each.join()
done = True
job.join()
print(faults)
""", "0")

    def test_it_goes_on_in_the_child_of_a_fork(self):
        self.check("""
import os
child = os.fork()
if child == 0:
    ran = []
    waits = tendril.spawn(ran.append, 1)
    compute(0)
    os._exit(7 if ran else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""", "7")

    def test_refuses(self):
        self.check("""
import tendril
for seconds in -1, float("nan"), 1e9:
    try:
        tendril.preempt(seconds)
    except ValueError as error:
        print("refused")
tendril.preempt(0)
tendril.patch()
try:
    tendril.preempt(-1)
except ValueError as error:
    print(error)
""", "refused\n" * 3 + "preemption takes a number of seconds from 0, which means never, to 3600", "")


if __name__ == "__main__":
    unittest.main()
