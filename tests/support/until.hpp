// SPDX-License-Identifier: MIT
//
// For tests in which a green thread must have reached a certain place first: yield() alone does not take it there,
// because a call may let others run before it begins to wait.

#pragma once

#include <cstddef>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

namespace tendril::testing {

// Lets others run until this many of them wait for descriptors.
inline void until_waiting_for_io(std::size_t count) {
    while (Hub::current().stats().waiting_for_io != count) {
        yield();
    }
}

// ... until this many objects keep the hub alive: waits for child processes, or in communicate().
inline void until_keeping_alive(std::size_t count) {
    while (Hub::current().stats().keeping_alive != count) {
        yield();
    }
}

}  // namespace tendril::testing
