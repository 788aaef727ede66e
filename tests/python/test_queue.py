# SPDX-License-Identifier: MIT
"""Queue, LifoQueue, PriorityQueue, JoinableQueue and Channel."""

import gc
import queue
import random
import unittest
import weakref

import tendril


class Item:
    """Compares by its number, as it is told to."""

    def __init__(self, number, before_compare=lambda: None):
        self.number = number
        self.before_compare = before_compare

    def __lt__(self, other):
        self.before_compare()
        return self.number < other.number


class Queues(unittest.TestCase):
    def test_first_in_first_out_and_getters_in_order(self):
        q, seen = tendril.Queue(), []
        for i in range(3):
            tendril.spawn(lambda i=i: seen.append((i, q.get())))
        tendril.sleep(0)
        self.assertEqual(q.getting(), 3)
        for item in "abcd":
            q.put(item)
        self.assertEqual((len(q), bool(q), q.qsize(), seen), (1, True, 1, []))
        tendril.sleep(0)
        self.assertEqual(seen, [(0, "a"), (1, "b"), (2, "c")])
        self.assertEqual(q.get_nowait(), "d")
        self.assertTrue(q.empty() and bool(q))

    def test_a_get_from_a_full_queue_lets_the_first_putter_in(self):
        q = tendril.Queue(1)
        q.put(1)
        for item in (2, 3):
            tendril.spawn(q.put, item)
        tendril.sleep(0)
        self.assertEqual((q.putting(), q.full(), q.maxsize), (2, True, 1))
        self.assertEqual([q.get(), q.get_nowait(), q.get_nowait()], [1, 2, 3])
        self.assertRaises(queue.Empty, q.get_nowait)

    def test_full_and_empty(self):
        q = tendril.Queue(maxsize=1, items=["a"])
        self.assertRaises(queue.Full, q.put, "b", block=False)
        self.assertRaises(queue.Full, q.put, "b", timeout=0.001)
        self.assertRaises(queue.Full, q.put_nowait, "b")
        self.assertEqual(q.peek(), "a")
        self.assertEqual(q.get(), "a")
        self.assertRaises(queue.Empty, q.get, False)
        self.assertRaises(queue.Empty, q.get, True, 0.001)
        self.assertRaises(queue.Empty, q.peek, timeout=0.001)
        self.assertRaises(queue.Empty, q.peek_nowait)
        self.assertRaises(ValueError, q.get, timeout=-1)
        self.assertRaises(TypeError, q.put)
        self.assertIsNone(tendril.Queue(0).maxsize)

    def test_a_getter_that_was_killed_takes_no_item(self):
        q = tendril.Queue()
        killed = tendril.spawn(q.get)
        late = tendril.spawn(q.get, timeout=60)
        tendril.sleep(0)
        killed.kill(block=False)
        q.put("a")
        self.assertEqual(late.get(), "a")
        self.assertIsInstance(killed.get(), tendril.GreenletExit)
        with self.assertRaises(tendril.Timeout), tendril.Timeout(0.001):
            q.get()
        q.put("b")
        self.assertEqual(q.get_nowait(), "b")

    def test_what_was_handed_over_survives_a_later_kill(self):
        q, got = tendril.Queue(), []

        def work():
            got.append(q.get())
            tendril.sleep(60)
        worker = tendril.spawn(work)
        tendril.sleep(0)
        q.put("a")
        worker.kill()
        self.assertEqual(got, ["a"])

    def test_a_putter_that_was_killed_puts_nothing(self):
        q = tendril.Queue(1, ["a"])
        killed = tendril.spawn(q.put, "b")
        tendril.spawn(q.put, "c")
        tendril.sleep(0)
        killed.kill()
        self.assertEqual([q.get(), q.get()], ["a", "c"])
        self.assertTrue(q.empty())

    def test_resize_lets_putters_in(self):
        q = tendril.Queue(1, [0])
        putters = [tendril.spawn(q.put, i) for i in (1, 2, 3)]
        tendril.sleep(0)
        q.resize(3)
        self.assertEqual((q.qsize(), q.putting()), (3, 1))
        q.resize(None)
        self.assertEqual([q.get_nowait() for _ in range(4)], [0, 1, 2, 3])
        for each in putters:
            each.get()

    def test_iteration_ends_at_stopiteration_and_after_shutdown(self):
        q = tendril.Queue(items=[1, 2, StopIteration, 3])
        self.assertEqual(list(q), [1, 2])
        q.shutdown()
        self.assertEqual(list(q), [3])
        self.assertRaises(tendril.ShutDown, q.put, 1)
        self.assertRaises(tendril.ShutDown, q.get)
        self.assertTrue(q.is_shut_down)

    def test_shutdown_wakes_all_that_wait(self):
        empty, full = tendril.Queue(), tendril.Queue(1, [1])
        waiting = [tendril.spawn(empty.get), tendril.spawn(empty.peek), tendril.spawn(full.put, 2),
                   tendril.spawn(full.join)]
        tendril.sleep(0)
        empty.shutdown()
        full.shutdown(immediate=True)
        for each in waiting:
            self.assertRaises(tendril.ShutDown, each.get)
        self.assertEqual(full.qsize(), 0)

    def test_lifo(self):
        q = tendril.LifoQueue(items=range(3))
        self.assertEqual(q.peek(), 2)
        self.assertEqual([q.get() for _ in range(3)], [2, 1, 0])

    def test_a_long_queue_keeps_its_order(self):
        q = tendril.Queue()
        for i in range(5000):
            q.put(i)
        self.assertEqual([q.get() for _ in range(5000)], list(range(5000)))

    def test_join_waits_for_task_done(self):
        q = tendril.JoinableQueue(items=[1, 2])
        self.assertEqual(q.unfinished_tasks, 2)
        self.assertIs(q.join(0.001), False)

        def work():
            for _ in q:
                tendril.sleep(0)
                q.task_done()
        worker = tendril.spawn(work)
        q.put(3)
        self.assertIs(q.join(), True)
        self.assertRaises(ValueError, q.task_done)
        worker.kill()
        self.assertRaises(ValueError, tendril.JoinableQueue, None, [1, 2], 1)
        self.assertEqual(tendril.JoinableQueue(None, [1], unfinished_tasks=4).unfinished_tasks, 4)

    def test_items_are_seen_by_the_collector(self):
        class Holder:
            pass

        for kind in (tendril.Queue, tendril.LifoQueue, tendril.PriorityQueue):
            holder = Holder()
            holder.queue = kind()
            holder.queue.put(holder)
            gone = weakref.ref(holder)
            del holder
            gc.collect()
            self.assertIsNone(gone())
        self.assertIsNotNone(tendril.Queue[int])


