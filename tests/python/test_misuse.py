# SPDX-License-Identifier: MIT
"""What is used wrongly says so: in another OS thread, by itself, before its time."""

import threading
import unittest

import tendril
import tendril.greenlet
from support import run_program
from tendril import wsgi


def in_os_thread(function):
    """Runs it in an OS thread of its own, outside of the hub. Returns what it returns or raises."""
    result = []

    def run():
        try:
            result.append(function())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


class OtherOsThread(unittest.TestCase):
    def test_every_call_that_touches_a_green_thread_of_another_is_refused(self):
        green = tendril.spawn(tendril.sleep, 60)
        tendril.sleep(0)
        for call in (green.join, green.get, green.kill, lambda: green.link(print)):
            error = in_os_thread(call)
            self.assertIsInstance(error, tendril.WrongThread)
            self.assertRegex(str(error), r"belongs to OS thread \d+, .* used from OS thread \d+ .*ThreadPool")
        self.assertFalse(green.ready())
        green.kill()

    def test_the_result_of_one_that_has_ended_may_be_read(self):
        green = tendril.spawn(len, "abc")
        green.join()
        self.assertEqual(in_os_thread(green.get), 3)
        self.assertTrue(in_os_thread(green.join))
        self.assertTrue(in_os_thread(green.kill))

    def test_it_may_be_the_last_that_refers_to_one(self):
        held = [tendril.spawn(len, "abc")]
        held[0].join()
        in_os_thread(held.clear)
        self.assertEqual(held, [])

    def test_it_has_green_threads_of_its_own(self):
        def work():
            green = tendril.spawn(lambda: tendril.sleep(0.001) or "done")
            return green.get()

        self.assertEqual(in_os_thread(work), "done")

    def test_its_end_unwinds_the_green_threads_that_are_left(self):
        seen = []

        def stubborn():
            try:
                tendril.sleep(60)
            finally:
                seen.append("unwound")

        def work():
            tendril.spawn(stubborn)
            tendril.sleep(0)

        in_os_thread(work)
        self.assertEqual(seen, ["unwound"])

    def test_an_exit_in_its_green_thread_is_raised_in_its_main_one(self):
        def work():
            tendril.spawn(exit, 3)
            tendril.sleep(60)

        self.assertIsInstance(in_os_thread(work), SystemExit)


class OfTheHub(unittest.TestCase):
    def test_a_hub_without_its_descriptor_says_so_also_while_others_compute(self):
        status, out, err = run_program("""
import ctypes, os, platform, threading, time, tendril
tendril.patch()
def compute(step):
    while True:
        step()
def fail(wait):
    for i in range(3):
        threading.Thread(target=compute, args=(lambda: None,), daemon=True).start()
        tendril.spawn(compute, lambda: tendril.sleep(0))
    wait(0.01)
    number = {"x86_64": 3, "aarch64": 57}[platform.machine()]  # close(2), which patch() does not see
    for fd in range(3, 20):
        ctypes.CDLL(None).syscall(number, fd)
    try:
        for i in range(1000):
            wait(0.001)
    except OSError as error:
        os.write(1, str(error).encode() + b"\\n")
    os._exit(3)
def in_child(wait):
    pid = os.fork()
    if pid == 0:
        fail(wait)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
for wait in time.sleep, tendril.sleep:
    tendril.spawn(in_child, wait).join()
    in_child(wait)
""")
        failure = "[Errno 9] the hub's epoll_wait failed (was its descriptor closed?): Bad file descriptor\n3\n"
        self.assertEqual((status, out, err), (0, failure * 4, ""))


class Itself(unittest.TestCase):
    def test_no_green_thread_waits_for_its_own_end(self):
        for name in ("join", "get"):
            with self.assertRaisesRegex(RuntimeError, "cannot wait for its own end"):
                getattr(tendril.getcurrent(), name)()
            green = tendril.spawn(lambda name=name: getattr(tendril.getcurrent(), name)())
            with self.assertRaisesRegex(RuntimeError, "cannot wait for its own end"):
                green.get()

    def test_a_kill_of_itself_raises_at_once(self):
        with self.assertRaises(tendril.GreenletExit):
            tendril.getcurrent().kill()

        def suicide():
            tendril.getcurrent().kill(ValueError("enough"))

        with self.assertRaisesRegex(ValueError, "enough"):
            tendril.spawn(suicide).get()


