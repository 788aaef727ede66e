// SPDX-License-Identifier: MIT
//
// The times of POSIX's timed calls, as Deadlines.

#pragma once

#include <ctime>

#include <cstdint>

#include <tendril/deadline.hpp>

namespace tendril::patch::detail {

constexpr std::int64_t second_ns = 1'000'000'000;

constexpr bool valid_time(const timespec& time) noexcept {
    return time.tv_nsec >= 0 && time.tv_nsec < second_ns;
}

constexpr bool known_clock(clockid_t clock) noexcept {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

// Requires: valid_time(), and not negative.
inline Deadline deadline_after(const timespec& span) noexcept {
    constexpr std::int64_t most = INT64_MAX / second_ns / 2;
    return span.tv_sec >= most
               ? never
               : Deadline::after(Deadline::now_ns(),
                                 Duration(std::chrono::nanoseconds(span.tv_sec * second_ns + span.tv_nsec)));
}

// The time left until then, as of now, on the hub's clock: a clock that is set meanwhile moves it. One before the
// clock's zero has passed. Requires: valid_time(), known_clock().
inline Deadline deadline_of(clockid_t clock, const timespec& at) noexcept {
    constexpr std::int64_t most = INT64_MAX / second_ns - 1;
    if (at.tv_sec < 0) {
        return Deadline::after(0, Duration(std::chrono::nanoseconds(0)));
    }
    timespec now{};
    clock_gettime(clock, &now);
    const std::int64_t seconds = static_cast<std::int64_t>(at.tv_sec) - now.tv_sec;
    if (seconds >= most / 2) {
        return never;
    }
    const std::int64_t left = seconds < 0 ? 0 : seconds * second_ns + (at.tv_nsec - now.tv_nsec);
    return Deadline::after(Deadline::now_ns(), Duration(std::chrono::nanoseconds(left < 0 ? 0 : left)));
}

}  // namespace tendril::patch::detail
