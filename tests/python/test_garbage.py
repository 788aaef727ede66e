# SPDX-License-Identifier: MIT
"""Green threads that would wait without end are garbage: the collector finds them, unless anything could wake them."""

import contextvars
import functools
import gc
import os
import random
import socket
import sys
import unittest
import weakref

import tendril
from support import run_program


class Thing:
    pass


class Test(unittest.TestCase):
    def setUp(self):
        gc.collect()
        tendril.sleep(0)
        self.unwound = []
        self.before = tendril.get_hub().stats()["greenlets"]

    def tearDown(self):
        self.collect()
        self.assertEqual(tendril.get_hub().stats()["greenlets"], self.before)
        self.assertEqual(gc.garbage, [])

    def collect(self):
        """Lets all that is garbage unwind."""
        for _ in range(3):
            gc.collect()
            tendril.sleep(0)

    def guarded(self, wait, *things):
        try:
            wait()
        finally:
            self.unwound.append(wait)


class Collected(Test):
    def check(self, make, count=1):
        """make(thing) spawns `count` green threads, which refer to the thing."""
        thing = Thing()
        gone = weakref.ref(thing)
        make(thing)
        del thing
        tendril.sleep(0)
        tendril.sleep(0)
        self.assertEqual(self.unwound, [])
        self.collect()
        self.assertEqual(len(self.unwound), count)
        self.assertIsNone(gone())
        self.unwound.clear()

    def test_a_wait_for_each_primitive(self):
        waits = {
            "Event.wait": lambda: tendril.Event().wait(),
            "AsyncResult.get": lambda: tendril.AsyncResult().get(),
            "AsyncResult.wait": lambda: tendril.AsyncResult().wait(timeout=None),
            "Queue.get": lambda: tendril.Queue().get(),
            "LifoQueue.get": lambda: tendril.LifoQueue().get(True, None),
            "PriorityQueue.peek": lambda: tendril.PriorityQueue().peek(block=True),
            "Queue.put": lambda: tendril.Queue(1, [0]).put(1),
            "Queue.join": lambda: tendril.JoinableQueue(unfinished_tasks=1).join(),
            "Channel.get": lambda: tendril.Channel().get(),
            "Channel.put": lambda: tendril.Channel().put(1),
            "Semaphore.acquire": lambda: tendril.Semaphore(0).acquire(),
            "BoundedSemaphore.acquire": lambda: tendril.BoundedSemaphore(0).acquire(blocking=True),
            "Queue, a step": lambda: [each for each in tendril.Queue()],
            "Channel, a step": lambda: [each for each in tendril.Channel()],
            "of a class": lambda: tendril.Event.wait(tendril.Event()),
        }
        for name, wait in waits.items():
            with self.subTest(name):
                self.check(lambda thing, wait=wait: tendril.spawn(self.guarded, wait, thing))

    def test_two_that_hold_what_the_other_waits_for(self):
        for kind in tendril.Lock, tendril.RLock, functools.partial(tendril.Semaphore, 1):
            def work(mine, other, thing):
                with mine:
                    tendril.sleep(0)
                    self.guarded(lambda: other.acquire())

            def make(thing, kind=kind):
                one, two = kind(), kind()
                tendril.spawn(work, one, two, thing)
                tendril.spawn(work, other=one, mine=two, thing=thing)

            with self.subTest(kind):
                self.check(make, 2)

    def test_a_condition(self):
        for lock in tendril.Lock, tendril.RLock:
            def work(thing, lock=lock):
                condition = tendril.Condition(lock())
                with condition:
                    self.guarded(lambda: condition.wait())

            def work_until(thing, lock=lock):
                condition = tendril.Condition(lock())
                with condition:
                    self.guarded(lambda: condition.wait_for(lambda: False))

            with self.subTest(lock):
                self.check(lambda thing: tendril.spawn(work, thing))
                self.check(lambda thing: tendril.spawn(work_until, thing))

    def test_those_that_wait_for_the_end_of_one(self):
        def make(thing):
            event = tendril.Event()
            group = tendril.Group()
            one = group.spawn(self.guarded, lambda: event.wait(), thing)
            tendril.spawn(self.guarded, lambda: one.join(), thing)
            tendril.spawn(self.guarded, lambda: one.get(block=True), thing)
            tendril.spawn(self.guarded, lambda: group.join(), thing)
            tendril.spawn(self.guarded, lambda: tendril.joinall([one]), thing)
            pool = tendril.Pool(1)
            pool.add(one)
            tendril.spawn(self.guarded, lambda: pool.spawn(print), thing)

        self.check(make, 6)

    def test_rings_of_queues(self):
        def forward(source, target, thing):
            self.guarded(lambda: [target.put(item) for item in source])

        def make(thing):
            queues = [tendril.Queue() for _ in range(20)]
            for i, queue in enumerate(queues):
                tendril.spawn(forward, queue, queues[i - 1], thing)

        self.check(make, 20)

    def test_a_producer_whose_item_refers_to_it(self):
        def work(thing):
            queue, channel = tendril.Queue(1, [thing]), tendril.Channel()
            tendril.spawn(self.guarded, lambda: queue.put([queue]))
            self.guarded(lambda: channel.put((channel, tendril.getcurrent())))

        self.check(lambda thing: tendril.spawn(work, thing), 2)

    def test_what_a_subclass_and_a_method_run(self):
        test = self

        class Worker(tendril.Greenlet):
            def __init__(self, thing):
                super().__init__()
                self.thing = thing
                self.inbox = tendril.Queue()

            def _run(self):
                test.guarded(lambda: self.inbox.get())

        class Server:
            def __init__(self, thing):
                self.thing = thing
                self.stopped = tendril.Event()

            def serve(self):
                test.guarded(lambda: self.stopped.wait())

        def make(thing):
            Worker(thing).start()
            tendril.spawn(Server(thing).serve)

        self.check(make, 2)

    def test_a_bound_method_of_the_primitive_alone(self):
        class Own(tendril.Event):
            pass

        event = Own()
        gone = weakref.ref(event)
        event.itself = event
        tendril.spawn(event.wait)
        del event
        tendril.sleep(0)
        self.collect()
        self.assertIsNone(gone())

    def test_through_decorators_and_generators(self):
        def decorated(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper

        def make(thing):
            @decorated
            def work():
                event = tendril.Event()
                self.guarded(lambda: event.wait(), thing)

            tendril.spawn(work)

        self.check(make)

        def items(thing):
            queue = tendril.Queue()
            while True:
                yield queue.get()

        unraisable = []
        hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
        try:
            self.check(lambda thing: tendril.spawn(self.guarded, lambda: [each for each in items(thing)], thing))
        finally:
            sys.unraisablehook = hook
        self.assertEqual(unraisable, [])

    def test_what_context_variables_hold(self):
        variable = contextvars.ContextVar("variable")

        def work(thing):
            event = tendril.Event()
            variable.set((event, thing))
            self.guarded(lambda: event.wait())

        self.check(lambda thing: contextvars.copy_context().run(lambda: tendril.spawn(work, thing)))

    def test_many_arguments_and_locals(self):
        def work(*args, event, **more):
            for number in range(3):
                with tendril.Semaphore(1):
                    try:
                        print(number, more, self.guarded(lambda: event.wait()), args)
                    finally:
                        args = more = None

        def make(thing):
            tendril.spawn(work, *range(300), thing, event=tendril.Event(), **{f"x{i}": thing for i in range(40)})

        self.check(make)

    def test_finally_may_wait_and_what_it_raises_is_reported(self):
        unraisable = []

        def work():
            try:
                tendril.Event().wait()
            finally:
                tendril.sleep(0.001)
                raise ValueError("in finally")

        hook, sys.unraisablehook = sys.unraisablehook, lambda report: unraisable.append(str(report.exc_value))
        try:
            tendril.spawn(work)
            tendril.sleep(0)
            gc.collect()
            tendril.sleep(0.002)
            self.collect()
        finally:
            sys.unraisablehook = hook
        self.assertEqual(unraisable, ["in finally"])

    def test_links_are_called(self):
        ended = []

        def make(thing):
            tendril.spawn(self.guarded, lambda: tendril.Event().wait(), thing).link(lambda greenlet: ended.append(1))

        self.check(make)
        self.assertEqual(ended, [1])

    def test_thousands(self):
        things = [Thing() for _ in range(10)]
        counts = [sys.getrefcount(each) for each in things]
        for i in range(5000):
            tendril.spawn(self.guarded, lambda: tendril.Event().wait(), things[i % 10])
        tendril.sleep(0)
        self.collect()
        self.assertEqual(len(self.unwound), 5000)
        self.unwound.clear()
        self.assertEqual([sys.getrefcount(each) for each in things], counts)


class Kept(Test):
    def check(self, wait, end=None):
        """`wait` goes on through collections. `end` ends it then; None: a kill does."""
        greenlets = weakref.WeakSet()
        greenlets.add(tendril.spawn(self.guarded, wait))
        tendril.sleep(0)
        self.collect()
        self.assertEqual(self.unwound, [])
        for greenlet in list(greenlets):
            greenlet.kill(block=False) if end is None else end()
            del greenlet
        tendril.sleep(0)
        tendril.sleep(0)
        self.assertEqual(len(self.unwound), 1)

    def test_what_a_reference_can_wake(self):
        event = tendril.Event()
        self.check(lambda: event.wait(), event.set)

    def test_what_a_live_green_thread_can_wake(self):
        event, go, inner = tendril.Event(), tendril.Event(), tendril.Event()

        def waker(inner):
            go.wait()
            inner.set()

        tendril.spawn(waker, inner)
        waits = [inner]
        del inner

        def wait():
            mine = waits.pop()
            mine.wait()

        self.check(wait, go.set)
        event.set()

    def test_one_whose_handle_is_kept(self):
        greenlet = tendril.spawn(self.guarded, lambda: tendril.Event().wait())
        tendril.sleep(0)
        self.collect()
        self.assertEqual(self.unwound, [])
        greenlet.kill()

    def test_waits_that_end_by_themselves_or_by_the_system(self):
        one, two = socket.socketpair()
        with one, two:
            def in_a_timeout():
                with tendril.Timeout(3600):
                    tendril.Event().wait()

            for wait in (lambda: tendril.Event().wait(3600), in_a_timeout, lambda: tendril.sleep(3600),
                         lambda: tendril.sleep(None), lambda: tendril.Queue().get(timeout=3600)):
                self.check(wait)
                self.unwound.clear()

    def test_c_code_in_between(self):
        class Own:
            def __init__(self):
                tendril.Event().wait()

            def __lt__(self, other):
                return tendril.Event().wait()

        made = object.__new__(Own)
        for wait in (lambda: sorted([1], key=lambda each: tendril.Event().wait()), Own, lambda: made < 1,
                     lambda: list(map(tendril.Event.wait, [tendril.Event()])),
                     lambda: functools.partial(tendril.Event.wait, tendril.Event())(),
                     lambda: exec("tendril.Event().wait()")):
            self.check(wait)
            self.unwound.clear()

    def test_one_that_is_traced(self):
        def wait():
            sys.setprofile(lambda *_: None)
            try:
                tendril.Event().wait()
            finally:
                sys.setprofile(None)

        self.check(wait)

    def test_one_whose_frame_is_held(self):
        frames = []

        def wait():
            event = tendril.Event()
            frames.append(sys._getframe())
            event.wait()

        self.check(wait, lambda: frames.pop().f_locals["event"].set())

    def test_one_that_an_exception_leads_to(self):
        errors = []

        def wait():
            event = tendril.Event()
            try:
                raise ValueError
            except ValueError as error:
                errors.append(error)
            event.wait()

        self.check(wait, lambda: errors.pop().__traceback__.tb_frame.f_locals["event"].set())

    def test_one_that_is_runnable(self):
        events = [tendril.Event()]
        done = []

        def work():
            events[-1].wait()
            done.append(1)

        tendril.spawn(work)
        tendril.sleep(0)
        events.pop().set()
        gc.collect()
        tendril.sleep(0)
        self.assertEqual(done, [1])

    def test_one_that_a_finalizer_wakes(self):
        ended = []

        class Waker:
            def __del__(self):
                self.event.set()

        def work():
            waker = Waker()
            waker.event = tendril.Event()
            waker.itself = waker
            ended.append(waker.event.wait())

        for _ in range(50):
            tendril.spawn(work)
        tendril.sleep(0)
        self.collect()
        self.assertLessEqual(set(ended), {True})  # woken or killed, whichever finalizer came first

    def test_one_that_survives_is_not_killed_again(self):
        exits = []

        def work():
            event = tendril.Event()
            while not exits or exits[-1] is not None:
                try:
                    event.wait()
                except tendril.GreenletExit as error:
                    exits.append(None if error.args else 1)

        tendril.spawn(work)
        tendril.sleep(0)
        self.collect()
        self.collect()
        self.assertEqual(exits, [1])
        for each in gc.get_objects():
            if isinstance(each, tendril.Greenlet) and each.started and each is not tendril.getcurrent():
                each.kill(tendril.GreenletExit("end"))

    def test_a_subclass_with_a_finalizer_of_its_own(self):
        class Own(tendril.Greenlet):
            def __del__(self):
                pass

        one = weakref.ref(Own(lambda: tendril.Event().wait()))
        self.assertIsNone(one())
        started = Own(self.guarded, lambda: tendril.Event().wait())
        started.start()
        one = weakref.ref(started)
        del started
        tendril.sleep(0)
        self.collect()
        self.assertEqual(self.unwound, [])
        one().kill()

    def test_collections_of_another_os_thread(self):
        tendril.spawn(self.guarded, lambda: tendril.Event().wait())
        tendril.sleep(0)
        pool = tendril.ThreadPool(1)
        pool.apply(gc.collect)
        pool.kill()
        tendril.sleep(0)
        self.assertEqual(self.unwound, [])
        self.collect()
        self.assertEqual(len(self.unwound), 1)


class Random(Test):
    """Green threads that wait for Events, and have others: against what a search from those that are kept finds."""

    def step(self, rng, threads, kept):
        def reachable():
            found, open_ = set(), list(kept)
            while open_:
                number = open_.pop()
                if number not in found:
                    found.add(number)
                    for waits, has in threads.values():
                        if waits == number:
                            open_.extend(has)
            return found

        found = reachable()
        return {name for name, (waits, _) in threads.items() if waits not in found}

    def run_once(self, seed):
        rng = random.Random(seed)
        size = rng.randrange(1, 30)
        ended = []

        def work(name, event, others):
            try:
                if name % 3 == 0:
                    local = others[:]
                    del others
                    event.wait()
                elif name % 3 == 1:
                    for _ in range(2):
                        holder = {"others": others}
                        others = None
                        event.wait(timeout=None)
                else:
                    closure = lambda: others  # noqa: E731
                    (lambda: (closure, event.wait()))()
            finally:
                ended.append(name)

        events = [tendril.Event() for _ in range(size)]
        threads = {}
        for name in range(rng.randrange(40)):
            waits = rng.randrange(size)
            has = [rng.randrange(size) for _ in range(rng.randrange(3))]
            threads[name] = (waits, has)
            tendril.spawn(work, name, events[waits], [events[each] for each in has])
        kept = {number: events[number] for number in rng.sample(range(size), rng.randrange(size + 1))}
        del events
        tendril.sleep(0)
        while True:
            gc.collect()
            tendril.sleep(0)
            tendril.sleep(0)
            lost = self.step(rng, threads, kept)
            self.assertEqual(set(ended), lost, f"seed {seed}")
            self.assertEqual(len(ended), len(lost))
            for name in lost:
                del threads[name]
            ended.clear()
            if not kept:
                break
            for number in rng.sample(sorted(kept), rng.randrange(1, len(kept) + 1)):
                del kept[number]
        self.assertEqual(threads, {})

    def test_what_is_collected_is_what_cannot_be_reached(self):
        for seed in range(60):
            self.run_once(seed)

    def test_collections_at_every_allocation(self):
        before = gc.get_threshold()
        gc.set_threshold(1, 1, 1)
        try:
            for seed in range(100, 104):
                self.run_once(seed)
        finally:
            gc.set_threshold(*before)


class Programs(unittest.TestCase):
    def test_a_fork_and_collections_in_the_child(self):
        status, out, err = run_program("""
import gc, os, tendril
event = tendril.Event()
def work(mine):
    local = tendril.Event()
    mine.wait()
    local.wait()
for _ in range(100):
    tendril.spawn(work, tendril.Event())
    tendril.spawn(work, event)
tendril.sleep(0)
child = os.fork()
gc.collect()
tendril.sleep(0)
event.set()
tendril.sleep(0)
for _ in range(100):
    tendril.spawn(work, tendril.Event())
tendril.sleep(0)
gc.collect()
tendril.sleep(0)
if child == 0:
    os._exit(0 if tendril.get_hub().stats()["greenlets"] <= 1 else 1)
print(os.waitpid(child, 0)[1], tendril.get_hub().stats()["greenlets"])
""")
        self.assertEqual((status, out, err), (0, "0 0\n", ""))

    def test_after_patch(self):
        status, out, err = run_program("""
import gc, threading, tendril
tendril.patch()
ended = []
def work():
    try:
        tendril.Event().wait()
    finally:
        ended.append(1)
def collect():
    while len(ended) < 100:
        gc.collect()
        tendril.sleep(0)
for _ in range(100):
    tendril.spawn(work)
thread = threading.Thread(target=collect)
thread.start()
collect()
thread.join()
print(len(ended))
""")
        self.assertEqual((status, out, err), (0, "100\n", ""))

    def test_the_end_of_the_program(self):
        status, out, err = run_program("""
import atexit, gc, tendril
def work():
    try:
        tendril.Event().wait()
    finally:
        print("unwound")
tendril.spawn(work)
tendril.sleep(0)
atexit.register(gc.collect)
""")
        self.assertEqual((status, out, err), (0, "unwound\n", ""))


if __name__ == "__main__":
    unittest.main()
