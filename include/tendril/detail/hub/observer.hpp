// SPDX-License-Identifier: MIT
//
// Observer: is told when something has come about: a green thread's end, a result, an Event. Not for users.
//
// Told once, and no longer in the list then. By whoever brought it about, on its stack: told() must not wait or throw.
// It may unlink other observers of the same thing, which then are not told.

#pragma once

#include <memory>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct Observer : ListNode {
    // What stands between it and a thing that cannot have it in a list: one of another hub's, or of the system.
    struct Bond {
        virtual ~Bond() = default;  // the thing does not tell it any more
    };

    void (*told)(Observer&) noexcept;
    std::unique_ptr<Bond> bond;

    explicit Observer(void (*f)(Observer&) noexcept) noexcept : told(f) {}
};

inline void tell_all(List<Observer>& observers) noexcept {
    while (Observer* first = observers.pop_front()) {
        first->told(*first);
    }
}

}  // namespace tendril::detail
