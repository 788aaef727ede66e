// SPDX-License-Identifier: MIT
// Floor: hub
//
// Shield: while one lives, no kill and no Timeout is thrown into this green thread; they come at its next yield
// afterwards. For code that must run to its end, such as a destructor that waits. Shields nest. Example:
// examples/kill.cpp

#pragma once

namespace tendril {

namespace detail {
struct Fiber;
}

class Shield {
public:
    [[nodiscard("a Shield ends with its variable: give it a name")]] Shield();
    Shield(const Shield&) = delete;
    Shield& operator=(const Shield&) = delete;
    ~Shield();  // in the same green thread

private:
    detail::Fiber& fiber_;
};

}  // namespace tendril
