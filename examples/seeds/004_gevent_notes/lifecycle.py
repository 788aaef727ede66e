# SPDX-License-Identifier: MIT
"""From spawn to the end: subclasses, delays, kills, errors, timeouts."""

import sys

import gevent
from gevent import Greenlet, GreenletExit

sys.stderr = open("/dev/null", "w", encoding="ascii")  # where the error below is reported, too


class MyGreenlet(Greenlet):
    def __init__(self, message, n):
        Greenlet.__init__(self)
        self.message = message
        self.n = n

    def _run(self):
        print(self.message)
        gevent.sleep(self.n)
        return "done"


g = MyGreenlet("Hi there!", 0.01)
print(g.started, g.ready())
g.start()
print(g.started, g.ready())
g.join()
print(g.ready(), g.successful(), g.value, g.get())

later = gevent.spawn_later(0.05, print, "later")
now = gevent.spawn(print, "now")
gevent.joinall([later, now])


def sleeper():
    try:
        gevent.sleep(10)
    except GreenletExit:
        print("killed")
        raise
    finally:
        print("cleaned up")


victim = gevent.spawn(sleeper)
gevent.sleep(0)
victim.kill()
print(victim.dead, victim.successful(), repr(victim.value))

never = gevent.spawn(print, "not printed")
never.kill()
print(never.dead, never.successful(), repr(never.value))


def fail():
    raise RuntimeError("an error that does not escape")


failing = gevent.spawn(fail)
failing.join()
print(failing.ready(), failing.successful(), repr(failing.exception))
try:
    failing.get()
except RuntimeError as error:
    print("get() raises:", error)

winner = gevent.spawn(lambda: "You win!")
linked = []
winner.link_value(lambda source: linked.append(source.value))
failing.link_exception(lambda source: linked.append(str(source.exception)))
winner.join()
gevent.sleep(0.01)
print(sorted(linked))

with gevent.Timeout(0.05, False) as timeout:
    gevent.sleep(10)
    print("not printed")
try:
    with gevent.Timeout(0.05) as timeout:
        gevent.sleep(10)
except gevent.Timeout as raised:
    print("timed out:", raised is timeout, raised)
