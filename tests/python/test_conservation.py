# SPDX-License-Identifier: MIT
"""Whatever is killed or times out: no item and no permit is lost or doubled, also in the child of a fork()."""

import queue
import random
import unittest

import tendril
from support import run_program, wait_until

FORK = """
import os, tendril
things = [kind() for kind in (tendril.Queue, tendril.LifoQueue, tendril.PriorityQueue)]
semaphore = tendril.Semaphore(0)
waiting = [tendril.spawn(each.get) for each in things] + [tendril.spawn(semaphore.acquire)]
tendril.sleep(0)
for each in things:
    each.put("item")
semaphore.release()
if os.fork() == 0:
    print("child", [each.get_nowait() for each in things], semaphore.acquire(blocking=False), flush=True)
    os._exit(0)
os.wait()
print("parent", [each.get() for each in waiting])
"""


class Conservation(unittest.TestCase):
    def hurt(self, workers, chance):
        """Kills some of the workers, now and then, until all have ended."""
        while not all(each.ready() for each in workers):
            tendril.sleep(0)
            victim = chance.choice(workers)
            if chance.random() < 0.05:
                victim.kill(block=False)

    def test_items(self):
        for kind in (tendril.Queue, tendril.LifoQueue, tendril.PriorityQueue, tendril.Channel):
            chance = random.Random(kind.__name__)
            q = kind() if kind is tendril.Channel else kind(2)
            put, got = set(), []

            def give(start, chance=chance, q=q, put=put):
                for item in range(start, start + 50):
                    try:
                        q.put(item, timeout=chance.choice((None, 0, 0.0001)))
                        put.add(item)
                    except queue.Full:
                        pass

            def take(chance=chance, q=q, got=got):
                for _ in range(50):
                    try:
                        got.append(q.get(timeout=chance.choice((0.01, 0, 0.0001))))
                    except queue.Empty:
                        pass
            givers = [tendril.spawn(give, i * 1000) for i in range(20)]
            takers = [tendril.spawn(take) for i in range(20)]
            late = tendril.spawn(lambda: [got.append(item) for item in q])
            self.hurt(givers + takers, chance)
            wait_until(lambda: len(got) >= len(put))
            late.kill()
            with self.subTest(kind.__name__):
                self.assertEqual(len(got), len(set(got)))
                self.assertEqual(set(got), put)

    def test_permits(self):
        chance, semaphore, held, most = random.Random(1), tendril.BoundedSemaphore(3), [0], [0]

        def work():
            for _ in range(30):
                if semaphore.acquire(timeout=chance.choice((None, 0, 0.0001))):
                    held[0] += 1
                    most[0] = max(most[0], held[0])
                    try:
                        tendril.sleep(0)
                    finally:
                        held[0] -= 1
                        semaphore.release()
        self.hurt([tendril.spawn(work) for _ in range(30)], chance)
        self.assertEqual((held[0], most[0], semaphore.counter), (0, 3, 3))

    def test_what_was_handed_over_is_there_again_in_the_child_of_a_fork(self):
        status, out, err = run_program(FORK)
        self.assertEqual((status, out), (0, "child ['item', 'item', 'item'] True\n"
                                            "parent ['item', 'item', 'item', True]\n"), err)


if __name__ == "__main__":
    unittest.main()
