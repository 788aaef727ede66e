# SPDX-License-Identifier: MIT
"""The real packages greenlet and gevent in green threads: each has greenlets of its own, which may wait anywhere."""

import threading
import time

import scene

scene.begin()

import gevent  # noqa: E402
import gevent.queue  # noqa: E402
import greenlet  # noqa: E402


def there_and_back(number):
    """Waits inside of a greenlet and outside, by turns with other threads. Returns what went through it."""
    main = greenlet.getcurrent()

    def body(value):
        for step in range(5):
            time.sleep(0.01 * ((number + step) % 3 + 1))
            value = main.switch((value, step))
        raise LookupError(number)

    child, seen = greenlet.greenlet(body), []
    answer = child.switch(number)
    while True:
        seen.append(answer)
        time.sleep(0.003)
        try:
            answer = child.switch(sum(answer))
        except LookupError as error:
            return seen, error.args[0], child.dead


def by_gevent(number):
    """A hub of gevent's in this thread, whose waits let other threads run."""
    queue = gevent.queue.Queue()

    def put(value):
        gevent.sleep(0.02 * value)
        queue.put(value)

    gevent.joinall([gevent.spawn(put, value) for value in (3, 1, 2)])
    answer = [queue.get() for _ in range(3)], number
    gevent.get_hub().destroy()
    return answer


def main():
    expected = scene.together(there_and_back, 1)[0][0]
    answers = scene.together(there_and_back, 50)
    print("steps:", [step for _, step in expected], answers[0][0] == expected)
    print("ends:", [(number, dead) for _, number, dead in answers] == [(number, True) for number in range(50)])
    print("by gevent:", scene.together(by_gevent, 20) == [([1, 2, 3], number) for number in range(20)])
    strangers = []
    threading.Thread(target=lambda: strangers.append(greenlet.greenlet(lambda: None, greenlet.getcurrent()))).start()
    time.sleep(0.05)
    print("another thread's:", scene.said(strangers[0].switch, greenlet.error))


main()
