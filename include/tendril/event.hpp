// SPDX-License-Identifier: MIT
// Floor: sync
//
// Event: a flag that green threads of one hub wait for. Stays set until cleared. Example: examples/event.cpp

#pragma once

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril {

class Event {
public:
    Event() noexcept : waiters_("an Event") {}

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~Event() = default;

    bool is_set() const noexcept { return set_; }  // whether it is set

    // Wakes all who wait now, in the order in which they came; they return true even if it is cleared before their
    // turn. Never switches. Throws: WrongThread.
    void set();
    void clear();

    // Returns: true once it is set; false when the deadline came first.
    // Yields: unless it is set. Throws: Interrupt; WrongThread.
    bool wait() { return wait_until(never); }
    [[nodiscard("it says whether the event came in time")]] bool wait(Deadline deadline) {
        return wait_until(deadline);
    }

    // For wait() and iwait().
    bool ready() const noexcept { return set_; }
    void observe(detail::Observer& observer) const { waiters_.observe(observer); }

private:
    bool wait_until(Deadline deadline);

    bool set_ = false;
    detail::WaitQueue waiters_;
};

}  // namespace tendril
