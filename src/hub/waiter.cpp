// SPDX-License-Identifier: MIT

#include "hub/waiter.hpp"

#include "hub/hub_core.hpp"

namespace tendril::detail {

TENDRIL_OPAQUE Outcome Waiter::wait(Deadline deadline) {
    return wait_inline(deadline);
}

void Waiter::freeze() noexcept {
    fiber.hub.timers.cancel(*this);
    outcome = Outcome::interrupted;
}

// What is due already is thrown before it waits.
void Waiter::attend_first() {
    if (fiber.attention != 0) {
        fiber.stretch_ends();
        fiber.attend();
    }
    fiber.hub.os.refuse_in_observer();
}

// What broke the wait off is thrown. A kill that came after the wait was decided is thrown too, unless something was
// handed over; a Timeout that came after is too late for this wait, and waits for the next.
void Waiter::attend_afterwards() {
    fiber.stretch_begins();
    if (outcome != Outcome::handed && (outcome == Outcome::interrupted || fiber.must_end())) {
        fiber.attend();
    }
}

}  // namespace tendril::detail
