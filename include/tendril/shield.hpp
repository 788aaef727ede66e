// SPDX-License-Identifier: MIT
// Floor: hub
//
// Shield: while one lives, no kill and no Timeout is thrown into this green thread; it is thrown at the first wait or
// yield afterwards. For code that must run to its end, such as a destructor that waits. Shields nest.
// Example: examples/kill.cpp

#pragma once

namespace tendril {

namespace detail {
struct Fiber;
}

class Shield {
public:
    // Shields the running green thread. Throws: as Hub::current(), if this OS thread has no hub yet.
    [[nodiscard("a Shield ends with its variable: give it a name")]] Shield();
    Shield(const Shield&) = delete;
    Shield& operator=(const Shield&) = delete;
    ~Shield();  // Must run in the same green thread. Throws nothing, even if an interrupt is pending.

private:
    detail::Fiber& fiber_;
};

}  // namespace tendril
