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
//
// A wait never ends before its deadline. A hub that sleeps may end it later, by the deadline's slack at most, so that
// one wake-up of the system serves all timers that are due by then; a hub that is awake is not late on purpose. The
// slack is a share of the span, and at most what the hub allows (Hub::set_timer_slack(): 1 ms unless set), unless the
// caller says it:
//
//     sleep(Deadline(5ms).with_slack(0ms));              // as exact as the system is
//     sleep(Deadline(1min).with_slack(500ms));           // housekeeping: whenever the hub is awake anyway

#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tendril/duration.hpp>

namespace tendril {

class Deadline {
public:
    using Clock = std::chrono::steady_clock;  // the steady one, which no one sets

    static constexpr std::int64_t slack_share = 16;  // of the span from now until the deadline

    // Never.
    constexpr Deadline() noexcept = default;

    // From now. A Duration of forever means never.
    // Throws: std::invalid_argument when negative or not a number.
    template <class Rep, class Period>
    Deadline(std::chrono::duration<Rep, Period> from_now) : Deadline(Duration(from_now)) {}  // implicit on purpose
    Deadline(Duration from_now) noexcept {                                                   // implicit on purpose
        if (!from_now.is_forever()) {
            at_ = now_ns() + from_now.count();
            slack_ = share_of(from_now.count());
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
            deadline.slack_ = share_of(span.count());
        }
        return deadline;
    }

    // The same moment with a slack of its own, which no hub limits; two seconds at most.
    constexpr Deadline with_slack(Duration slack) const noexcept {
        Deadline deadline = *this;
        deadline.slack_ = asked | static_cast<std::uint32_t>(std::min<std::int64_t>(slack.count(), most_slack));
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

    // Returns by how many nanoseconds a wait may end late that begins at now_ns, in a hub that allows most_ns.
    constexpr std::int64_t slack_ns(std::int64_t now_ns, std::int64_t most_ns) const noexcept {
        if (slack_ < asked) [[likely]] {
            return std::min<std::int64_t>(slack_, most_ns);
        }
        return slack_ != by_length ? slack_ - asked
                                   : std::min<std::int64_t>(share_of(std::max<std::int64_t>(at_ - now_ns, 0)), most_ns);
    }

    // Returns the steady clock's time, on the same scale as ns().
    static std::int64_t now_ns() noexcept {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
    }

    // By the moment alone.
    friend constexpr auto operator<=>(Deadline a, Deadline b) noexcept { return a.at_ <=> b.at_; }
    friend constexpr bool operator==(Deadline a, Deadline b) noexcept { return a.at_ == b.at_; }

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

    static constexpr std::uint32_t asked = std::uint32_t{1} << 31;  // added to a slack that the caller set
    static constexpr std::uint32_t by_length = UINT32_MAX;          // not known yet: built from a time point
    static constexpr std::int64_t most_slack = asked - 2;

    // Requires: not negative, which saves instructions of each call that has a deadline.
    static constexpr std::uint32_t share_of(std::int64_t span_ns) noexcept {
        constexpr auto share = static_cast<std::uint64_t>(slack_share);
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(static_cast<std::uint64_t>(span_ns) / share, most_slack));
    }

    std::int64_t at_ = never_ns;
    std::uint32_t slack_ = by_length;
};

inline constexpr Deadline never{};  // no deadline

}  // namespace tendril
