// SPDX-License-Identifier: MIT
// Floor: sync
//
// Notifier: lets green threads of its hub wait for a type of your own, alone or among other things: wait(), iwait() and
// get_any() take whatever has ready() and observe().
//
//     class Download {
//     public:
//         bool ready() const { return ended_; }                                  // does not wait
//         void observe(Observer& observer) const { ends_.observe(observer); }    // who is told when it becomes ready
//     private:
//         void end() { ended_ = true; ends_.notify(); }                          // first the state, then this
//         bool ended_ = false;
//         Notifier ends_;
//     };
//     wait({AnyWaitable(download), AnyWaitable(stop)}, 5s, 1);
//
// A type made of what is waitable already needs none: it has that one's ready() and passes the observer on to its
// observe(). For a type that several OS threads use there is shared_notifier.hpp. Example: examples/notifier.cpp

#pragma once

#include <tendril/detail/hub/observer.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril {

// One wait for one thing; only to be passed on.
using Observer = detail::Observer;

class Notifier {
public:
    Notifier() = default;

    // Requires: nobody waits. Aborts otherwise: let it outlive the waits.
    ~Notifier() = default;

    // Wakes all who wait, in the order in which they came; they return even if it is not ready any more when they run.
    // Never switches. Throws: WrongThread.
    void notify() {
        observers_.check_thread();
        observers_.notify_observers();
    }

    // For observe() of the type that has it: the observer is told by the next notify(), or forgotten when its wait
    // ends before. Cost: no allocation. Throws: WrongThread.
    void observe(Observer& observer) const { observers_.observe(observer); }

private:
    detail::WaitQueue observers_{"what has a Notifier"};
};

}  // namespace tendril
