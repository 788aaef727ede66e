// SPDX-License-Identifier: MIT
//
// LoopEvent: a watcher of the hub's own doings (Idle, Prepare, Check, Fork), in one of the hub's lists.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

class LoopEvent : public ListNode {
public:
    virtual void due() noexcept = 0;
    virtual bool pending() const noexcept = 0;

protected:
    ~LoopEvent() = default;
};

}  // namespace tendril::detail
