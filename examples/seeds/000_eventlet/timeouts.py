# SPDX-License-Identifier: MIT
"""Timeout: raises itself, another exception, or leaves its block."""

import eventlet
from eventlet.timeout import Timeout, with_timeout

timeout = Timeout(0.02)
try:
    eventlet.sleep(10)
except Timeout as raised:
    print("raised itself:", raised is timeout, raised)
finally:
    timeout.cancel()

try:
    with Timeout(0.02, ValueError("too slow")):
        eventlet.sleep(10)
except ValueError as error:
    print(error)

with Timeout(0.02, False):
    eventlet.sleep(10)
    print("not printed")

with Timeout(None):
    eventlet.sleep(0.01)
with Timeout(10):
    eventlet.sleep(0.01)
print("in time")

print(with_timeout(0.02, eventlet.sleep, 10, timeout_value="a value instead"))
