# SPDX-License-Identifier: MIT
"""Each green thread has its own values in a local."""

import gevent
from gevent.local import local

stash = local()


def f1():
    stash.x = 1
    print(stash.x)


def f2():
    stash.y = 2
    print(stash.y)
    try:
        stash.x
    except AttributeError:
        print("x is not local to f2")


gevent.joinall([gevent.spawn(f1), gevent.spawn(f2)])
