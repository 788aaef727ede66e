// SPDX-License-Identifier: MIT

#include "amqp/connection/heart.hpp"

#include <algorithm>
#include <new>

#include <tendril/deadline.hpp>

#include "hub/here.hpp"

namespace tendril::amqp::detail {

// The hub's last look at the clock will do: an interval is a second at least.
std::int64_t Heart::now_ns() noexcept {
    return tendril::detail::here::clock_ns();
}

void Heart::start(Duration interval) {
    interval_ns_ = interval.count();
    sent_ns_ = received_ns_ = Deadline::now_ns();
    if (interval_ns_ > 0) {
        arm();
    }
}

void Heart::stop() noexcept {
    if (armed() && tendril::detail::here::has_hub()) {  // it may outlive its hub
        tendril::detail::here::timers().cancel(*this);
    }
    interval_ns_ = 0;
}

void Heart::arm() {
    tendril::detail::here::timers().arm_background(
        *this, std::min(sent_ns_ + interval_ns_ / 2, received_ns_ + 2 * interval_ns_));
}

void Heart::due(tendril::detail::Timer& timer) noexcept {
    static_cast<Heart&>(timer).look();
}

void Heart::look() noexcept {
    const std::int64_t now = Deadline::now_ns();
    if (now - received_ns_ >= 2 * interval_ns_) {
        if (!owner_.may_be_unread()) {
            owner_.silent();
            return;
        }
        received_ns_ = now;
    }
    if (now - sent_ns_ >= interval_ns_ / 2) {
        sent_ns_ = now;
        owner_.beat();
    }
    if (interval_ns_ > 0) {  // else it was stopped
        try {
            arm();
        } catch (const std::bad_alloc&) {  // the place of the timer that has just fired is free
            owner_.silent();
        }
    }
}

}  // namespace tendril::amqp::detail
