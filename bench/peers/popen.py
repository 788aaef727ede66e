# SPDX-License-Identifier: MIT
"""The work of bench/process.cpp with Python's subprocess."""

import json
import platform
import subprocess
import time

N = 300

wall, cpu = time.perf_counter_ns(), time.process_time_ns()
done = sum(subprocess.Popen(["/bin/true"]).wait() == 0 for _ in range(N))
wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
assert done == N
print(json.dumps({"system": "Python", "version": platform.python_version(), "bench": "popen", "ns_wall": wall / N,
                  "ns_cpu": cpu / N, "n": N}))
