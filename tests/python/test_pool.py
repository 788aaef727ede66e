# SPDX-License-Identifier: MIT
"""Group, Pool, Pile, joinall, killall, wait and iwait."""

import unittest

import tendril
from support import wait_until


def fail(error=KeyError("x")):
    raise error


class Groups(unittest.TestCase):
    def test_join_waits_for_all_and_more_may_be_added(self):
        group, seen = tendril.Group(), []

        def work(name):
            for _ in range(3):
                seen.append(name)
        group.spawn(work, "bar")
        foo = tendril.spawn(work, "foo")
        group.add(foo)
        self.assertEqual((len(group), foo in group), (2, True))
        self.assertIs(group.join(), True)
        fizz = tendril.Greenlet(work, "fizz")
        group.start(fizz)
        group.join()
        self.assertEqual(seen, ["bar"] * 3 + ["foo"] * 3 + ["fizz"] * 3)
        self.assertEqual((len(group), list(group)), (0, []))

    def test_join_in_vain_and_with_an_error(self):
        group = tendril.Group()
        sleeper = group.spawn(tendril.sleep, 60)
        self.assertIs(group.join(0.001), False)
        sleeper.kill()
        group.spawn(fail)
        self.assertRaises(KeyError, group.join, raise_error=True)

    def test_discard(self):
        group = tendril.Group()
        member = group.spawn(tendril.sleep, 60)
        group.discard(member)
        self.assertIs(group.join(), True)
        self.assertIs(group.killone(member), True)
        self.assertFalse(member.ready())
        member.kill()

    def test_a_member_that_ends_while_it_is_added(self):
        class Slow(set):  # others run before and after, as they may once patch() was called
            def add(self, member):
                for step in member.join, lambda: super(Slow, self).add(member):
                    step()
                    for _ in range(3):
                        tendril.sleep(0)
        for group in tendril.Group(), tendril.Pool(1):
            group.greenlets = Slow()
            for _ in range(2):
                group.add(tendril.spawn(abs, -1))
                self.assertIs(group.join(timeout=30), True)
                self.assertEqual(len(group), 0)
            self.assertRaises(TypeError, group.add, None)
            self.assertIs(group.join(timeout=30), True)

    def test_map_and_imap(self):
        group, sizes = tendril.Group(), []

        def work(n):
            sizes.append(len(group))
            tendril.sleep(0.001 * (3 - n))
            return n
        self.assertEqual(group.map(work, range(3)), [0, 1, 2])
        self.assertEqual(sizes, [3, 3, 3])
        self.assertEqual(list(group.imap(work, range(3))), [0, 1, 2])
        self.assertEqual(list(group.imap_unordered(work, range(3))), [2, 1, 0])
        self.assertEqual(list(group.imap(lambda a, b: a + b, (1, 2), (3, 4))), [4, 6])
        self.assertEqual(group.map_async(str, [1]).get(), ["1"])

    def test_errors_of_imap(self):
        def items():
            yield 1
            yield 0
            yield 2
            fail()
        for method in (tendril.Group().imap, tendril.Group().imap_unordered):
            results, got = method(lambda n: 1 / n, items()), []
            for _ in range(3):
                try:
                    got.append(next(results))
                except ZeroDivisionError:
                    got.append("error")
            self.assertEqual(got, [1, "error", 0.5])
            self.assertRaises(KeyError, next, results)
            self.assertRaises(StopIteration, next, results)
            self.assertRaises(StopIteration, next, results)
        self.assertRaises(ZeroDivisionError, tendril.Group().map, lambda n: 1 / n, [1, 0])

    def test_imap_has_a_window(self):
        for method in (tendril.Group().imap, tendril.Group().imap_unordered):
            taken = []
            results = method(lambda n: taken.append(n) or n, range(10), maxsize=2)
            tendril.wait()
            self.assertEqual(taken, [0, 1])
            self.assertEqual(next(results), 0)
            tendril.wait()
            self.assertEqual(taken, [0, 1, 2])
            del results
            tendril.wait()
            self.assertEqual(taken, [0, 1, 2])

    def test_apply(self):
        group, seen = tendril.Group(), []
        self.assertEqual(group.apply(divmod, (7, 2)), (3, 1))
        self.assertEqual(group.apply(group.apply, (divmod, (7, 2))), (3, 1))
        group.apply_async(int, ("7",), {"base": 8}, seen.append).join()
        tendril.sleep(0)
        self.assertEqual(seen, [7])

    def test_kill_also_those_that_have_not_begun_and_that_come_meanwhile(self):
        group, seen = tendril.Group(), []

        def work():
            try:
                tendril.sleep(60)
            finally:
                if not seen:
                    seen.append(group.spawn(work))
        group.spawn(work)
        tendril.sleep(0)
        group.spawn(seen.append, "never")
        self.assertIs(group.kill(), True)
        self.assertEqual((len(group), len(seen)), (0, 1))
        self.assertTrue(seen[0].ready())

    def test_kill_in_a_member_and_in_vain(self):
        group = tendril.Group()
        other = group.spawn(tendril.sleep, 60)
        killer = group.spawn(group.kill)
        self.assertIsInstance(killer.get(), tendril.GreenletExit)
        self.assertTrue(other.ready())

        def stubborn():
            while True:
                try:
                    tendril.sleep(60)
                except KeyError:
                    pass
                except tendril.GreenletExit:
                    return
        group.spawn(stubborn)
        tendril.sleep(0)
        self.assertIs(group.kill(KeyError, timeout=0.001), False)
        self.assertIs(group.kill(), True)


