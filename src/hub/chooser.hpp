// SPDX-License-Identifier: MIT
//
// Chooser: decides the order of events in place of the hub, for tests that try every order (docs/design/0005).
//
// The hub asks it before every switch. Time then passes from deadline to deadline, when the Chooser says so, whatever
// the clock; the hub polls descriptors only when nothing is ready and no timer is armed.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tendril::detail {

class Chooser {
public:
    // Whether to advance time to the next deadline. `must`: nothing else can run, so the answer is ignored and time
    // advances.
    virtual bool pass_time(std::int64_t next_ns, bool must) noexcept = 0;
    virtual std::size_t pick(std::size_t ready) noexcept = 0;  // which of two or more runs next

protected:
    ~Chooser() = default;
};

}  // namespace tendril::detail
