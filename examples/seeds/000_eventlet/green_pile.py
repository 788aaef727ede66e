# SPDX-License-Identifier: MIT
"""GreenPile: results in the order of spawning."""

import eventlet

pile = eventlet.GreenPile(2)


def work(n):
    eventlet.sleep(0.05 - 0.01 * n)
    return n


for n in range(4):
    pile.spawn(work, n)
print(next(pile))
print(list(pile))
try:
    next(pile)
except StopIteration:
    print("no more results")
