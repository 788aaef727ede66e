// SPDX-License-Identifier: MIT
//
// Described: a watcher or an Async, in one of its hub's lists, which can say what it is: for snapshots and the dump.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril {
struct WatcherInfo;
}

namespace tendril::detail {

class Described : public ListNode {
public:
    virtual void describe(WatcherInfo& out) const = 0;  // throws std::bad_alloc
    // Of an Async, in the child of a fork(), once its mailbox and its hub have dropped what was sent: no send arrives
    // any more. No longer in the list.
    virtual void end_in_child() noexcept {}

protected:
    ~Described() = default;
};

}  // namespace tendril::detail
