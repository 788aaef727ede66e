# SPDX-License-Identifier: MIT
"""How a program ends that still has green threads."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import run_program

HEAD = "import os, signal, sys, time, tendril\n"


# Has a thread, which works a while when the process exits, and waits for its end.
LIBRARY = """
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sem_t posted;
static int must_end, has_ended;
static const char* way;

static void* work(void* unused) {
    pthread_mutex_lock(&mutex);
    while (!must_end) {
        pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    usleep(1000);
    pthread_mutex_lock(&mutex);
    has_ended = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    sem_post(&posted);
    return NULL;
}

static void end(void) {
    pthread_mutex_lock(&mutex);
    must_end = 1;
    pthread_cond_broadcast(&changed);
    while (strcmp(way, "condition") == 0 && !has_ended) {
        pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    if (strcmp(way, "semaphore") == 0) {
        sem_wait(&posted);
    } else if (strcmp(way, "join") == 0) {
        pthread_join(thread, NULL);
    }
    if (has_ended) {
        write(1, "ended\\n", 6);
    }
}

void begin(const char* how) {
    way = strdup(how);
    sem_init(&posted, 0, 0);
    atexit(end);
    pthread_create(&thread, NULL, work, NULL);
}
"""


def run(source, *args):
    return run_program(HEAD + source, *args)


class End(unittest.TestCase):
    def test_those_that_are_left_are_unwound_youngest_first(self):
        status, out, err = run("""
ended = []
def wait(i):
    try:
        tendril.sleep(60)
    finally:
        ended.append(i)
        if len(ended) == 1000:
            print(ended == list(range(999, -1, -1)))
for i in range(1000):
    tendril.spawn(wait, i)
tendril.sleep(0)
sys.exit(3)
""")
        self.assertEqual((status, out, err), (3, "True\n", ""))

    def test_one_that_refuses_to_end_is_left_after_a_second(self):
        begin = time.monotonic()
        status, out, err = run("""
def refuse():
    while True:
        try:
            tendril.sleep(60)
        except tendril.GreenletExit:
            print("refused")
green = tendril.spawn(refuse)
tendril.sleep(0)
""")
        self.assertEqual((status, out, err), (0, "refused\n", ""))
        self.assertLess(time.monotonic() - begin, 20)

    def test_one_may_wait_while_it_cleans_up(self):
        status, out, err = run("""
def work():
    try:
        tendril.sleep(60)
    finally:
        tendril.sleep(0.05)
        print("clean")
tendril.spawn(work)
tendril.sleep(0)
""")
        self.assertEqual((status, out, err), (0, "clean\n", ""))

    def test_none_begins_after_the_end(self):
        status, out, _ = run("""
class Last:
    def __del__(self):
        try:
            tendril.sleep(0.01)
        except RuntimeError as error:
            print(error)
sys.last = Last()
tendril.spawn(tendril.sleep, 60)
tendril.sleep(0)
""")
        self.assertEqual(status, 0)
        self.assertIn(out, ("", "the interpreter is ending: nothing can be spawned or waited for any more\n"))

    def test_exits_in_a_green_thread_are_the_programs(self):
        for source, expected in (("sys.exit(7)", 7), ("os._exit(9)", 9), ("sys.exit()", 0)):
            with self.subTest(source):
                status, out, err = run(f"""
def leave():
    {source}
tendril.spawn(leave)
tendril.sleep(60)
print("not reached")
""")
                self.assertEqual((status, out, err), (expected, "", ""))

    def test_an_error_of_the_main_program_keeps_its_status(self):
        status, _, err = run("tendril.spawn(tendril.sleep, 60)\ntendril.sleep(0)\nraise ValueError('mine')\n")
        self.assertEqual(status, 1)
        self.assertIn("ValueError: mine", err)

    def test_an_exit_handler_may_wait(self):
        status, out, err = run("""
import atexit
atexit.register(lambda: print(tendril.spawn(lambda: tendril.sleep(0.01) or "waited").get()))
""")
        self.assertEqual((status, out, err), (0, "waited\n", ""))

    def test_other_os_threads_that_still_run_do_no_harm(self):
        status, out, err = run("""
import threading
def work():
    tendril.spawn(tendril.sleep, 60)
    tendril.sleep(60)
threading.Thread(target=work, daemon=True).start()
tendril.sleep(0.1)
print("end")
""")
        self.assertEqual((status, out, err), (0, "end\n", ""))

    def test_a_thread_of_c_code_that_has_not_begun_runs_as_the_interpreter_waits_for_it(self):
        for interval in (0, 0.005):
            with self.subTest(interval):
                status, out, err = run_program(f"""
import faulthandler, sys, tendril
tendril.preempt({interval})
faulthandler.dump_traceback_later(3600)  # its thread holds a lock that the interpreter's end waits for
print("end")
sys.exit(3)
""", options=("-m", "tendril", "run"))
                self.assertEqual((status, out, err), (3, "end\n", ""))

    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler")
    def test_a_function_of_the_process_exit_may_wait_for_a_thread_of_c_code(self):
        with tempfile.TemporaryDirectory(prefix="tendril-test-") as folder:
            library = os.path.join(folder, "library.so")
            subprocess.run(["cc", "-shared", "-fPIC", "-pthread", "-xc", "-", "-o", library], input=LIBRARY, text=True,
                           check=True)
            for way in ("condition", "semaphore", "join"):
                with self.subTest(way):
                    status, out, err = run(f"""
import ctypes, threading
tendril.patch()
ctypes.CDLL({library!r}).begin(b"{way}")
tendril.spawn(tendril.sleep, 60)
threading.Thread(target=lambda: [None for i in iter(int, 1)], daemon=True).start()
time.sleep(0.01)
sys.exit(3)
""")
                    self.assertEqual((status, out, err), (3, "ended\n", ""))


class Computing(unittest.TestCase):
    """After patch(), what computes without end does not keep the program from its own."""

    HEAD = """
import atexit
atexit.register(lambda: (time.sleep(0.02), print("late")))  # runs last, and waits
import threading
tendril.patch()
begun = tendril.Semaphore(0)
def compute(step=lambda: None):
    try:
        begun.release()
        while True:
            step()
    finally:
        print("never")
def daemon(*args):
    threading.Thread(target=compute, args=args, daemon=True).start()
    begun.acquire()
def spawn(*args):
    tendril.spawn(compute, *args)
    begun.acquire()
"""

    def check(self, source, expected=(3, "late\n", "")):
        self.assertEqual(run(self.HEAD + source), expected)

    def test_threads_and_green_threads(self):
        for source in ("daemon()", "spawn()", "for i in range(4): daemon(); spawn()"):
            with self.subTest(source):
                self.check(source + "\nsys.exit(3)\n")

    def test_with_waits_in_between(self):
        self.check("""
event, queue, lock = tendril.Event(), tendril.Queue(), threading.Lock()
event.set()
steps = [lambda: time.sleep(0), lambda: tendril.sleep(0), lambda: event.wait(), lambda: queue.put(1) or queue.get(),
         lambda: lock.acquire() and lock.release(), lambda: print("", end="", file=sys.stderr), lambda: None]
for step in steps:
    daemon(step)
sys.exit(3)
""")

    def test_in_c_code_that_gives_the_interpreters_lock_up(self):
        self.check("""
import hashlib, zlib
data = os.urandom(1 << 16)
for step in (lambda: hashlib.sha256(data).digest(), lambda: zlib.compress(data), lambda: None):
    daemon(step)
sys.exit(3)
""")

    def test_destructors_of_the_interpreters_end_may_compute_and_wait(self):
        self.check("""
class Late:
    def __del__(self):
        for i in range(200_000):
            pass
        time.sleep(0.001)
keep = [Late() for i in range(10)]
daemon()
daemon()
sys.exit(3)
""")

    def test_ends_that_come_from_elsewhere(self):
        for source in ("signal.signal(signal.SIGTERM, lambda *args: sys.exit(3))\n"
                       "threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
                       "threading.Event().wait()",
                       "tendril.spawn(sys.exit, 3)\ntendril.sleep(60)"):
            with self.subTest(source):
                self.check("daemon()\n" + source)
        self.check("""
daemon()
threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM)).start()
threading.Event().wait()
""", (-signal.SIGTERM, "", ""))

    def test_in_the_child_of_a_fork(self):
        self.check("""
