// SPDX-License-Identifier: MIT
//
// Observer: is told when something has come about: a green thread's end, a result, an Event. Not for users.
//
// Told once, and no longer in the list then. By whoever brought it about, on its stack: told() must not wait or throw.
// It may unlink other observers of the same thing, which then are not told.

#pragma once

#include <tendril/detail/list.hpp>

namespace tendril::detail {

struct Observer : ListNode {
    void (*told)(Observer&) noexcept;
    explicit Observer(void (*f)(Observer&) noexcept) noexcept : told(f) {}
};

inline void tell_all(List<Observer>& observers) noexcept {
    while (Observer* first = observers.pop_front()) {
        first->told(*first);
    }
}

}  // namespace tendril::detail
