# SPDX-License-Identifier: MIT
"""concurrent.futures, queue and the locks of threading."""

import concurrent.futures as futures
import contextvars
import queue
import threading
import time

import scene

scene.begin()


def fail(number):
    """Raises for each third."""
    time.sleep(0.01)
    if number % 3 == 0:
        raise ValueError(number)
    return number


def main():
    with scene.at_once("200 jobs in an executor"), futures.ThreadPoolExecutor(scene.MANY) as pool:
        done = list(pool.map(lambda number: (time.sleep(scene.WAIT), number)[1], range(scene.MANY)))
    print("in order:", done == list(range(scene.MANY)))

    with futures.ThreadPoolExecutor(10) as pool:
        jobs = [pool.submit(fail, number) for number in range(30)]
        ended = futures.wait(jobs, return_when=futures.FIRST_EXCEPTION)
        print("first exception:", any(job.exception() for job in ended.done))
        results = sum(job.result() for job in futures.as_completed(jobs) if job.exception() is None)
        print("the others:", results)
        slow = pool.submit(time.sleep, 0.5)
        print("late:", scene.said(lambda: slow.result(timeout=0.05), futures.TimeoutError))

    work, out = queue.Queue(5), queue.PriorityQueue()

    def serve():
        while (job := work.get()) is not None:
            time.sleep(0.001)
            out.put(-job)
            work.task_done()
        work.task_done()

    servers = [threading.Thread(target=serve) for _ in range(8)]
    for server in servers:
        server.start()
    for job in range(100):
        work.put(job)
    work.join()
    for _ in servers:
        work.put(None)
    for server in servers:
        server.join()
    print("by priority:", [out.get() for _ in range(3)], out.qsize())
    print("empty:", scene.said(lambda: queue.SimpleQueue().get(timeout=0.05), queue.Empty))

    barrier, condition, ready = threading.Barrier(20, timeout=20), threading.Condition(), []

    def meet(number):
        barrier.wait()
        with condition:
            ready.append(number)
            condition.notify_all()
            return condition.wait_for(lambda: len(ready) == 20, timeout=20)

    print("met:", scene.together(meet, 20).count(True))

    lock, depth = threading.RLock(), []

    def nest(_):
        with lock, lock:
            depth.append(1)
            time.sleep(0.001)
            depth.append(-1)
            return sum(depth) == 0

    print("one at a time:", scene.together(nest, 50).count(True))

    own, variable = threading.local(), contextvars.ContextVar("variable")

    def keep(number):
        own.value = number
        variable.set(number)
        time.sleep(0.01)
        return own.value == number == variable.get()

    print("its own:", scene.together(keep, 50).count(True), hasattr(own, "value"))
    timer_ran = threading.Event()
    threading.Timer(0.05, timer_ran.set).start()
    print("timer:", timer_ran.wait(10))
    scene.interrupts(lambda: threading.Event().wait(60))
    scene.interrupts(lambda: queue.Queue().get())
    scene.interrupts(lambda: time.sleep(60))


main()
