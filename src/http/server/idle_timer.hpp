// SPDX-License-Identifier: MIT
//
// IdleTimer: ends a wait for the next request, for a connection that is idle a thousand times a second.
//
// A timer that is armed and cancelled with every request costs more than the request's parsing. This one stays armed
// when the wait is over; when it fires, which is once a second, it looks whether there is a wait and goes on until the
// wait's end.

#pragma once

#include <cstdint>

#include "hub/descriptor.hpp"
#include "hub/here.hpp"

namespace tendril::http::detail {

namespace here = tendril::detail::here;

class IdleTimer : private tendril::detail::Timer {
public:
    explicit IdleTimer(int fd) noexcept : Timer(&IdleTimer::fired), fd_(fd) {}
    IdleTimer(const IdleTimer&) = delete;
    IdleTimer& operator=(const IdleTimer&) = delete;
    ~IdleTimer() { here::timers().cancel(*this); }

    // From now on, who waits on the descriptor gets a TimeoutError at until_ns. Throws: std::bad_alloc.
    void begin(std::int64_t until_ns) {
        if (!armed() || until_ns < armed_for_ns_) [[unlikely]] {
            here::timers().cancel(*this);
            arm(until_ns);
        }
        until_ns_ = until_ns;
    }
    void end() noexcept { until_ns_ = no_wait; }

private:
    static constexpr std::int64_t no_wait = INT64_MAX;

    static void fired(Timer& timer) noexcept {
        auto& me = static_cast<IdleTimer&>(timer);
        if (me.until_ns_ == no_wait) {
            return;  // the next begin() arms it
        }
        constexpr std::int64_t soon_ns = 1'000'000;
        std::int64_t next_ns = me.until_ns_;
        if (here::clock_ns() >= next_ns) {
            if (here::descriptors().expire(me.fd_)) {
                return;
            }
            next_ns = here::clock_ns() + soon_ns;  // it has been told of something in this turn, or is about to wait
        }
        me.arm(next_ns);  // needs no memory: its place has just become free
    }

    void arm(std::int64_t when_ns) {
        here::timers().arm(*this, when_ns);
        armed_for_ns_ = when_ns;
    }

    const int fd_;
    std::int64_t until_ns_ = no_wait;
    std::int64_t armed_for_ns_ = 0;
};

}  // namespace tendril::http::detail
