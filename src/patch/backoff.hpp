// SPDX-License-Identifier: MIT
//
// Backoff: the waits between two looks at something whose change the system does not report: a file's lock, the
// children of a process group. Each is twice as long as the one before, up to a limit.

#pragma once

#include <chrono>

#include "patch/green.hpp"

namespace tendril::patch::detail {

class Backoff {
public:
    // Suspends; a handler with SA_RESTART does not end it. Returns: timed_out when it is time for the next look; else
    // interrupted or signalled. Requires: may_park().
    Wait wait() noexcept { return await_time(next(), true); }

    // Returns: how long to wait now.
    std::chrono::microseconds next() noexcept {
        const auto now = next_;
        next_ = next_ * 2 < longest ? next_ * 2 : longest;
        return now;
    }

private:
    static constexpr std::chrono::microseconds longest{20'000};
    std::chrono::microseconds next_{500};
};

}  // namespace tendril::patch::detail
