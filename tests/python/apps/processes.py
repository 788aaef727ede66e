# SPDX-License-Identifier: MIT
"""multiprocessing in its three manners, ProcessPoolExecutor, subprocess and os.fork."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import threading
import time

import scene

if __name__ == "__main__":
    scene.begin()


def square(number):
    """Computes in a child."""
    time.sleep(0.01)
    return number * number


def talk(connection, queue, lock, value):
    """A child that uses all that there is to share."""
    while (message := connection.recv()) is not None:
        with lock:
            value.value += 1
        queue.put(message.upper())
    threads = [threading.Thread(target=time.sleep, args=(0.05,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.send("bye")


def in_manner(manner):
    """Pools, pipes, queues, locks and shared values."""
    context = multiprocessing.get_context(manner)
    with context.Pool(2) as pool:
        squares = pool.map(square, range(20)) == [n * n for n in range(20)]
    here, there = context.Pipe()
    queue, lock, value = context.Queue(), context.Lock(), context.Value("i", 0)
    child = context.Process(target=talk, args=(there, queue, lock, value))
    child.start()
    for word in ("one", "two", None):
        here.send(word)
    answer = here.recv(), sorted(queue.get(timeout=30) for _ in range(2)), value.value
    child.join()
    return squares, *answer, child.exitcode


def main():
    for manner in ("fork", "spawn", "forkserver"):
        print(manner, *in_manner(manner))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print("executor:", sum(pool.map(square, range(10))))

    def child(number):
        command = [sys.executable, "-S", "-c", "import sys, time; time.sleep(0.2); print(sys.stdin.read()[::-1])"]
        return subprocess.run(command, input=f"{number}", capture_output=True, text=True, check=True).stdout

    print("children:", scene.together(child, 20) == [f"{number}"[::-1] + "\n" for number in range(20)])
    print("late child:", scene.said(lambda: subprocess.run(["sleep", "60"], timeout=0.2), subprocess.TimeoutExpired))
    with scene.at_once("50 children asleep"):
        statuses = scene.together(lambda number: subprocess.call(["sh", "-c", f"sleep 0.2; exit {number}"]), 50)
    print("statuses:", statuses == list(range(50)))
    print("system:", scene.together(lambda number: os.system(f"sleep 0.1; exit {number}") >> 8, 10) == list(range(10)))

    forked = os.fork()
    if forked == 0:
        slept = []
        threads = [threading.Thread(target=lambda: (time.sleep(0.05), slept.append(1))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(len(slept))
    print("threads in a forked child:", os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]))
    scene.interrupts(lambda: subprocess.run(["sleep", "60"]))


if __name__ == "__main__":
    main()
