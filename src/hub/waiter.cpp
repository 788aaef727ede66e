// SPDX-License-Identifier: MIT

#include "hub/waiter.hpp"

#include "hub/hub_core.hpp"

namespace tendril::detail {

Waiter::Waiter(const char* w) : Timer(nullptr), fiber(*HubCore::here().current), what(w) {}

Outcome Waiter::wait(Deadline deadline) {
    HubCore& hub = fiber.hub;
    if (outcome == Outcome::waiting) [[likely]] {  // else what it waits for came before it waited
        if (fiber.attention != 0) [[unlikely]] {
            fiber.attend();
        }
        hub.os.refuse_in_observer();
        if (!deadline.is_never()) {
            hub.timers.arm_waking(*this, fiber, deadline.ns());
        }
        fiber.waiter = this;
        suspended_ = true;
        hub.park();
        fiber.waiter = nullptr;
        if (outcome == Outcome::waiting) {
            outcome = Outcome::timed_out;  // by the note in the timers: who else would have made it ready
        }
        hub.timers.cancel(*this);
    }
    // What broke the wait off is thrown. A kill that came after the wait was decided is thrown too, unless something
    // was handed over; a Timeout that came after is too late for this wait, and waits for the next.
    if (fiber.attention != 0 && outcome != Outcome::handed && (outcome == Outcome::interrupted || fiber.must_end()))
        [[unlikely]] {
        fiber.attend();
    }
    return outcome;
}

bool Waiter::resolve(Outcome with) noexcept {
    if (!open()) {
        return false;
    }
    outcome = with;
    if (suspended_) [[likely]] {
        fiber.hub.timers.cancel(
            *this);  // which would make the fiber ready once more, if it came before the fiber's turn
        fiber.hub.ready.push(fiber);
    }
    return true;
}

}  // namespace tendril::detail
