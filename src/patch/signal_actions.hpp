// SPDX-License-Identifier: MIT
//
// set_signal_action(): installs the handlers of patched code. The system gets one of ours in their place, which counts
// how deep this OS thread is in handlers (a call made there is the plain one), runs the program's, and breaks off a
// wait as the system would have. Asked for the action, patched code sees its own handler.
//
// 1. A handler is kept in a table that only grows, so that ours may read it at any moment. When that is full, the
//    program's handler is installed as it is: it then breaks off no wait.
// 2. Everything here may be called in a signal handler.
// 3. A handler that leaves by longjmp() is not supported: its OS thread would count as being in it from then on.

#pragma once

#include <csignal>

namespace tendril::patch::detail {

// As sigaction(2).
int set_signal_action(int number, const struct sigaction* action, struct sigaction* before) noexcept;

// Handlers of the program that have run on this OS thread so far.
unsigned long handlers_run_here() noexcept;

// While one lives, the program's handlers of this OS thread wait: for locks that calls take which are allowed in a
// handler. The system keeps their signals meanwhile, but for those of faults and of handlers with SA_RESETHAND.
class HandlersLater {
public:
    HandlersLater() noexcept;
    HandlersLater(const HandlersLater&) = delete;
    HandlersLater& operator=(const HandlersLater&) = delete;
    ~HandlersLater();
};

}  // namespace tendril::patch::detail
