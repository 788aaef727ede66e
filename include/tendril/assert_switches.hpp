// SPDX-License-Identifier: MIT
// Floor: hub
//
// AssertSwitches: a guard for tests and suspicious code: "in here, no stretch of computing is longer than this".
//
//     AssertSwitches guard(10ms);
//     ... work that waits or yields every now and then ...
//     guard.check();                        // throws when it did not, for longer than 10 ms at a stretch
//
// It watches the green thread that made it, from there to its end or the last check(); a wait or a yield() ends a
// stretch, also when nobody else wanted to run. What passes while others run is not counted. Guards may be nested.
// Costs nothing where there is none, and two looks at the clock per wait where there is one.
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
    // Throws: std::invalid_argument for a negative limit.
    explicit AssertSwitches(Duration limit, Site where = Site::here());
    AssertSwitches(const AssertSwitches&) = delete;
    AssertSwitches& operator=(const AssertSwitches&) = delete;

    // Reports on standard error what check() would throw, unless that has thrown it. In the green thread that made it.
    ~AssertSwitches();

    // Throws: std::logic_error when a stretch was longer than the limit, the one that goes on included.
    void check();

    // The longest stretch so far.
    std::chrono::nanoseconds longest() const noexcept;

private:
    friend struct detail::Fiber;
    bool exceeded() const noexcept { return longest() > limit_; }

    detail::Fiber& fiber_;
    const std::chrono::nanoseconds limit_;
    const Site where_;
    std::int64_t since_ns_;        // when the stretch that goes on began
    std::int64_t longest_ns_ = 0;  // of those before
    AssertSwitches* outer_;        // the next one of this green thread
    bool told_ = false;
};

}  // namespace tendril