class Pools(unittest.TestCase):
    def test_size_of_a_pool_in_map(self):
        pool = tendril.Pool(2)
        self.assertEqual(pool.map(lambda _: len(pool), range(3)), [2, 2, 1])

    def test_spawn_waits_for_room(self):
        pool, running, most = tendril.Pool(3), [0], [0]

        def work():
            running[0] += 1
            most[0] = max(most[0], running[0])
            tendril.sleep(0)
            running[0] -= 1
        for _ in range(10):
            pool.spawn(work)
        self.assertLessEqual(pool.free_count(), 3)
        pool.join()
        self.assertEqual((most[0], pool.free_count(), pool.full(), pool.size), (3, 3, False, 3))

    def test_members_may_spawn_into_their_own_full_pool(self):
        pool, seen = tendril.Pool(3), []

        def crawl(n):
            tendril.sleep(0)
            seen.append(n)
            for child in (2 * n + 1, 2 * n + 2):
                if child < 100:
                    pool.spawn(crawl, child)
        pool.spawn(crawl, 0)
        self.assertTrue(pool.join(timeout=20))
        self.assertEqual((sorted(seen), pool.free_count()), (list(range(100)), 3))
        for method in (pool.map, pool.imap, pool.imap_unordered):
            inner = [pool.spawn(lambda: sorted(method(abs, range(5)))) for _ in range(3)]
            with tendril.Timeout(20):
                self.assertEqual([each.get() for each in inner], [list(range(5))] * 3)
            self.assertTrue(pool.join(timeout=20))
            self.assertEqual(pool.free_count(), 3)

    def test_a_member_that_is_killed_while_its_place_is_lent(self):
        pool, go = tendril.Pool(1), tendril.Event()
        lender = pool.spawn(pool.spawn, go.wait)
        tendril.sleep(0)
        tendril.sleep(0)
        self.assertEqual(len(pool), 2)
        lender.kill()
        wait_until(lambda: len(pool) == 1)
        self.assertTrue(pool.full())
        go.set()
        self.assertTrue(pool.join(timeout=20))
        self.assertEqual(pool.free_count(), 1)

    def test_full(self):
        pool = tendril.Pool(1)
        member = pool.spawn(tendril.sleep, 60)
        self.assertEqual((pool.full(), pool.free_count(), pool.wait_available(0.001)), (True, 0, 0))
        other = tendril.Greenlet(tendril.sleep)
        self.assertRaises(tendril.PoolFull, pool.add, other, blocking=False)
        self.assertRaises(tendril.PoolFull, pool.start, other, timeout=0.001)
        self.assertFalse(other in pool or other.started)
        waiting = tendril.spawn(pool.spawn, int)
        tendril.sleep(0)
        self.assertEqual(pool.waiting(), 1)
        waiting.kill()
        member.kill()
        self.assertEqual(pool.wait_available(), 1)
        self.assertTrue(tendril.Pool(0).full())
        self.assertRaises(ValueError, tendril.Pool, -1)
        self.assertEqual(tendril.Pool().free_count(), 1)

    def test_resize(self):
        pool = tendril.Pool(2)
        members = [pool.spawn(tendril.sleep, 60) for _ in range(2)]
        late = tendril.spawn(pool.spawn, tendril.sleep, 60)
        tendril.sleep(0)
        pool.resize(3)
        late.join()
        self.assertEqual(len(pool), 3)
        pool.resize(1)
        members[0].kill()
        tendril.sleep(0)
        self.assertEqual((len(pool), pool.full()), (2, True))
        pool.kill()
        self.assertEqual(pool.free_count(), 1)

    def test_imap_shares_the_room(self):
        pool, running, most = tendril.Pool(2), [0], [0]

        def work(n):
            running[0] += 1
            most[0] = max(most[0], running[0])
            tendril.sleep(0)
            running[0] -= 1
            return n
        self.assertEqual(list(pool.imap(work, range(10))), list(range(10)))
        self.assertEqual(sorted(pool.imap_unordered(work, range(10))), list(range(10)))
        self.assertEqual(most[0], 2)


