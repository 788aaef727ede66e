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

protected:
    ~Described() = default;
};

}  // namespace tendril::detail
