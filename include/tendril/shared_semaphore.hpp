// SPDX-License-Identifier: MIT
// Floor: sync
//
// SharedSemaphore: a counted permit, shared by the green threads of any hubs and by plain OS threads.
//
//     SharedSemaphore licences(4);
//     const std::lock_guard licence(licences);          // in any OS thread
//
// Every call may be made by any OS thread; only acquire() makes a hub, when it must wait. Waiters are served first
// come, first served, whatever their OS thread: a release hands the permit to the first of them, so a releaser that
// acquires again at once does not overtake. A permit belongs to nobody: one may acquire it and another release it, and
// with one permit it is a lock that must not be taken twice. Within one hub a Semaphore costs less.

#pragma once

#include <cstddef>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/sync/shared_wait.hpp>
#include <tendril/size.hpp>

namespace tendril {

class SharedSemaphore {
public:
    explicit SharedSemaphore(Size permits = 1) : permits_(permits) {}  // with that many permits

    // Requires: nobody waits. Aborts otherwise, naming the waiters.
    ~SharedSemaphore() = default;

    // Takes one permit, waiting until there is one.
    // Returns: false when the deadline came first; no permit is taken.
    // Yields: unless one is free. Throws: Interrupt, no permit is taken.
    bool acquire() { return take(never); }
    [[nodiscard("it says whether a permit was taken")]] bool acquire(Deadline deadline) { return take(deadline); }

    // Takes one permit if one is free.
    [[nodiscard]] bool try_acquire();

    // Gives permits back. Never waits or switches.
    void release(Size permits = 1);

    // As it was; it may have changed before they return.
    std::size_t available() const;
    std::size_t waiting() const;

    // The standard's names, so that std::unique_lock and std::scoped_lock hold one permit.
    void lock() { acquire(); }
    bool try_lock() { return try_acquire(); }
    void unlock() { release(); }

    // For wait() and iwait(), which see that a permit is free and take none: another may be faster.
    bool ready() const { return available() > 0; }
    void observe(detail::Observer& observer) const {
        const detail::SharedLock lock(mutex_);
        waiters_.observe(observer, permits_ > 0);
    }

private:
    bool take(Deadline deadline);
    TENDRIL_NOT_ANALYZED static void take_back(void* self, void*) noexcept {  // in the child of a fork()
        ++static_cast<SharedSemaphore*>(self)->permits_;
    }

    mutable detail::SharedMutex mutex_{detail::Rank::shared};
    std::size_t permits_ TENDRIL_GUARDED_BY(mutex_);  // 0 while anybody waits
    mutable detail::SharedWaitQueue waiters_{mutex_, "a SharedSemaphore", {this, &SharedSemaphore::take_back}};
};

}  // namespace tendril
