// SPDX-License-Identifier: MIT
//
// HubCallback: user code to be run by the hub's own green thread, such as a link or a watcher's callback.
//
// It is in the hub's list from here::post() until it runs.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

class HubCallback : public ListNode {
public:
    virtual void run() noexcept = 0;  // reports what the user's code throws
    // In the child, if in the list: leaves it if it concerns only the parent.
    virtual void forked() noexcept {}

protected:
    ~HubCallback() = default;
};

}  // namespace tendril::detail
