# SPDX-License-Identifier: MIT
"""fork(): in the child only the green thread that forked goes on."""

import unittest

from support import run_program

HEAD = """
import multiprocessing, os, subprocess, sys, tendril

def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

parent = os.getpid()
ticks = []

def tick():
    while True:
        tendril.sleep(0.005)
        if os.getpid() != parent:
            print("a green thread of the parent runs in the child", flush=True)

ticker = tendril.spawn(tick)
tendril.sleep(0)
"""


def run(source):
    return run_program(HEAD + source)


class Fork(unittest.TestCase):
    def check(self, expected, source):
        self.assertEqual(run(source), (0, expected, ""))

    def test_the_main_green_thread_goes_on_and_spawns(self):
        self.check("child True GreenletExit ok\nstatus 4\n", """
pid = os.fork()
if pid == 0:
    other = tendril.spawn(lambda: tendril.sleep(0.03) or "ok")
    print("child", ticker.ready(), type(ticker.get()).__name__, other.get())
    sys.exit(4)
print("status", status_of(pid))
""")

    def test_a_green_thread_goes_on_and_its_end_is_the_programs(self):
        self.check("goes on\nstatus 0\nstatus 6\nstatus 1\n", """
def work(end):
    pid = os.fork()
    if pid == 0:
        tendril.sleep(0.01)
        return end()
    return status_of(pid)

def wrong():
    os.close(2)
    raise ValueError

for end in (lambda: print("goes on"), lambda: sys.exit(6), wrong):
    print("status", tendril.spawn(work, end).get(), flush=True)
""")

    def test_exit_handlers_run_once_in_each_process(self):
        self.check("handler child\nhandler parent\n", """
import atexit
atexit.register(lambda: print("handler", "parent" if os.getpid() == parent else "child", flush=True))
def work():
    pid = os.fork()
    if pid != 0:
        status_of(pid)
tendril.spawn(work).join()
""")

    def test_after_patch(self):
        status, out, err = run_program("""
import os, sys, threading, tendril
tendril.patch()

def work(end):
    pid = os.fork()
    if pid == 0:
        tendril.sleep(0.01)
        return end()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

print(tendril.spawn(work, lambda: print("goes on")).get(), flush=True)
print(tendril.spawn(work, lambda: sys.exit(6)).get(), flush=True)
print(tendril.spawn(work, lambda: os._exit(tendril.spawn(lambda: 7).get())).get(), flush=True)
""")
        self.assertEqual((status, out, err), (0, "goes on\n0\n6\n7\n", ""))

    def test_nested(self):
        self.check("grandchild\nstatus 6\nstatus 5\n", """
def work():
    pid = os.fork()
    if pid == 0:
        tendril.sleep(0.01)
        pid = os.fork()
        if pid == 0:
            tendril.sleep(0.01)
            print("grandchild", flush=True)
            sys.exit(6)
        print("status", status_of(pid), flush=True)
        sys.exit(5)
    return status_of(pid)
print("status", tendril.spawn(work).get())
""")

    def test_waits_of_the_parent_and_its_timeouts_are_gone(self):
        self.check("0\n", """
queue = tendril.Queue()
waiting = [tendril.spawn(queue.get) for _ in range(3)]
def limited():
    with tendril.Timeout(0.02):
        tendril.sleep(60)
late = tendril.spawn(limited)
tendril.sleep(0)
pid = os.fork()
if pid == 0:
    queue.put("mine")
    tendril.sleep(0.05)
    fine = queue.get(timeout=1) == "mine" and all(each.ready() for each in waiting) and late.exception is None
    os._exit(0 if fine else 1)
print(status_of(pid))
""")

    def test_many_forks_leave_nothing_behind(self):
        self.check("True\n", """
def count():
    return len(os.listdir("/proc/self/fd"))

def once():
    some = [tendril.spawn(tendril.sleep, 60) for _ in range(20)]
    tendril.sleep(0)
    pid = os.fork()
    if pid == 0:
        for each in [tendril.spawn(tendril.sleep, 0.001) for _ in range(20)]:
            each.join()
        os._exit(count())
    used = status_of(pid)
    for each in some:
        each.kill()
    return used, count()

first = once()
print(all(once() == first for _ in range(30)))
""")

    def test_an_os_thread_may_fork(self):
        self.check("child 1\nstatus 0\n", """
import threading
def work():
    tendril.spawn(tendril.sleep, 60)
    tendril.sleep(0)
    pid = os.fork()
    if pid == 0:
        print("child", tendril.spawn(lambda: tendril.sleep(0.01) or 1).get(), flush=True)
        return
    print("status", status_of(pid))
thread = threading.Thread(target=work)
thread.start()
thread.join()
""")

    def test_signals_reach_the_child_alone(self):
        self.check("child handles\nstatus 0\nnothing here\n", """
import signal
seen = []
signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
pid = os.fork()
if pid == 0:
    tendril.spawn_after(0.01, os.kill, os.getpid(), signal.SIGUSR1)
    while not seen:
        tendril.sleep(0.01)
    print("child handles", flush=True)
    sys.exit()
print("status", status_of(pid))
print("handled here" if seen else "nothing here")
""")

    def test_multiprocessing(self):
        self.check("42\n0\n[1, 2]\n", """
context = multiprocessing.get_context("fork")
queue = context.Queue()
def work():
    queue.put(tendril.spawn(lambda: tendril.sleep(0.01) or 42).get())
process = context.Process(target=work)
process.start()
print(queue.get())
process.join()
print(process.exitcode)
with context.Pool(2) as pool:
    print(pool.map(abs, [-1, -2]))
""")

    def test_subprocesses(self):
        self.check("b'x\\n' 0\n", """
first = subprocess.run(["echo", "x"], capture_output=True)
second = subprocess.run(["true"], preexec_fn=lambda: None)
print(first.stdout, second.returncode)
""")


if __name__ == "__main__":
    unittest.main()
