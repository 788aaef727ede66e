// SPDX-License-Identifier: MIT
//
// SharedWaitQueue: the green threads of any hubs that wait for one thing, first come, first served. What SharedQueue,
// SharedEvent and SharedSemaphore are made of. Not for users.
//
// Its owner has a Mutex, which every call here needs held, the same one always; it is never held over a switch.
// Who hands something over fills (or empties) the slot of the first and calls hand(). That one then completes, even if
// its deadline or a kill came before it could run: it takes the mutex on its way out and looks. One that finds nothing
// handed unlinks and leaves. So nothing is lost, and nobody's frame is left before all who saw it are done with it.

#pragma once

#include <cstddef>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/hub/giver.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/detail/hub/outcome.hpp>

namespace tendril::detail {

struct SharedWaiter;
struct SharedWatch;

class SharedWaitQueue {
public:
    // `object` names what is waited for in the report of misuse: "a SharedQueue".
    explicit SharedWaitQueue(const char* object, Giver giver = {}) noexcept;
    SharedWaitQueue(const SharedWaitQueue&) = delete;
    SharedWaitQueue& operator=(const SharedWaitQueue&) = delete;

    // Requires: nobody waits. Prints who does and aborts otherwise: they would wake in freed memory.
    ~SharedWaitQueue();

    // Suspends. `held` is unlocked meanwhile, and when it returns or throws.
    // Returns: handed, signalled, timed_out or closed. Throws: Interrupt, HubBlocked; then nothing was handed.
    Outcome wait(MutexLock& held, const char* what, void* slot, Deadline deadline);

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
    // `ready`. What it observes must outlive it. `mutex` is the owner's, held.
    void observe(Mutex& mutex, Observer& observer, bool ready) const;
    void notify_observers() noexcept;

private:
    friend struct SharedWaiter;
    void* first_slot() noexcept;
    const char* object_;
    const Giver giver_;
    List<SharedWaiter> waiters_;
    mutable List<SharedWatch> watches_;
};

}  // namespace tendril::detail
