// SPDX-License-Identifier: MIT
//
// Parking: one wake-up for one green thread, from its own OS thread. An Event for a single waiter that is known
// beforehand: it costs half as much. Not for users.

#pragma once

#include <cstdint>

#include <tendril/detail/hub/suspend.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril::detail {

class Parking {
public:
    // For the green thread that runs. `object` names it in the report of misuse.
    explicit Parking(const char* object);
    Parking(const Parking&) = delete;
    Parking& operator=(const Parking&) = delete;

    bool woken() const noexcept { return woken_; }

    // Suspends until wake(), whose wake-up stays: returns at once if it came before. Throws: Interrupt, HubBlocked; it
    // may be called again then.
    TENDRIL_OPAQUE void wait(const char* what);

    // The same, without a return between the switch and the caller: see detail/hub/suspend.hpp.
    TENDRIL_INLINE_WAIT void wait_here(const char* what) {
        if (!woken_) {
            WaiterSpace space;
            begin_wait(space, what);
            suspend_here();
            end_wait(space);
        }
    }

    // Never switches. May be the last use of it. Throws: WrongThread.
    void wake();

private:
    TENDRIL_OPAQUE void begin_wait(WaiterSpace& space, const char* what);
    TENDRIL_OPAQUE void end_wait(WaiterSpace& space);

    const char* const object_;
    const std::uint64_t owner_;  // serial of the OS thread
    Waiter* waiter_ = nullptr;   // on the stack of who waits
    bool woken_ = false;
};

}  // namespace tendril::detail
