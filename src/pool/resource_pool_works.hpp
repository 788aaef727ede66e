// SPDX-License-Identifier: MIT
//
// Resources for the tests of ResourcePool, which count them.

#pragma once

#include <algorithm>
#include <functional>

#include <tendril/event.hpp>

namespace tendril::testing {

// Neither movable nor default constructible; counts those that exist.
struct Thing {
    int number;
    int& alive;
    Event* closing = nullptr;  // its destructor waits for this
    bool broken = false;

    Thing(int n, int& counter) : number(n), alive(counter) { ++alive; }
    Thing(const Thing&) = delete;
    Thing& operator=(const Thing&) = delete;
    ~Thing() {
        if (closing != nullptr) {
            closing->wait();
        }
        --alive;
    }
};

struct Works {
    int made = 0;
    int alive = 0;
    int most = 0;
    std::function<Thing()> create() {
        return [this] {
            most = std::max(most, alive + 1);
            return Thing(++made, alive);
        };
    }
};

}  // namespace tendril::testing
