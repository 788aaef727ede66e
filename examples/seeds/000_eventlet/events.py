# SPDX-License-Identifier: MIT
"""Event and Semaphore, links and kills of green threads."""

import eventlet
import greenlet
from eventlet import event, greenthread, semaphore

ready = event.Event()


def setter():
    eventlet.sleep(0.01)
    ready.send("a value")


eventlet.spawn_n(setter)
print(ready.ready(), ready.wait(), ready.ready())

failed = event.Event()
failed.send_exception(ValueError("an error"))
try:
    failed.wait()
except ValueError as error:
    print(error)

two = semaphore.Semaphore(2)


def holder(n):
    with two:
        print(n, "holds it")
        eventlet.sleep(0)
    print(n, "let go")


pool = eventlet.GreenPool()
for n in range(3):
    pool.spawn_n(holder, n)
pool.waitall()

linked = eventlet.spawn(lambda: "a result")
linked.link(lambda thread, word: print(word, thread.wait()), "linked:")
linked.wait()


def sleeper():
    try:
        eventlet.sleep(10)
    finally:
        print("cleaned up")


victim = eventlet.spawn(sleeper)
eventlet.sleep(0)
greenthread.kill(victim)
try:
    victim.wait()
except greenlet.GreenletExit:
    print("killed")