daemon()
def fork():
    pid = os.fork()
    if pid == 0:
        daemon()
        sys.exit(4)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
fork()
tendril.spawn(fork).join()
sys.exit(3)
""", (3, "late\n4\nlate\n4\nlate\n", ""))


class Signals(unittest.TestCase):
    def test_a_handler_runs_while_every_green_thread_waits(self):
        status, out, err = run("""
begin = time.monotonic()
signal.signal(signal.SIGALRM, lambda number, frame: print("handled", number == signal.SIGALRM))
signal.setitimer(signal.ITIMER_REAL, 0.05)
tendril.sleep(0.3)
print(time.monotonic() - begin >= 0.3)
""")
        self.assertEqual((status, out, err), (0, "handled True\nTrue\n", ""))

    def test_any_number_may_come_while_the_hub_does_not_run(self):
        status, out, err = run("""
import threading
tendril.patch()
tendril.preempt(0)
signal.signal(signal.SIGUSR1, lambda number, frame: None)
for i in range(70_000):  # more than a pipe holds
    signal.raise_signal(signal.SIGUSR1)
print("heard")
""")
        self.assertEqual((status, out, err), (0, "heard\n", ""))

    def test_a_handler_may_wait_and_wake(self):
        status, out, err = run("""
done = tendril.Event()
def handle(number, frame):
    tendril.sleep(0.01)
    done.set()
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.05)
print(done.wait(timeout=30))
""")
        self.assertEqual((status, out, err), (0, "True\n", ""))

    def test_what_a_handler_raises_is_raised_in_the_main_green_thread(self):
        status, out, err = run("""
