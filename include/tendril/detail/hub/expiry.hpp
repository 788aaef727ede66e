// SPDX-License-Identifier: MIT
//
// Expiry: a pending interrupt with an identity, such as that of a Timeout.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

// Lies in its green thread's list until it is thrown. Lives with its maker, which unlinks it when it is no longer
// wanted.
struct Expiry : ListNode {
    void (*raise)(Expiry&);  // throws; is already unlinked when called
    explicit Expiry(void (*r)(Expiry&)) noexcept : raise(r) {}
};

}  // namespace tendril::detail
