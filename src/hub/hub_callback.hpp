// SPDX-License-Identifier: MIT
//
// HubCallback: user code to be run by the hub's own green thread, such as a link or a watcher's callback.
//
// It is in the hub's list from here::post() until it runs.

#pragma once

#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

inline constexpr int lowest_priority = -2;
inline constexpr int highest_priority = 2;

class HubCallback : public ListNode {
public:
    std::int16_t rank = 0;            // its priority: of those due together the highest run first
    virtual void run() noexcept = 0;  // reports what the user's code throws
    // If it is in the list at the hub's end, or in the child of a fork(): leaves it if it will not run. May destroy it.
    virtual void dropped() noexcept {}

protected:
    ~HubCallback() = default;
};

}  // namespace tendril::detail
