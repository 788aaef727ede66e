// SPDX-License-Identifier: MIT
//
// Signals: handlers of Python run although the hub sleeps.
//
// Python's own handler in C only notes a signal, and Python's main thread calls the function of Python between two
// instructions of its bytecode. While the hub sleeps there are none: then a green thread of our own calls it, and what
// it raises is raised in the main green thread. The hub is woken by Python's wakeup descriptor, unless the program has
// set another (then the system call that it interrupts must do). SIGINT is Python's: the hub never watches it.

#pragma once

#include <signal.h>

namespace tendril::python {

// Begins to watch, in the running OS thread's hub if that is the main one; in the child of a fork again. Returns: false
// with an error set.
bool watch_signals() noexcept;

// When the hub has slept; with the GIL.
void after_sleep_for_signals() noexcept;

// While it lives, SIGINT does not have its default effect, which a hub that begins would take for its own to watch.
class InterruptAside {
public:
    InterruptAside() noexcept;
    InterruptAside(const InterruptAside&) = delete;
    InterruptAside& operator=(const InterruptAside&) = delete;
    ~InterruptAside();

private:
    struct sigaction before_ {};
    bool changed_ = false;
};

}  // namespace tendril::python
