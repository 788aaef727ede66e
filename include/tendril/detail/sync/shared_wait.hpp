// SPDX-License-Identifier: MIT
//
// SharedWaitQueue: the green threads of any hubs that wait for one thing, first come, first served. What SharedQueue,
// SharedEvent and SharedSemaphore are made of. Not for users.
//
// Its owner has a SharedMutex, which every call here needs held; it is never held over a switch.
// Who hands something over fills (or empties) the slot of the first and calls hand(). That one then completes, even if
// its deadline or a kill came before it could run: it takes the mutex on its way out and looks. One that finds nothing
// handed unlinks and leaves. So nothing is lost, and nobody's frame is left before all who saw it are done with it.

#pragma once

#include <cstddef>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/base/thread_safety.hpp>
#include <tendril/detail/hub/bell.hpp>
#include <tendril/detail/hub/giver.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/detail/hub/outcome.hpp>

namespace tendril::detail {

struct SharedWaiter;
struct SharedWatch;

// The Mutex of an object that green threads of several hubs wait for. To be locked by a SharedLock only. Once it is
// free, it wakes the hub of the one that something was handed to.
class TENDRIL_CAPABILITY("mutex") SharedMutex : private Mutex {
public:
    using Mutex::Mutex;
    void lock() noexcept TENDRIL_ACQUIRE() { Mutex::lock(); }
    void unlock() noexcept TENDRIL_RELEASE() {
        const Bell rings(std::move(bell_));  // afterwards this object may be gone
        Mutex::unlock();
    }

    // For who sends a letter while the mutex is held.
    Bell& bell() noexcept TENDRIL_REQUIRES(this) { return bell_; }

private:
    Bell bell_;
};

class TENDRIL_SCOPED_CAPABILITY SharedLock {
public:
    explicit SharedLock(SharedMutex& mutex) noexcept TENDRIL_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    SharedLock(const SharedLock&) = delete;
    SharedLock& operator=(const SharedLock&) = delete;
    ~SharedLock() TENDRIL_RELEASE() {
        if (held_) {
            mutex_.unlock();
        }
    }

    void lock() noexcept TENDRIL_ACQUIRE() {
        mutex_.lock();
        held_ = true;
    }
    void unlock() noexcept TENDRIL_RELEASE() {
        held_ = false;
        mutex_.unlock();
    }

private:
    SharedMutex& mutex_;
    bool held_ = true;
};

// Whether the hub has nothing else to do, and waits for other OS threads have been so short of late that spinning is
// cheaper than a sleep.
bool may_spin() noexcept;
// Requires: may_spin(). Spins for some 50 us at most, without letting others run. Returns: whether it is done().
bool spin_until(bool (*done)(const void* object), const void* object) noexcept;
void spin_on() noexcept;  // for a moment

class SharedWaitQueue {
public:
    // `mutex` is the owner's; `object` names what is waited for in the report of misuse: "a SharedQueue".
    SharedWaitQueue(SharedMutex& mutex, const char* object, Giver giver = {}) noexcept;
    SharedWaitQueue(const SharedWaitQueue&) = delete;
    SharedWaitQueue& operator=(const SharedWaitQueue&) = delete;

    // Requires: nobody waits. Prints who does and aborts otherwise: they would wake in freed memory.
    ~SharedWaitQueue();

    // Suspends. `held` is unlocked meanwhile, and when it returns or throws.
    // Returns: handed, signalled, timed_out or closed. Throws: Interrupt, HubBlocked; then nothing was handed.
    Outcome wait(SharedLock& held, const char* what, void* slot, Deadline deadline);

    bool any() const noexcept { return !waiters_.empty(); }
    template <class Slot>
    Slot* front_slot() noexcept {  // for waits with a slot; nullptr: nobody waits
        return waiters_.empty() ? nullptr : static_cast<Slot*>(first_slot());
    }
    void hand() noexcept { wake_first(Outcome::handed); }  // Requires: any(); so does wake_first().
    void wake_first(Outcome with) noexcept;
    void wake_all(Outcome with) noexcept;
    std::size_t size() const noexcept;  // Cost: O(n).

    // For wait() and iwait(): the observer's hub notifies it, once, after the next notify_observers(), or at once when
    // `ready`. What it observes must outlive it.
    void observe(Observer& observer, bool ready) const;
    void notify_observers() noexcept;

private:
    friend struct SharedWaiter;
    void* first_slot() noexcept;
    SharedMutex& mutex_;
    const char* object_;
    const Giver giver_;
    List<SharedWaiter> waiters_;
    mutable List<SharedWatch> watches_;
};

}  // namespace tendril::detail