class Late(Exception):
    pass
def handle(number, frame):
    raise Late("by a signal")
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.05)
other = tendril.spawn(tendril.sleep, 60)
try:
    other.join()
except Late as error:
    print(error, other.ready())
""")
        self.assertEqual((status, out, err), (0, "by a signal False\n", ""))

    def test_ctrl_c_interrupts_every_kind_of_wait(self):
        status, out, err = run("""
def soon():
    tendril.spawn_after(0.02, os.kill, os.getpid(), signal.SIGINT)
other = tendril.spawn(tendril.sleep, 60)
queue, event, lock = tendril.Queue(), tendril.Event(), tendril.Semaphore(0)
for wait in (lambda: tendril.sleep(60), other.join, other.get, queue.get, event.wait, lock.acquire):
    soon()
    try:
        wait()
        print("not interrupted")
    except KeyboardInterrupt:
        print("interrupted", other.ready())
""")
        self.assertEqual((status, out, err), (0, "interrupted False\n" * 6, ""))

    def test_ctrl_c_ends_a_program_as_it_ends_any(self):
        status, _, err = run("tendril.spawn_after(0.02, os.kill, os.getpid(), signal.SIGINT)\ntendril.sleep(60)\n")
        self.assertEqual(status, -signal.SIGINT)
        self.assertIn("KeyboardInterrupt", err)

    def test_the_default_action_stays_if_the_program_wants_it(self):
        status, _, err = run_program("""
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
import tendril
tendril.spawn_after(0.02, os.kill, os.getpid(), signal.SIGINT)
tendril.sleep(60)
""")
        self.assertEqual((status, err), (-signal.SIGINT, ""))


if __name__ == "__main__":
    unittest.main()
