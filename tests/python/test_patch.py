# SPDX-License-Identifier: MIT
"""tendril.patch(): threads of Python are green threads, and what blocks one lets the others run."""

import os
import shutil
import subprocess
import tempfile
import unittest

from support import run_program

BEGIN = """
import tendril, threading, time
assert tendril.patch()
def run_all(function, *args):   # five in green threads, five in threads of Python
    results = []
    def call():
        results.append(function(*args))
    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    greenlets = [tendril.spawn(call) for _ in range(5)]
    for each in greenlets + threads:
        each.join()
    for each in greenlets:
        each.get()
    return results
"""


class Patch(unittest.TestCase):
    def check(self, text, expected="", begin=BEGIN):
        status, out, err = run_program(begin + text)
        self.assertEqual((status, out.strip(), err), (0, expected, ""))

    def test_is_done_once(self):
        self.check("print(tendril.patched(), tendril.patch(), tendril.patch('io,sync,keys'))", "True False False")

    def test_what_is_replaced_passes_for_the_original(self):
        self.check("""
import inspect, signal
for each in vars(signal).values():
    if inspect.isfunction(each):
        assert each.__module__ == "signal" and each.__name__ in vars(signal), each
print(inspect.signature(signal.pause), signal.pause.__doc__)
""", "() Wait until a signal arrives.")

    def test_sleeps_at_once(self):
        self.check("""
begin = time.monotonic()
run_all(time.sleep, 0.3)
print(time.monotonic() - begin < 1.4)
""", "True")

    def test_each_has_an_identity(self):
        self.check("""
import sys
all_live = threading.Barrier(10)
def identity():
    all_live.wait()
    assert threading.get_ident() in sys._current_frames()
    all_live.wait()
    return threading.get_ident()
print(len(set(run_all(identity))))
""", "10")

    def test_locks_exclude(self):
        self.check("""
for lock in threading.Lock(), threading.RLock(), threading.Condition(), threading.Semaphore():
    count = 0
    def add():
        global count
        for _ in range(20):
            with lock:
                seen = count
                time.sleep(0)
                count = seen + 1
    run_all(add)
    print(count)
""", "200\n200\n200\n200")

    def test_c_calls_back(self):
        self.check("""
import ctypes, sqlite3
libc = ctypes.CDLL(None)
Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
def sort():
    numbers = (ctypes.c_int * 20)(*range(20, 0, -1))
    def compare(a, b):
        time.sleep(0.0001)
        return a[0] - b[0]
    libc.qsort(numbers, 20, 4, Compare(compare))
    return list(numbers) == list(range(1, 21))
def select():
    with sqlite3.connect(":memory:") as connection:
        connection.create_function("twice", 1, lambda x: (time.sleep(0.001), 2 * x)[1])
        return connection.execute("select twice(21)").fetchone()[0]
print(all(run_all(sort)), set(run_all(select)))
""", "True {42}")

    def test_sockets_wait(self):
        self.check("""
import socket
def echo():
    here, there = socket.socketpair()
    def answer():
        there.sendall(there.recv(100).upper())
    threading.Thread(target=answer).start()
    tendril.sleep(0.01)
    here.sendall(b"text")
    return here.recv(100)
print(set(run_all(echo)))
""", "{b'TEXT'}")

    def test_a_timeout_is_raised_in_a_call(self):
        self.check("""
import os, socket, subprocess
here, there = socket.socketpair()
pipe = os.pipe()
child = subprocess.Popen(["sleep", "30"])
for call in (lambda: here.recv(1)), (lambda: time.sleep(30)), (lambda: os.read(pipe[0], 1)), (lambda: child.wait()):
    def limited():
        try:
            with tendril.Timeout(0.05) as limit:
                call()
        except tendril.Timeout as raised:
            return raised is limit
    print(limited(), set(run_all(limited)), end=" ")
child.kill()
child.wait()
""", " ".join(["True {True}"] * 4))

    def test_a_timeout_may_be_silent(self):
        self.check("""
with tendril.Timeout(0.05, False):
    time.sleep(30)
    print("never")
with tendril.Timeout(0.05, False):
    try:
        time.sleep(30)
    except Exception:
        print("never")
""")

    def test_a_timeout_takes_the_place_of_the_error_that_c_made_of_it(self):
        self.check("""
import ctypes
libc = ctypes.CDLL(None)
try:
    with tendril.Timeout(0.05) as limit:
        if libc.usleep(900_000) != 0:
            raise RuntimeError("it failed")
except tendril.Timeout as raised:
    print(raised is limit, repr(raised.__context__))
""", "True RuntimeError('it failed')")

    def test_a_timeout_is_raised_in_a_wait_for_a_lock(self):
        self.check("""
import queue
lock, again, event = threading.Lock(), threading.RLock(), threading.Event()
lock.acquire()
taken, let_go = threading.Event(), threading.Event()
threading.Thread(target=lambda: (again.acquire(), taken.set(), let_go.wait(), again.release())).start()
taken.wait()
def enter(lock):
    with lock:
        print("never")
for call in lock.acquire, again.acquire, event.wait, queue.Queue().get, (lambda: enter(lock)), (lambda: enter(again)):
    def limited():
        try:
            with tendril.Timeout(0.02) as limit:
                call()
        except tendril.Timeout as raised:
            return raised is limit
    print(set(run_all(limited)), end=" ")
print(lock.acquire(timeout=0.01), again.acquire(timeout=0.01), lock.acquire(False), lock.locked())
let_go.set()
with again:
    lock.release()
    with lock:
        print(lock.locked(), again._is_owned(), end=" ")
print(lock.locked(), again._is_owned())
""", "{True} " * 6 + "False False False True\nTrue True False False")

    def test_a_join_that_is_broken_off_leaves_the_thread_alive(self):
        self.check("""
go = threading.Event()
thread = threading.Thread(target=go.wait)
thread.start()
with tendril.Timeout(0.02, False):
    thread.join()
joiner = tendril.spawn(thread.join)
tendril.sleep(0)
joiner.kill()
print(thread.is_alive(), thread.join(0.01), end=" ")
go.set()
thread.join()
print(thread.is_alive())
""", "True None False")

    def test_a_green_thread_leaves_no_dummy(self):
        self.check("""
before = threading.active_count()
names = {tendril.spawn(lambda: threading.current_thread().name).get() for _ in range(20)}
def sleep():
    return time.sleep(0.01) or threading.current_thread() is threading.current_thread()
print(len(names), set(run_all(sleep)))
while threading.active_count() != before:
    tendril.sleep(0)  # the last ones may have been stopped where they end
""", "20 {True}")

    def test_a_kill_is_raised_in_a_call(self):
        self.check("""
import socket
here, there = socket.socketpair()
def receive():
    try:
        here.recv(1)
    except OSError:
        return "swallowed"
killed = tendril.spawn(receive)
tendril.sleep(0.01)
print(killed.kill(), repr(killed.value))
""", "True GreenletExit()")

    def test_in_a_green_thread(self):
        self.check("""
import ctypes, tendril, time
def patch():
    tendril.patch()
    held = ctypes.pythonapi.PyGILState_Check()
    time.sleep(0.001)
    return held, ctypes.pythonapi.PyGILState_Check()
print(tendril.spawn(patch).get(), ctypes.pythonapi.PyGILState_Check())
""", "(1, 1) 1", begin="")

    def test_a_signal_breaks_off_a_call(self):
        self.check("""
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    time.sleep(30)
except KeyboardInterrupt:
    print("interrupted")
""", "interrupted")

    def test_os_threads_of_before_go_on(self):
        self.check("""
import tendril, threading, time, queue
jobs, results = queue.Queue(), queue.Queue()
def work():
    while (job := jobs.get()) is not None:
        time.sleep(0.001)
        results.put(job * 2)
thread = threading.Thread(target=work)
thread.start()
tendril.patch()
def ask(n):
    jobs.put(n)
asking = [tendril.spawn(ask, n) for n in range(10)]
print(sorted(results.get() for _ in range(10)))
jobs.put(None)
thread.join()
""", str(list(range(0, 20, 2))), begin="")

    def test_green_threads_of_before_go_on(self):
        self.check("""
import tendril, ctypes
def wait():
    tendril.sleep(0.02)
    called = []
    ctypes.CFUNCTYPE(None)(lambda: called.append(1))()
    return called
waiting = [tendril.spawn(wait) for _ in range(3)]
tendril.sleep(0)
tendril.patch()
print([each.get() for each in waiting])
""", "[[1], [1], [1]]", begin="")

    def test_refuses(self):
        self.check("""
import tendril, threading
for names, without in ("nothing", ""), ("all", "sync"), (["io"], ["keys"]):
    try:
        tendril.patch(names, without=without)
    except ValueError as error:
        print(error)
print(tendril.patched())
""", """patch: unknown class "nothing"; known are io,sleep,names,processes,sync,threads,keys,signals, all and none
patch() needs the classes sync and keys: the interpreter's own lock and its thread states are made of them
patch() needs the classes sync and keys: the interpreter's own lock and its thread states are made of them
False""", begin="")

    def test_reports(self):
        self.check("print('python3' in tendril.patch_report())", "True")


