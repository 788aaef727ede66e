// SPDX-License-Identifier: MIT
//
// What happens to KeyboardInterrupt when nobody catches it.

#pragma once

namespace tendril::detail {

// Throws KeyboardInterrupt. Where no frame of the OS thread's own stack would catch it, that is unwound nevertheless,
// destructors and all, as pthread_exit() does it; then the process ends as exit() ends it, but by the signal SIGINT, so
// that whoever started it sees why.
[[noreturn]] void throw_keyboard_interrupt();

// The process is about to end by exit(), for a KeyboardInterrupt that was not caught: let the last thing be the signal.
int exit_status_of_interrupt() noexcept;

}  // namespace tendril::detail
