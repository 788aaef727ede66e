// SPDX-License-Identifier: MIT
//
// For the public templates whose last wait ended by its deadline. Not for users.

#pragma once

namespace tendril::detail {

// Throws a TimeoutError: "ThreadPool::apply: timed out after 2 s". `call` lives as long as the process.
[[noreturn]] void wait_timed_out(const char* call);

}  // namespace tendril::detail
