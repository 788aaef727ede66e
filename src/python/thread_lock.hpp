// SPDX-License-Identifier: MIT
//
// What kills and Timeouts do to waits for the interpreter's own locks, after patch(): threading.Lock and RLock, and all
// that is made of them (Condition, Event, queue.Queue, join()), and queue.SimpleQueue.
//
// The interpreter takes a wait for a semaphore that fails for one that ran out of time, or waits again. So acquire()
// and get() of these three types are our own from then on; they differ from the interpreter's in nothing else.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

// Requires: patch() is being called, for the first time. Returns: -1 with an error set.
int let_locks_be_interrupted() noexcept;

}  // namespace tendril::python
