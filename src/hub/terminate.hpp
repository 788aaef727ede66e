// SPDX-License-Identifier: MIT
//
// What is printed when std::terminate() is called in a green thread: which one, by which exception, from where, and
// what to do about it.

#pragma once

namespace tendril::detail {

// From now on, before the terminate handler that was set until now, which is called afterwards. Once per process: one
// that the program sets later stands alone, or calls ours if it keeps what std::set_terminate() returned.
void install_terminate_report() noexcept;

}  // namespace tendril::detail
