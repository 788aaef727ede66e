// SPDX-License-Identifier: MIT
//
// Expiry: an interrupt with an identity, such as a Timeout's, once it has come about.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

// Waits in its green thread's list to be thrown. Lives with its maker, who unlinks it when it is no longer wanted.
struct Expiry : ListNode {
    void (*raise)(Expiry&);  // throws; unlinked already
    explicit Expiry(void (*r)(Expiry&)) noexcept : raise(r) {}
};

}  // namespace tendril::detail
