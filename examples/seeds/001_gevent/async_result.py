# SPDX-License-Identifier: MIT
"""One green thread waits for the value that another sets."""

import gevent
from gevent.event import AsyncResult, Event

result = AsyncResult()
event = Event()


def setter():
    gevent.sleep(0.1)
    result.set("Hello!")
    event.set()


def waiter():
    print(result.get())
    event.wait()
    print("I live!")


gevent.joinall([gevent.spawn(setter), gevent.spawn(waiter)])
