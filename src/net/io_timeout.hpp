// SPDX-License-Identifier: MIT
//
// The TimeoutError of a call on a descriptor. It names the other end, whose address the system is asked for when it is
// thrown (one call, getpeername; a second where there is no peer): when the text is made, the descriptor may be gone.

#pragma once

#include <cstddef>

#include "base/timed_out.hpp"

namespace tendril::detail {

struct Descriptor;

// How much of a call was done.
struct Progress {
    std::size_t done;
    std::size_t whole;                                                                    // 0: nobody knows
    constexpr Progress(std::size_t d, std::size_t w = 0) noexcept : done(d), whole(w) {}  // implicit on purpose
};

// Throws it: after a wait on `d` that was in vain, or between two rounds. `call` lives as long as the process.
[[noreturn]] void time_out_wait(const Descriptor& d, const char* call, Progress progress);
[[noreturn]] void time_out_round(const Descriptor& d, const char* call, Progress progress);

}  // namespace tendril::detail