class PriorityQueues(unittest.TestCase):
    def test_smallest_first_and_equal_ones_in_their_order(self):
        numbers = [random.randrange(50) for _ in range(500)]
        q = tendril.PriorityQueue()
        for at, number in enumerate(numbers):
            item = Item(number)
            item.at = at
            q.put(item)
        got = [q.get() for _ in numbers]
        self.assertEqual([(i.number, i.at) for i in got], sorted((n, at) for at, n in enumerate(numbers)))

    def test_a_comparison_that_raises_loses_nothing(self):
        q = tendril.PriorityQueue(items=[3, 1, 2])
        self.assertRaises(TypeError, q.put, "x")
        self.assertEqual(q.qsize(), 3)

        angry = [False]

        def refuse():
            if angry[0]:
                raise KeyError("x")
        q = tendril.PriorityQueue(items=[Item(i, refuse) for i in range(10)])
        angry[0] = True
        self.assertRaises(KeyError, q.get)
        self.assertEqual(q.qsize(), 10)
        angry[0] = False
        self.assertEqual([q.get().number for _ in range(10)], list(range(10)))

    def test_the_exception_is_the_putters_own(self):
        q = tendril.PriorityQueue(2, [5, 6])
        wrong = tendril.spawn(q.put, "x")
        right = tendril.spawn(q.put, 1)
        tendril.sleep(0)
        self.assertEqual(q.get(), 5)
        self.assertEqual(q.get(), 1)
        right.get()
        self.assertRaises(TypeError, wrong.get)

    def test_a_comparison_may_use_the_queue_and_wait(self):
        q = tendril.PriorityQueue()
        more = [Item(i) for i in (2, 7, 4)]

        def add():
            tendril.sleep(0)
            if more:
                q.put(more.pop())
        for number in (5, 3, 9, 1):
            q.put(Item(number, add))
        workers = [tendril.spawn(q.put, Item(10 + i, add)) for i in range(3)]
        for each in workers:
            each.get()
        self.assertEqual([q.get().number for _ in range(10)], [1, 2, 3, 4, 5, 7, 9, 10, 11, 12])


class Channels(unittest.TestCase):
    def test_the_sender_waits_for_the_receiver(self):
        channel, seen = tendril.Channel(), []

        def send():
            seen.append("put")
            channel.put("x")
            seen.append("put done")
        sender = tendril.spawn(send)
        tendril.sleep(0)
        self.assertEqual(channel.putting(), 1)
        seen.append("get")
        seen.append(channel.get())
        sender.join()
        self.assertEqual(seen, ["put", "get", "x", "put done"])

    def test_the_receiver_goes_on_before_the_sender(self):
        channel, seen = tendril.Channel(), []

        def receive():
            seen.append("recv")
            seen.append(channel.get())
            seen.append("recv done")
        tendril.spawn(receive)
        tendril.sleep(0)
        channel.put("x")
        seen.append("put returned")
        self.assertEqual(seen, ["recv", "x", "recv done", "put returned"])

    def test_nobody_there(self):
        channel = tendril.Channel()
        self.assertRaises(queue.Full, channel.put_nowait, 1)
        self.assertRaises(queue.Full, channel.put, 1, timeout=0.001)
        self.assertRaises(queue.Empty, channel.get, timeout=0.001)
        self.assertRaises(queue.Empty, channel.get_nowait)
        killed = tendril.spawn(channel.put, 1)
        tendril.sleep(0)
        killed.kill()
        self.assertRaises(queue.Empty, channel.get, block=False)
        receiver = tendril.spawn(channel.get)
        tendril.sleep(0)
        receiver.kill()
        self.assertRaises(queue.Full, channel.put, 1, block=False)

    def test_iteration_and_shutdown(self):
        channel = tendril.Channel()

        def send():
            for i in range(3):
                channel.put(i)
            channel.shutdown()
        tendril.spawn(send)
        self.assertEqual(list(channel), [0, 1, 2])
        self.assertRaises(tendril.ShutDown, channel.get)


if __name__ == "__main__":
    unittest.main()
