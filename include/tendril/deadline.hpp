// SPDX-License-Identifier: MIT
//
// Deadline: until when a call may wait. Built from a duration, a steady_clock time point, or nothing (never).
//
//     sock.recv(buffer, 2s);                    // two seconds from now
//     Deadline all = 10s;                       // one deadline for several calls
//     sock.send_all(head, all); sock.send_all(body, all);
//
// The clock is read when the Deadline is built, which is when the call is made. Any thread may use it.

#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

namespace tendril {

class Deadline {
public:
    using Clock = std::chrono::steady_clock;

    // Never.
    constexpr Deadline() noexcept = default;

    // From now. Durations too long for the clock mean never.
    // Throws: std::invalid_argument when negative or not a number.
    template <class Rep, class Period>
    Deadline(std::chrono::duration<Rep, Period> from_now) {  // implicit on purpose
        if (!(from_now >= from_now.zero())) {
            refuse(std::chrono::duration<double>(from_now).count());
        }
        if (from_now < std::chrono::duration<double>(max_seconds)) {
            at_ = now_ns() + rounded_up(from_now);
        }
    }

    // Time points before the clock's zero mean long ago.
    constexpr Deadline(Clock::time_point at) noexcept  // implicit on purpose
        : at_(std::max<std::int64_t>(
              std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count(), 0)) {}

    constexpr bool is_never() const noexcept { return at_ == never_ns; }
    bool passed() const noexcept { return !is_never() && at_ <= now_ns(); }

    // Time left; zero when passed, nanoseconds::max() when never.
    std::chrono::nanoseconds remaining() const noexcept {
        if (is_never()) {
            return std::chrono::nanoseconds::max();
        }
        const std::int64_t left = at_ - now_ns();
        return std::chrono::nanoseconds(left > 0 ? left : 0);
    }

    // Nanoseconds on the steady clock; the largest value is never.
    constexpr std::int64_t ns() const noexcept { return at_; }

    static std::int64_t now_ns() noexcept {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
    }

    friend constexpr auto operator<=>(Deadline, Deadline) = default;  // NOLINT(modernize-use-nullptr): a false alarm

private:
    static constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();
    static constexpr double max_seconds = 4e9;  // some 126 years

    // Nanoseconds; by whole numbers where the unit is a whole number of them, else with as many digits as there are.
    template <class Rep, class Period>
    static std::int64_t rounded_up(std::chrono::duration<Rep, Period> d) {
        if constexpr (std::is_integral_v<Rep> && std::ratio_divide<Period, std::nano>::den == 1) {
            return std::chrono::nanoseconds(d).count();
        } else {
            const std::chrono::duration<long double, std::nano> exact(d);
            const auto whole = static_cast<std::int64_t>(exact.count());
            return whole + (static_cast<long double>(whole) < exact.count() ? 1 : 0);
        }
    }

    [[noreturn]] static void refuse(double seconds);

    std::int64_t at_ = never_ns;
};

inline constexpr Deadline never{};

}  // namespace tendril
