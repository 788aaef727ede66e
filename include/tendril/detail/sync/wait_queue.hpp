// SPDX-License-Identifier: MIT
//
// WaitQueue: the green threads that wait for one thing, first come, first served. What every primitive is made of.
// Not for users.
//
// Who hands something over asks front() for the first that still waits, fills (or empties) its slot and calls hand().
// One that timed out or was killed is passed over, so it never takes an item with it; one that was handed something
// completes, whatever comes later.

#pragma once

#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/giver.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/detail/hub/outcome.hpp>
#include <tendril/detail/hub/suspend.hpp>

namespace tendril::detail {

class Choice;
struct Waiter;

// Room for a Waiter, which wants to begin on a cache line: not declared so, or the whole frame would be aligned.
struct WaiterSpace {
    static constexpr std::size_t size = 64;
    std::byte bytes[2 * size - alignof(std::max_align_t)];
    Waiter* waiter;
};

class WaitQueue {
public:
    // `object` names what is waited for in the report of misuse: "a Semaphore". `giver` takes back what was handed to a
    // green thread that a fork() froze before it could take it. `slots`: what the waits' slots are, for dumps.
    explicit WaitQueue(const char* object, Giver giver = {}, SlotUse slots = SlotUse::handover) noexcept;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    // Requires: nobody waits. Prints who does and aborts otherwise: they would wake in freed memory.
    ~WaitQueue();

    // Throws WrongThread unless called in the OS thread that used it first.
    void check_thread() const;

    // Suspends. Returns: handed, signalled, timed_out or closed. Throws: Interrupt, HubBlocked; then nothing was
    // handed.
    TENDRIL_OPAQUE Outcome wait(const char* what, void* slot, Deadline deadline);

    // The same, without a return between the switch and the caller: see detail/hub/suspend.hpp.
    [[gnu::always_inline]] Outcome wait_here(const char* what, void* slot, Deadline deadline) {
        WaiterSpace space;
        begin_wait(space, what, slot, deadline);
        suspend_here();
        return end_wait(space);
    }

    // For who waits for something else too, with a Waiter of its own: it is handed to in its turn.
    void add(Waiter& waiter) noexcept;
    void line_up(Choice& choice, void* slot);  // for get_any(), which waits in several lines

    bool any() noexcept { return front() != nullptr; }
    Waiter* front() noexcept {  // nullptr: nobody waits
        return waiters_.empty() ? nullptr : first_open();
    }
    static void* slot(Waiter*) noexcept;
    template <class Slot>
    Slot* front_slot() noexcept {  // for waits with a slot
        return waiters_.empty() ? nullptr : static_cast<Slot*>(first_slot());
    }
    // Both require that any(), front() or front_slot() has just found one.
    void hand() noexcept { wake_first(Outcome::handed); }
    void wake_first(Outcome with) noexcept;
    void wake_all(Outcome with) noexcept;
    std::size_t size() const noexcept;  // Cost: O(n).

    // wait() and iwait() watch for what is waited for without waiting here, and take nothing.
    void observe(Observer& observer) const;  // Throws: WrongThread.
    void notify_observers() noexcept { notify_all(observers_); }

private:
    // Opaque: values that the user's code keeps in registers must not live across the switch between the two.
    TENDRIL_OPAQUE void begin_wait(WaiterSpace& space, const char* what, void* slot, Deadline deadline);
    TENDRIL_OPAQUE Outcome end_wait(WaiterSpace& space);
    Waiter* first_open() noexcept;
    Waiter* first_open_of_all() noexcept;
    void* first_slot() noexcept;
    void check_thread_first() const;

    void forget_handed() noexcept;

    const char* object_;
    const Giver giver_;
    const SlotUse slots_;
    std::size_t last_handed_ = 0;      // place in the run queue of the one handed to last
    mutable std::uint64_t owner_ = 0;  // serial of the OS thread; 0: not used yet
    List<Waiter> waiters_;
    mutable List<Observer> observers_;
};

// The number of the green thread that runs; as AnyGreenlet::id().
std::uint64_t current_id();

}  // namespace tendril::detail
