# SPDX-License-Identifier: MIT
"""monkey.patch_all() makes the standard library's calls wait for this green thread only."""

from gevent import monkey
monkey.patch_all()

import socket  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402

started = time.monotonic()
gevent.joinall([gevent.spawn(time.sleep, 0.2) for _ in range(50)])
print("50 sleeps at once:", time.monotonic() - started < 5)

print("patched:", monkey.is_module_patched("socket"))

left, right = socket.socketpair()
heard = gevent.spawn(right.recv, 100)
gevent.sleep(0)
left.sendall(b"over a socket")
print(heard.get().decode())

names = []
threads = [threading.Thread(target=lambda n=n: (time.sleep(0.05 * (3 - n)), names.append(n))) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("threads ended:", names)
left.close()
right.close()