# Makes threads, and calls in a handler what POSIX allows there.
HANDLED = """
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
static volatile long handled;
static void handle(int number) {
    pthread_kill(pthread_self(), 0);
    pthread_sigmask(SIG_BLOCK, 0, 0);
    ++handled;
}
static void* end_at_once(void* argument) { return argument; }
long run(long threads) {
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, 0);
    setitimer(ITIMER_REAL, &often, 0);
    for (long i = 0; i < threads || handled < 1000; ++i) {
        pthread_t thread;
        if (pthread_create(&thread, 0, end_at_once, 0) == 0) {
            pthread_join(thread, 0);
        }
    }
    setitimer(ITIMER_REAL, &never, 0);
    return handled >= 1000;
}
"""


@unittest.skipUnless(shutil.which("cc"), "a C compiler is needed")
class Handlers(unittest.TestCase):
    def test_a_handler_may_ask_for_threads_while_they_are_made(self):
        with tempfile.TemporaryDirectory() as folder:
            source, library = os.path.join(folder, "handled.c"), os.path.join(folder, "handled.so")
            with open(source, "w") as file:
                file.write(HANDLED)
            subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
            status, out, err = run_program("""
import ctypes, sys, threading, tendril
tendril.patch()
run = ctypes.PyDLL(sys.argv[1]).run
thread = threading.Thread(target=lambda: print(run(200_000)))
thread.start()
thread.join()
""", library)
        self.assertEqual((status, out, err), (0, "1\n", ""))


if __name__ == "__main__":
    unittest.main()
