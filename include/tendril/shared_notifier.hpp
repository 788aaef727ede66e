// SPDX-License-Identifier: MIT
// Floor: sync
//
// SharedNotifier: a Notifier between OS threads. Green threads of any hub wait by it for a type of your own, which any
// OS thread makes ready.
//
//     class Job {
//     public:
//         bool ready() const { return ended_.load(); }
//         void observe(Observer& o) const { ends_.observe(o, [this] { return ready(); }); }
//     private:
//         void end() { ended_ = true; ends_.notify(); }                          // in any OS thread
//         std::atomic<bool> ended_ = false;
//         SharedNotifier ends_;
//     };
//
// Every call may be made by any OS thread, and neither waits nor switches. It must not be destroyed before the last
// notify() has returned. Within one hub a Notifier costs less.

#pragma once

#include <concepts>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/sync/shared_wait.hpp>
#include <tendril/notifier.hpp>

namespace tendril {

class SharedNotifier {
public:
    SharedNotifier() = default;

    // Requires: nobody waits, and no call goes on. Aborts when somebody waits.
    ~SharedNotifier() = default;

    // Wakes all who wait, also if the state has changed again when they run.
    void notify() const;

    // For observe() of the type that has it. `ready` is called once more, after the observer is in the list, so that
    // what another OS thread did since the caller asked is not missed. Cost: an allocation.
    // Throws: std::bad_alloc; what `ready` throws.
    template <std::predicate Ready>
    void observe(Observer& observer, Ready ready) const {
        observe_next(observer);
        if (ready()) {
            notify();
        }
    }

private:
    void observe_next(Observer& observer) const;

    mutable detail::SharedMutex mutex_{detail::Rank::shared};
    mutable detail::SharedWaitQueue observers_ TENDRIL_GUARDED_BY(mutex_){mutex_, "what has a SharedNotifier"};
};

}  // namespace tendril
