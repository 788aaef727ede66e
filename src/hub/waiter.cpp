// SPDX-License-Identifier: MIT

#include "hub/waiter.hpp"

#include "hub/hub_core.hpp"

namespace tendril::detail {

TENDRIL_OPAQUE Outcome Waiter::wait(Deadline deadline) {
    return wait_inline(deadline);
}

TENDRIL_OPAQUE Outcome Waiter::wait_unthrown(Deadline deadline) noexcept {
    if (outcome != Outcome::waiting) {
        return outcome;
    }
    if (fiber.attention != 0) {
        fiber.stretch_ends();
        if (fiber.must_attend()) {
            return outcome = Outcome::interrupted;
        }
    }
    if (!deadline.is_never()) {
        fiber.hub.timers.arm_waking(*this, fiber, deadline);
    }
    suspend();
    if (fiber.attention != 0) {
        fiber.stretch_begins();
    }
    return outcome;
}

void Waiter::freeze() noexcept {
    fiber.hub.timers.cancel(*this);
    outcome = Outcome::interrupted;
}

// Throws a pending interrupt before the wait.
void Waiter::attend_first() {
    if (fiber.attention != 0) {
        fiber.stretch_ends();
        fiber.attend({.call = what});
    }
    fiber.hub.os.refuse_in_observer();
}

// Throws the interrupt that broke the wait off. A kill or a Timeout that came after the wait was decided, however it
// was decided, is too late for it, and is thrown at the next wait.
void Waiter::attend_afterwards() {
    fiber.stretch_begins();
    if (outcome == Outcome::interrupted) {
        fiber.attend({.call = what, .begun = true, .since_ns = fiber.waits_since_ns});
    }
}

bool Waiter::whole_open() const noexcept {
    return static_cast<const StandIn*>(this)->whole.open();
}

bool Waiter::resolve_whole(Outcome with) noexcept {
    outcome = with;
    Waiter& whole = static_cast<StandIn*>(this)->whole;
    whole.slot = slot;  // where the item lies: for the child of a fork()
    return whole.resolve(with);
}

}  // namespace tendril::detail
