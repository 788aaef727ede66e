// SPDX-License-Identifier: MIT
//
// The TimeoutError of a call on a descriptor. Its text names the other end. The system is asked for the address when
// the error is thrown (one call, getpeername; a second if there is no peer), since the descriptor may be gone when the
// text is made.

#pragma once

#include <cstddef>

#include "base/timed_out.hpp"

namespace tendril::detail {

struct Descriptor;

// How much of a call was done.
struct Progress {
    std::size_t done;
    std::size_t whole;                                                                    // 0: unknown
    constexpr Progress(std::size_t d, std::size_t w = 0) noexcept : done(d), whole(w) {}  // implicit on purpose
};

// Throw it: after a wait on `d` that timed out, or between two rounds. Requires: `call` lives as long as the process.
[[noreturn]] void time_out_wait(const Descriptor& d, const char* call, Progress progress);
[[noreturn]] void time_out_round(const Descriptor& d, const char* call, Progress progress);

}  // namespace tendril::detail
