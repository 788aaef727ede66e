// SPDX-License-Identifier: MIT
// Floor: base
//
// Deadline: the moment until which a call may wait. Built from a duration, a steady_clock time point, or nothing
// (never).
//
//     sock.recv(buffer, 2s);                    // two seconds from now
//     Deadline all = 10s;                       // one deadline for several calls
//     sock.send_all(head, all); sock.send_all(body, all);
//
// The clock is read when the Deadline is built, which is when the call is made. Any OS thread may use it.

#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tendril/duration.hpp>

namespace tendril {

class Deadline {
public:
    using Clock = std::chrono::steady_clock;

    // Never.
    constexpr Deadline() noexcept = default;

    // From now. A Duration of forever means never.
    // Throws: std::invalid_argument when negative or not a number.
    template <class Rep, class Period>
    Deadline(std::chrono::duration<Rep, Period> from_now) : Deadline(Duration(from_now)) {}  // implicit on purpose
    Deadline(Duration from_now) noexcept {                                                   // implicit on purpose
        if (!from_now.is_forever()) {
            at_ = now_ns() + from_now.count();
        }
    }

    // At a point in time. One before the clock's zero counts as long ago, one too far away for the clock as never.
    template <class Unit>
    constexpr Deadline(std::chrono::time_point<Clock, Unit> at) noexcept  // implicit on purpose
        : at_(point_ns(at.time_since_epoch())) {
        if (at_ < 0) {
            at_ = 0;
        }
    }

    // `span` after the moment from_ns, which ns() returned.
    static constexpr Deadline after(std::int64_t from_ns, Duration span) noexcept {
        Deadline deadline;
        if (span.count() < never_ns - from_ns) {
            deadline.at_ = from_ns + span.count();
        }
        return deadline;
    }

    constexpr bool is_never() const noexcept { return at_ == never_ns; }     // a wait until it has no limit
    bool passed() const noexcept { return !is_never() && at_ <= now_ns(); }  // reads the clock

    // Returns the time left: zero if passed, `forever` if never.
    std::chrono::nanoseconds remaining() const noexcept {
        if (is_never()) {
            return forever;
        }
        const std::int64_t left = at_ - now_ns();
        return std::chrono::nanoseconds(left > 0 ? left : 0);
    }

    // Returns nanoseconds on the steady clock; the largest value means never.
    constexpr std::int64_t ns() const noexcept { return at_; }

    // Returns the steady clock's time, on the same scale as ns().
    static std::int64_t now_ns() noexcept {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
    }

    friend constexpr auto operator<=>(Deadline, Deadline) = default;  // NOLINT(modernize-use-nullptr): a false alarm

private:
    static constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

    template <class Unit>
    static constexpr std::int64_t point_ns(Unit since_zero) noexcept {
        if constexpr (std::is_same_v<Unit, std::chrono::nanoseconds>) {
            return since_zero.count();  // unchanged: as a time point, never is the largest
        } else {
            return detail::saturated_ns(since_zero);
        }
    }

    std::int64_t at_ = never_ns;
};

inline constexpr Deadline never{};

}  // namespace tendril
