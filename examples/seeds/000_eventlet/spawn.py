# SPDX-License-Identifier: MIT
"""spawn, spawn_n, spawn_after, cancel, sleep."""

import eventlet


def say(word):
    print(word)
    return word.upper()


spawned = eventlet.spawn(say, "spawned")
eventlet.spawn_n(say, "without a result")
after = eventlet.spawn_after(0.05, say, "after a while")
cancelled = eventlet.spawn_after(0.05, say, "not printed")
cancelled.cancel()
print("nothing has run yet")
print(spawned.wait())
eventlet.sleep(0)
print(after.wait())
