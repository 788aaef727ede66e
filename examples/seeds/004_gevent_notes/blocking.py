# SPDX-License-Identifier: MIT
"""Finds a green thread that keeps the hub for too long, by greenlet's settrace()."""

import time

import gevent
import greenlet

last = [time.monotonic()]
blocked = []


def callback(event, args):
    if event in ("switch", "throw"):
        origin, target = args
        now = time.monotonic()
        if now - last[0] > 0.2:
            blocked.append(origin)
        last[0] = now


def polite():
    gevent.sleep(0.01)


def rude():
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass


old = greenlet.settrace(callback)
g1, g2 = gevent.spawn(polite), gevent.spawn(rude)
last[0] = time.monotonic()
gevent.joinall([g1, g2])
greenlet.settrace(old)
print("rude blocked:", g2 in blocked)
print("polite blocked:", g1 in blocked)
