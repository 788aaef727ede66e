# SPDX-License-Identifier: MIT
"""import_patched() and monkey_patch()."""

import eventlet
from eventlet import patcher
from eventlet.green import socket

http_server = eventlet.import_patched("http.server", ("socket", socket))
print(http_server.__name__, hasattr(http_server, "HTTPServer"))

eventlet.monkey_patch()
print("socket:", patcher.is_monkey_patched("socket"))

import threading  # noqa: E402
import time  # noqa: E402

names = []
threads = [threading.Thread(target=lambda n=n: (time.sleep(0.05 * (3 - n)), names.append(n))) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("threads ended:", names)

started = time.monotonic()
pool = eventlet.GreenPool()
for _ in range(50):
    pool.spawn_n(time.sleep, 0.2)
pool.waitall()
print("50 sleeps at once:", time.monotonic() - started < 5)
