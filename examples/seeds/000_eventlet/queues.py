# SPDX-License-Identifier: MIT
"""Queue, LifoQueue, PriorityQueue; task_done() and join()."""

import eventlet
from eventlet import queue

tasks = eventlet.Queue(2)
done = []


def worker():
    while True:
        task = tasks.get()
        done.append(task)
        eventlet.sleep(0.01)
        tasks.task_done()


workers = [eventlet.spawn(worker) for _ in range(2)]
eventlet.sleep(0)
print("getting", tasks.getting(), "putting", tasks.putting())
for task in range(5):
    tasks.put(task)
tasks.join()
print("all done:", sorted(done))
for one in workers:
    one.kill()

last_first = queue.LifoQueue()
smallest_first = queue.PriorityQueue()
for item in (2, 1, 3):
    last_first.put(item)
    smallest_first.put(item)
print([last_first.get() for _ in range(3)], [smallest_first.get() for _ in range(3)])

try:
    tasks.get(timeout=0.01)
except queue.Empty:
    print("empty")
tasks.put_nowait("a")
tasks.put_nowait("b")
try:
    tasks.put_nowait("c")
except queue.Full:
    print("full", tasks.qsize())
