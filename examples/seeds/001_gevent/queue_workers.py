# SPDX-License-Identifier: MIT
"""Three workers take turns at a queue until it is empty."""

import gevent
from gevent.queue import Queue

tasks = Queue()


def worker(name):
    while not tasks.empty():
        task = tasks.get()
        print(f"Worker {name} got task {task}")
        gevent.sleep(0)
    print("Quitting time!")


def boss():
    for task in range(1, 25):
        tasks.put_nowait(task)


gevent.spawn(boss).join()
gevent.joinall([gevent.spawn(worker, "steve"), gevent.spawn(worker, "john"), gevent.spawn(worker, "nancy")])
