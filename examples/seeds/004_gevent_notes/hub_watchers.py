# SPDX-License-Identifier: MIT
"""The loop's watchers, one of each kind."""

import os
import signal

import gevent

hub = gevent.get_hub()
seen = {}


def note(name):
    seen[name] = seen.get(name, 0) + 1


prepare, check = hub.loop.prepare(), hub.loop.check()
prepare.start(note, "prepare")
check.start(note, "check")

timer = hub.loop.timer(0.02, 0.02)
timer.start(note, "timer")

reader, writer = os.pipe()
readable = hub.loop.io(reader, 1)


def on_readable():
    note(f"io {os.read(reader, 10).decode()}")


readable.start(on_readable)
caught = hub.loop.signal(signal.SIGUSR1)
caught.start(note, "signal")
wake = hub.loop.async_()
wake.start(note, "async")
hub.loop.run_callback(note, "callback")

os.kill(os.getpid(), signal.SIGUSR1)
os.write(writer, b"hello")
wake.send()
gevent.sleep(0.2)
for watcher in (prepare, check, timer, readable, caught, wake):
    watcher.stop()
print(*(f"{name}: {'some' if name in ('prepare', 'check', 'timer') else count}"
        for name, count in sorted(seen.items())), sep="\n")
print("ticks:", seen["timer"] >= 3)
