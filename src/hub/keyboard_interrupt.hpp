// SPDX-License-Identifier: MIT
//
// What happens to a KeyboardInterrupt that is not caught: it unwinds the main green thread as any exception does, and
// the process ends by SIGINT, so that its parent sees why (docs/design/0016-ctrl-c.md).

#pragma once

#include <exception>

namespace tendril::detail {

struct Fiber;

bool is_keyboard_interrupt(const std::exception_ptr& error) noexcept;

// To be called just before `in` throws a KeyboardInterrupt: gives it a handler to arrive at, if `in` is the process's
// main green thread.
void expect_keyboard_interrupt(const Fiber& in) noexcept;

// Whether a KeyboardInterrupt was thrown in `root`, which still unwinds.
bool unwinds_for_interrupt(const Fiber& root) noexcept;

// Whether std::terminate() got a KeyboardInterrupt because there was no handler for it, and not because it met a
// noexcept function.
bool interrupt_had_no_handler() noexcept;

// Returns the status to exit() with after a KeyboardInterrupt that was not caught, and makes the signal the process's
// last act.
int exit_status_of_interrupt() noexcept;

// Ends the process by SIGINT at once.
[[noreturn]] void end_by_sigint() noexcept;

}  // namespace tendril::detail
