// SPDX-License-Identifier: MIT
// Floor: sync
//
// SharedEvent: a flag that green threads of any hub wait for, and any OS thread sets. Stays set until cleared.
//
//     SharedEvent loaded;
//     std::thread loader([&] { load(); loaded.set(); });
//     loaded.wait();                       // other green threads run meanwhile
//
// Every call may be made by any OS thread, in its green threads or without any; only wait() makes a hub, when it must
// wait. It may be destroyed as soon as a wait() for the last set() has returned. Within one hub an Event costs less.
// Example: examples/shared_queue.cpp

#pragma once

#include <tendril/deadline.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/sync/shared_wait.hpp>

namespace tendril {

class SharedEvent {
public:
    SharedEvent() noexcept : waiters_(mutex_, "a SharedEvent") {}

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~SharedEvent() = default;

    bool is_set() const;  // whether it is set

    // Wakes all who wait now, in the order in which they came; they return true even if it is cleared before their
    // turn. Never waits or switches.
    void set();
    void clear();

    // Returns: true once it is set; false when the deadline came first.
    // Yields: unless it is set. Throws: Interrupt.
    bool wait() { return wait_until(never); }
    [[nodiscard("it says whether the event came in time")]] bool wait(Deadline deadline) {
        return wait_until(deadline);
    }

    // For wait() and iwait().
    bool ready() const { return is_set(); }
    void observe(detail::Observer& observer) const {
        const detail::SharedLock lock(mutex_);
        waiters_.observe(observer, set_);
    }

private:
    bool wait_until(Deadline deadline);

    mutable detail::SharedMutex mutex_{detail::Rank::shared};
    bool set_ TENDRIL_GUARDED_BY(mutex_) = false;
    mutable detail::SharedWaitQueue waiters_ TENDRIL_GUARDED_BY(mutex_);
};

}  // namespace tendril
