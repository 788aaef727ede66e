// SPDX-License-Identifier: MIT
//
// Expiry: a pending interrupt with an identity, such as that of a Timeout.

#pragma once

#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

// The wait that an interrupt breaks off, or keeps from beginning.
struct BrokenWait {
    const char* call;           // "recv"; lives as long as the process
    bool begun = false;         // false: the green thread was about to wait
    std::int64_t since_ns = 0;  // when it began, by the hub's clock; 0: unknown
};

// Lies in its green thread's list until it is thrown. Lives with its maker, which unlinks it when it is no longer
// wanted.
struct Expiry : ListNode {
    void (*raise)(Expiry&, const BrokenWait&);  // throws; is already unlinked when called
    explicit Expiry(void (*r)(Expiry&, const BrokenWait&)) noexcept : raise(r) {}
};

}  // namespace tendril::detail
