// SPDX-License-Identifier: MIT
// Floor: sync
//
// What queues of all kinds throw when there is nothing to get, no room to put, or an end.

#pragma once

#include <stdexcept>

#include <tendril/detail/hub/outcome.hpp>

namespace tendril {

// get() and peek() when nothing came in time, or at once.
class Empty : public std::runtime_error {
public:
    Empty() : std::runtime_error("the queue is empty") {}
};

// put() when no room was made in time, or at once.
class Full : public std::runtime_error {
public:
    Full() : std::runtime_error("the queue is full") {}
};

// Every call on a queue that was shut down; get() only once it is empty.
class ShutDown : public std::runtime_error {
public:
    ShutDown() : std::runtime_error("the queue was shut down") {}
};

namespace detail {
[[noreturn]] void throw_not_put(Outcome why);  // Full or ShutDown
[[noreturn]] void throw_not_got(Outcome why);  // Empty or ShutDown
}  // namespace detail

}  // namespace tendril
