// SPDX-License-Identifier: MIT
// Floor: hub
//
// AssertSwitches: a guard for tests and suspicious code, which asserts that no stretch of computing is longer than a
// limit.
//
//     AssertSwitches guard(10ms);
//     ... work that waits or yields every now and then ...
//     guard.check();                        // throws if it computed for longer than 10 ms at a stretch
//
// It watches the green thread that made it, from its construction to its end or the last check(). A wait or a yield()
// ends a stretch, even if no other green thread wanted to run. Time in which others run does not count. Guards may be
// nested. Costs nothing where there is none, and two looks at the clock per wait where there is one.
// Example: examples/assert_switches.cpp

#pragma once

#include <chrono>
#include <cstdint>

#include <tendril/duration.hpp>
#include <tendril/site.hpp>

namespace tendril {

namespace detail {
struct Fiber;
}

class AssertSwitches {
public:
    // Begins to watch the running green thread. Throws: std::invalid_argument for a negative limit.
    explicit AssertSwitches(Duration limit, Site where = Site::here());
    AssertSwitches(const AssertSwitches&) = delete;
    AssertSwitches& operator=(const AssertSwitches&) = delete;

    // Reports on standard error what check() would throw, unless check() has thrown it. Must run in the green thread
    // that made it.
    ~AssertSwitches();

    // Throws: std::logic_error if a stretch was longer than the limit, the current one included.
    void check();

    // Returns the longest stretch so far, the current one included.
    std::chrono::nanoseconds longest() const noexcept;

private:
    friend struct detail::Fiber;
    bool exceeded() const noexcept { return longest() > limit_; }

    detail::Fiber& fiber_;
    const std::chrono::nanoseconds limit_;
    const Site where_;
    std::int64_t since_ns_;        // when the current stretch began
    std::int64_t longest_ns_ = 0;  // the longest of the earlier stretches
    AssertSwitches* outer_;        // the next one of this green thread
    bool told_ = false;
};

}  // namespace tendril