class BeforeItsTime(unittest.TestCase):
    def test_waiting_for_one_that_nobody_starts_is_a_loop_exit(self):
        green = tendril.Greenlet(len, "")
        with self.assertRaisesRegex(tendril.LoopExit, "nothing can wake the main green thread"):
            green.get()
        with self.assertRaises(tendril.Timeout):
            green.get(timeout=0.001)
        self.assertFalse(green.join(timeout=0.001))

    def test_a_loop_exit_lists_who_waits_as_python_calls_it(self):
        event = tendril.Event()
        green = tendril.spawn(event.wait)
        with self.assertRaises(tendril.LoopExit) as raised:
            green.join()
        lines = str(raised.exception).splitlines()
        self.assertRegex(lines[1], r"^  green thread \d+ waits in Event.wait, the main one; ")
        self.assertRegex(str(raised.exception), rf"green thread {green.id} waits in Event.wait, spawned by \d+; ")
        self.assertNotRegex(str(raised.exception), r"::|\.cpp|Io,")
        green.kill()

    def test_a_kill_ends_one_that_was_not_started(self):
        green = tendril.Greenlet(len, "")
        self.assertTrue(green.kill())
        self.assertIsInstance(green.get(), tendril.GreenletExit)
        green.start()
        tendril.sleep(0)
        self.assertIsInstance(green.get(), tendril.GreenletExit)

    def test_what_is_no_call_is_refused_at_once(self):
        for wrong in (5, None, "print"):
            with self.assertRaisesRegex(TypeError, "needs something to call"):
                tendril.spawn(wrong)
        with self.assertRaises(TypeError):
            tendril.spawn()

    def test_what_cannot_be_waited_for_is_refused_at_once(self):
        event = tendril.Event()
        with self.assertRaisesRegex(TypeError, r"waited for; this is 3"):
            tendril.wait([event, 3])

    def test_a_kill_needs_an_exception(self):
        green = tendril.spawn(tendril.sleep, 60)
        for wrong in (5, int, "stop"):
            with self.assertRaisesRegex(TypeError, "needs an exception"):
                green.kill(wrong)
        green.kill()


NO_TIME = (TypeError, "a time must be a number of seconds; this is 'x'")
NOT_A_TIME = (ValueError, "a time must be a number of seconds; this is not a number")
NO_NUMBER = (TypeError, "'str' object cannot be interpreted as an integer")
NO_CALL = (TypeError, "needs something to call; this is 'x'")
NAN = float("nan")

