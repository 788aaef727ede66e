// SPDX-License-Identifier: MIT
//
// IdleTimer: times out the wait for the next request, on a connection that begins and ends such waits a thousand times
// a second.
//
// Arming and cancelling a timer for every request would cost more than parsing the request. This one stays armed when
// the wait is over. When it fires, which is once a second, it arms itself again for the end of the current wait, if
// there is one. It is a background timer: the wait on the descriptor is what keeps a hub from LoopExit, unless the
// server is in the background (background.hpp); a timer that is left armed keeps nothing.

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

    // From now on, a wait on the descriptor throws TimeoutError at until_ns. Throws: std::bad_alloc.
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
            next_ns = here::clock_ns() + soon_ns;  // the wait was resolved in this turn, or has not begun yet
        }
        me.arm(next_ns);  // needs no memory: the timer's place in the heap has just become free
    }

    void arm(std::int64_t when_ns) {
        here::timers().arm_background(*this, when_ns);
        armed_for_ns_ = when_ns;
    }

    const int fd_;
    std::int64_t until_ns_ = no_wait;
    std::int64_t armed_for_ns_ = 0;
};

}  // namespace tendril::http::detail
