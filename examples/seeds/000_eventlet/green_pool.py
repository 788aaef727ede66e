# SPDX-License-Identifier: MIT
"""GreenPool: how many run, how many more may, who waits."""

import eventlet

pool = eventlet.GreenPool(2)
print("size", pool.size, "free", pool.free(), "running", pool.running(), "waiting", pool.waiting())


def work(n):
    eventlet.sleep(0.01 * (4 - n))
    return n * n


first, second = pool.spawn(work, 1), pool.spawn(work, 2)
print("free", pool.free(), "running", pool.running(), "waiting", pool.waiting())
print(first.wait(), second.wait())
pool.waitall()
print("free", pool.free(), "running", pool.running())

pool.resize(10)
print("free", pool.free())
print(list(pool.imap(work, range(4))))
print(list(pool.starmap(pow, [(2, 3), (3, 2)])))


def spawn_from_within(n):
    if n > 0:
        pool.spawn_n(spawn_from_within, n - 1)
    print("within", n)


pool.resize(1)
pool.spawn_n(spawn_from_within, 2)
pool.waitall()
print("free", pool.free())
