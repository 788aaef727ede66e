// SPDX-License-Identifier: MIT
//
// Prints a report when std::terminate() is called in a green thread: which green thread, which exception, the
// backtrace, and what to do about it.

#pragma once

namespace tendril::detail {

// From now on, reports before calling the terminate handler that was set until now. Works once per process: a handler
// that the program sets later replaces this one, or calls it if it keeps what std::set_terminate() returned.
void install_terminate_report() noexcept;

}  // namespace tendril::detail
