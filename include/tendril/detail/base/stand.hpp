// SPDX-License-Identifier: MIT
//
// Stand: lies on the stack of a green thread that waits for something, and says after the wait whether that still
// exists: once nobody waits for it any more, those that it has woken may find it destroyed. Not for users.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

// Those at one object, which owns this.
class Stands {
public:
    void clear() noexcept {
        while (all_.pop_front() != nullptr) {
        }
    }

private:
    friend class Stand;
    List<ListNode> all_;
};

class Stand : private ListNode {
public:
    explicit Stand(Stands& at) noexcept;

    // Whether the object still exists, and has not called clear() since.
    bool counts() const noexcept { return linked(); }
};

}  // namespace tendril::detail
