// SPDX-License-Identifier: MIT
//
// What happens to KeyboardInterrupt when nobody catches it: the main green thread is unwound as by any exception, and
// the process ends by SIGINT, so that whoever started it sees why (docs/design/0016-ctrl-c.md).

#pragma once

#include <exception>

namespace tendril::detail {

struct Fiber;

bool is_keyboard_interrupt(const std::exception_ptr& error) noexcept;

// `in` is about to throw a KeyboardInterrupt. In the process's main green thread it now has somewhere to arrive.
void expect_keyboard_interrupt(const Fiber& in) noexcept;

// One was thrown in `root`, which unwinds still.
bool unwinds_for_interrupt(const Fiber& root) noexcept;

// Is a KeyboardInterrupt that std::terminate() gets one that nobody would have caught, and no noexcept function in its
// way the reason?
bool interrupt_had_no_handler() noexcept;

// The process is about to end by exit(), for a KeyboardInterrupt that was not caught: let the last thing be the signal.
int exit_status_of_interrupt() noexcept;

// Ends the process by SIGINT at once.
[[noreturn]] void end_by_sigint() noexcept;

}  // namespace tendril::detail
