// SPDX-License-Identifier: MIT

#include "hub/waiter.hpp"

#include "hub/hub_core.hpp"

namespace tendril::detail {

namespace {

struct DeadlineTimer : Timer {
    Waiter& waiter;
    explicit DeadlineTimer(Waiter& w) noexcept : Timer(&DeadlineTimer::passed), waiter(w) {}
    ~DeadlineTimer() { waiter.fiber.hub.timers.cancel(*this); }

    static void passed(Timer& timer) noexcept { static_cast<DeadlineTimer&>(timer).waiter.resolve(Outcome::timed_out); }
};

}  // namespace

Waiter::Waiter(const char* w) : fiber(*HubCore::here().current), what(w) {}

Outcome Waiter::wait(Deadline deadline) {
    HubCore& hub = fiber.hub;
    if (fiber.attention != 0) [[unlikely]] {
        fiber.attend();
    }
    hub.os.refuse_in_observer();
    {
        DeadlineTimer timer(*this);
        if (!deadline.is_never()) {
            hub.timers.arm(timer, deadline.ns());
        }
        fiber.waiter = this;
        hub.park();
        fiber.waiter = nullptr;
    }
    if (fiber.attention != 0 && outcome != Outcome::handed) [[unlikely]] {
        fiber.attend();
    }
    return outcome;
}

bool Waiter::resolve(Outcome with) noexcept {
    if (outcome != Outcome::waiting) {
        return false;
    }
    outcome = with;
    fiber.hub.ready.push(fiber);
    return true;
}

}  // namespace tendril::detail