WRONG = [  # what is wrong, and what says so
    ("spawn('x')", NO_CALL), ("spawn_n('x')", NO_CALL), ("spawn_after(1, 'x')", NO_CALL), ("Greenlet('x')", NO_CALL),
    ("spawn()", (TypeError, "needs something to call")), ("spawn_after(1)", (TypeError, "needs something to call")),
    ("spawn_after()", (TypeError, "a number of seconds, and something to call")),
    ("spawn_after('x', len)", NO_TIME), ("sleep('x')", NO_TIME), ("sleep([])", (TypeError, r"this is \[\]")),
    ("sleep(nan)", NOT_A_TIME), ("sleep(-1)", (ValueError, "not below 0")), ("sleep(1, 2)", (TypeError, "at most 1 argument; 2")),
    ("sleep(zzz=1)", (TypeError, "has no argument 'zzz'")),
    ("Greenlet(len).start_later('x')", NO_TIME), ("Greenlet(len).get(timeout='x')", NO_TIME),
    ("Greenlet(len).join('x')", NO_TIME), ("Greenlet(len).kill(timeout='x')", NO_TIME),
    ("Greenlet(len).link('x')", (TypeError, "a link must be callable; this is 'x'")),
    ("Greenlet().start()", (TypeError, "this Greenlet has nothing to run")),
    ("Timeout('x')", NO_TIME), ("Timeout(nan)", NOT_A_TIME), ("Timeout.start_new('x')", NO_TIME),
    ("with_timeout('x', len, '')", NO_TIME), ("Timeout(1, 'a', 'b')", (TypeError, "at most 2 arguments")),
    ("Event().wait('x')", NO_TIME), ("AsyncResult().get(timeout='x')", NO_TIME), ("AsyncResult().wait('x')", NO_TIME),
    ("AsyncResult().set_exception('x')", (TypeError, "fails with an exception; this is 'x'")),
    ("Semaphore('x')", NO_NUMBER), ("Semaphore(-1)", (ValueError, "-1")), ("Semaphore(2 ** 100)", (OverflowError, "")),
    ("Semaphore(0).acquire(timeout='x')", NO_TIME), ("Semaphore(0).acquire(False, 1)", (ValueError, "has no timeout")),
    ("Semaphore().release(0)", (ValueError, "at least one permit")), ("Semaphore().release('x')", NO_NUMBER),
    ("BoundedSemaphore().release()", (ValueError, "has 0 permits out")),
    ("Lock().release()", (RuntimeError, "")), ("RLock().release()", (RuntimeError, "")),
    ("Lock().acquire(timeout='x')", NO_TIME), ("Condition('x')", (TypeError, "a tendril.Lock or a tendril.RLock")),
    ("Condition().wait()", (RuntimeError, "")), ("held(Condition()).wait('x')", NO_TIME),
    ("held(Condition()).notify(-1)", (ValueError, "cannot wake -1 green threads")),
    ("held(Condition()).notify('x')", NO_NUMBER),
    ("Queue('x')", NO_NUMBER), ("Queue(1.5)", (TypeError, "'float' object")), ("Queue(2 ** 100)", (OverflowError, "")),
    ("Queue(1, items=5)", (TypeError, "")), ("PriorityQueue('x')", NO_NUMBER), ("Queue().get(timeout='x')", NO_TIME),
    ("full(Queue(1)).put(1, timeout='x')", NO_TIME), ("Queue().get(timeout=nan)", NOT_A_TIME),
    ("Queue().put()", (TypeError, "needs its argument 'item'")), ("Queue().get(zzz=1)", (TypeError, "has no argument 'zzz'")),
    ("JoinableQueue().task_done()", (ValueError, "")), ("Channel().get(timeout='x')", NO_TIME),
    ("SharedQueue('x')", NO_NUMBER), ("SharedSemaphore('x')", NO_NUMBER), ("SharedEvent().wait('x')", NO_TIME),
    ("Pool('a')", (TypeError, "a Pool's size is a number of green threads; this is 'a'")),
    ("Pool(-1)", (ValueError, "cannot have a size of -1")), ("Pool(1.5)", (TypeError, "this is 1.5")),
    ("Pool(2 ** 100)", (OverflowError, "")), ("Pool(1, 5)", (TypeError, "greenlet_class makes its Greenlets; this is 5")),
    ("Pool(1).resize('a')", (TypeError, "this is 'a'")), ("Pool().resize(1)", (ValueError, "without limit")),
    ("Pool(1).spawn('x')", NO_CALL), ("Pool(1).imap(len, 5)", (TypeError, "not iterable")),
    ("Pool(1).imap(len, [], maxsize='x')", NO_NUMBER), ("Pool(1).imap(len, [], maxsize=0)", (ValueError, "at least one")),
    ("Pile('a')", (TypeError, "this is 'a'")), ("Group(5)", (TypeError, "a Group holds Greenlets; this is 5")),
    ("Group().add('x')", (TypeError, "a Group holds Greenlets; this is 'x'")), ("Group().spawn('x')", NO_CALL),
    ("Group(Greenlet(len)).join('x')", NO_TIME), ("Group().map(len, 5)", (TypeError, "not iterable")),
    ("ThreadPool('x')", (TypeError, "interpreted as an integer")), ("ThreadPool(-1)", (ValueError, "cannot have -1 threads")),
    ("ThreadPool().resize(-1)", (ValueError, "cannot have -1 threads")), ("ThreadPool().spawn('x')", (TypeError, "to call; this is 'x'")),
    ("offload('x')", (TypeError, "to call; this is 'x'")), ("joinall(5)", (TypeError, "not iterable")),
    ("joinall([Greenlet(len)], timeout='x')", NO_TIME), ("wait([Event()], timeout='x')", NO_TIME),
    ("wait([5])", (TypeError, r"waited for; this is 5")), ("wait(timeout='x')", NO_TIME),
    ("killall([Greenlet(len)], 5)", (TypeError, "needs an exception")),
    ("get_hub().run_until_idle('x')", NO_TIME), ("get_hub().set_error_handler(5)", (TypeError, "callable; this is 5")),
    ("set_blocking_watch('x')", (TypeError, "")), ("set_blocking_watch(-1)", (ValueError, "0 turns it off")),
    ("preempt('x')", (TypeError, "")), ("preempt(-1)", (ValueError, "number of seconds")),
    ("patch('nonsense')", (ValueError, "nonsense")), ("patch(5)", (TypeError, "")),
    ("wsgi.listen('x:y')", (ValueError, "not an address to listen at")), ("wsgi.listen(5)", (TypeError, "an address to listen at is a str or .host, port.; this is 5")),
    ("wsgi.listen(('127.0.0.1', 'x'))", (TypeError, "")), ("wsgi.Server('127.0.0.1:0', 5)", (TypeError, "5")),
    ("wsgi.Server('127.0.0.1:0', len, zzz=1)", (TypeError, "zzz")), ("wsgi.Server('127.0.0.1:0', len, max_body='x')", (TypeError, "max_body")),
    ("wsgi.Server(None, len)", (TypeError, "a socket that listens, its number, or an address; this is None")), ("wsgi.Server(-1, len)", ((OSError, ValueError), "")),
]


