# SPDX-License-Identifier: MIT
"""A group is joined as a whole."""

import gevent
from gevent.pool import Group


def talk(message):
    for _ in range(3):
        print(message)


g1 = gevent.spawn(talk, "bar")
g2 = gevent.spawn(talk, "foo")
g3 = gevent.spawn(talk, "fizz")

group = Group()
group.add(g1)
group.add(g2)
group.join()
group.add(g3)
group.join()