class Piles(unittest.TestCase):
    def test_results_in_the_order_of_spawning(self):
        pile = tendril.Pile(2)
        self.assertEqual(list(pile), [])
        for n in range(5):
            pile.spawn(lambda n=n: tendril.sleep(0.001 * (5 - n)) or n)
        self.assertEqual(list(pile), list(range(5)))

    def test_an_error_at_its_place_and_a_failed_spawn_without_a_hole(self):
        pile = tendril.Pile(tendril.Pool())
        pile.spawn(int, 1)
        self.assertRaises(TypeError, pile.spawn, 5)
        pile.spawn(fail)
        pile.spawn(int, 2)
        self.assertEqual(next(pile), 1)
        self.assertRaises(KeyError, next, pile)
        self.assertEqual(list(pile), [2])


class Waits(unittest.TestCase):
    def setUp(self):
        self.may_end = {n: tendril.Event() for n in (3, 1, 2)}
        self.sleepers = [tendril.spawn(lambda n=n: self.may_end[n].wait() and n) for n in self.may_end]

    def tearDown(self):
        self.assertEqual(tendril.killall(self.sleepers), [])

    def let_end(self, *numbers):
        for n in numbers:
            self.may_end[n].set()
            tendril.sleep(0)

    def test_iwait_in_the_order_of_ends(self):
        tendril.spawn(self.let_end, 1, 2, 3)
        with tendril.iwait(self.sleepers) as ended:
            self.assertEqual([each.value for each in ended], [1, 2, 3])

    def test_count_and_timeout(self):
        tendril.spawn(self.let_end, 1, 2)
        self.assertEqual([g.value for g in tendril.wait(self.sleepers, count=2)], [1, 2])
        self.assertEqual(len(tendril.wait(self.sleepers, timeout=0)), 2)
        self.let_end(3)
        self.assertEqual(tendril.joinall(self.sleepers), self.sleepers)

    def test_wait_for_others(self):
        event, result, semaphore = tendril.Event(), tendril.AsyncResult(), tendril.Semaphore(0)
        tendril.spawn_after(0.001, event.set)
        tendril.spawn_after(0.003, result.set)
        tendril.spawn_after(0.006, semaphore.release)
        self.assertEqual(tendril.wait([result, event, semaphore]), [event, result, semaphore])

    def test_joinall_raises_the_first_error(self):
        failing = tendril.spawn(fail)
        with self.assertRaises(KeyError):
            tendril.joinall([*self.sleepers, failing], raise_error=True)
        self.assertEqual(tendril.joinall(self.sleepers, timeout=0), [])

    def test_killall(self):
        def stubborn():
            try:
                tendril.sleep(60)
            except KeyError:
                tendril.sleep(60)
        survivor = tendril.spawn(stubborn)
        tendril.sleep(0)
        self.assertEqual(tendril.killall([survivor, survivor], KeyError, timeout=0.001), [survivor])
        self.assertEqual(tendril.killall([survivor], block=False), [survivor])
        survivor.join()


if __name__ == "__main__":
    unittest.main()