class WrongTypes(unittest.TestCase):
    """A wrong value is refused by the call that it is given to, by an error that shows it."""

    def test_every_row(self):
        def held(lock):
            lock.acquire()
            return lock

        def full(queue):
            queue.put(0)
            return queue

        names = dict(vars(tendril), wsgi=wsgi, held=held, full=full, nan=NAN)
        for call, (kind, text) in WRONG:
            with self.subTest(call=call), self.assertRaisesRegex(kind, text) as raised:
                eval(call, names)
            with self.subTest(call=call):
                self.assertNotIn("::", str(raised.exception))

    def test_a_group_keeps_nothing_that_it_refused(self):
        group = tendril.Group()
        with self.assertRaises(TypeError):
            group.add(5)
        self.assertEqual(len(group), 0)
        self.assertTrue(group.join(timeout=0))

    def test_what_a_value_raises_when_it_is_read_comes_through(self):
        class Broken:
            def __float__(self):
                raise KeyError("float")

            __index__ = __bool__ = __iter__ = __float__

        for call in (tendril.sleep, tendril.Timeout, tendril.Queue, tendril.Semaphore, tendril.Pool, tendril.ThreadPool,
                     tendril.Event().wait, tendril.joinall, tendril.Queue().get, tendril.Lock().acquire):
            with self.subTest(call=call), self.assertRaises(KeyError):
                call(Broken())

    def test_what_was_not_initialised_is_refused_or_empty(self):
        for kind in (tendril.Greenlet, tendril.Event, tendril.AsyncResult, tendril.Semaphore, tendril.BoundedSemaphore,
                     tendril.Lock, tendril.RLock, tendril.Condition, tendril.Queue, tendril.LifoQueue, tendril.Channel,
                     tendril.PriorityQueue, tendril.JoinableQueue, tendril.SharedEvent, tendril.SharedQueue,
                     tendril.SharedSemaphore, tendril.ThreadPool, tendril.greenlet.greenlet):
            blank = kind.__new__(kind)
            for name in dir(kind):
                if name.startswith("_"):
                    continue
                with self.subTest(kind=kind, name=name):
                    try:
                        member = getattr(blank, name)
                        if callable(member) and name not in ("switch", "throw"):
                            with tendril.Timeout(0):
                                member()
                    except (Exception, tendril.Timeout) as raised:
                        self.assertNotIsInstance(raised, SystemError)


if __name__ == "__main__":
    unittest.main()
