# SPDX-License-Identifier: MIT
"""asyncio: loops in threads of their own, streams, executors, processes, calls from other threads, signals."""

import asyncio
import os
import signal
import sys
import threading
import time

import scene

scene.begin()


async def echo(reader, writer):
    """Answers lines in capitals."""
    async for line in reader:
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def talk(number):
    """A server and twenty clients in one loop."""
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        async def ask(i):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"line %d\n" % i)
            answer = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return answer == b"LINE %d\n" % i

        return sum(await asyncio.gather(*(ask(i) for i in range(20)))) + number


async def with_executor():
    """Blocking calls in the loop's threads while the loop goes on."""
    ticks = 0
    loop = asyncio.get_running_loop()
    jobs = asyncio.gather(*(loop.run_in_executor(None, time.sleep, 0.1) for _ in range(20)))
    while not jobs.done():
        ticks += 1
        await asyncio.sleep(0.005)
    return await asyncio.to_thread(lambda: threading.current_thread().name.startswith("asyncio")), ticks > 3


async def with_process():
    """A child that copies its input."""
    program = "import sys; sys.stdout.write(sys.stdin.read()[::-1]); sys.exit(3)"
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, **pipes)
    out, _ = await child.communicate(b"abc" * 10000)
    return out == b"cba" * 10000, child.returncode


async def with_signal():
    """A handler of the loop's, and a deadline that comes true."""
    came = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, came.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(came.wait(), 10)
    try:
        async with asyncio.timeout(0.05):
            await asyncio.sleep(60)
    except TimeoutError:
        return "handled, late"


def main():
    with scene.at_once("50 loops asleep"):
        scene.together(lambda _: asyncio.run(asyncio.sleep(scene.WAIT)), 50)
    talks = scene.together(lambda number: asyncio.run(talk(number)), 10)
    print("20 clients in each loop:", talks == [20 + number for number in range(10)])
    print("in threads:", asyncio.run(with_executor()))
    print("in a process:", asyncio.run(with_process()))
    print("signal:", asyncio.run(with_signal()))

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    answers = scene.together(
        lambda number: asyncio.run_coroutine_threadsafe(asyncio.sleep(scene.WAIT, number), loop).result(10)
    )
    print("calls from 200 threads:", answers == list(range(scene.MANY)))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    scene.interrupts(lambda: asyncio.run(asyncio.sleep(60)))


main()
