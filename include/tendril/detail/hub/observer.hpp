// SPDX-License-Identifier: MIT
//
// Observer: is notified of an event: a green thread's end, a result, an Event's setting. Not for users.
//
// Notified once, already out of the list, by the code that caused the event, on that code's stack: notify() must not
// wait or throw. It may unlink other observers of the same object, which then are not notified.

#pragma once

#include <memory>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct Observer : ListNode {
    // The link between the observer and an object that cannot have it in a list: one of another hub's, or of the
    // system.
    struct Bond {
        virtual ~Bond() = default;  // the object no longer notifies the observer
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
