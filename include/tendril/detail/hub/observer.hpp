// SPDX-License-Identifier: MIT
//
// Observer: is notified when something has come about: a green thread's end, a result, an Event. Not for users.
//
// Notified once, and no longer in the list then. By whoever brought it about, on its stack: notify() must not wait or
// throw. It may unlink other observers of the same thing, which then are not notified.

#pragma once

#include <memory>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct Observer : ListNode {
    // What stands between it and a thing that cannot have it in a list: one of another hub's, or of the system.
    struct Bond {
        virtual ~Bond() = default;  // the thing does not notify it any more
    };

    void (*notify)(Observer&) noexcept;
    std::unique_ptr<Bond> bond;

    explicit Observer(void (*f)(Observer&) noexcept) noexcept : notify(f) {}
};

inline void notify_all(List<Observer>& observers) noexcept {
    while (Observer* first = observers.pop_front()) {
        first->notify(*first);
    }
}

}  // namespace tendril::detail
