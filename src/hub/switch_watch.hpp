// SPDX-License-Identifier: MIT
//
// SwitchWatch: what looks on while a hub switches and sleeps. For measuring and recording, by the floor hub alone;
// users have set_switch_observer(). It may look, and change nothing.

#pragma once

#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct SwitchWatch : ListNode {
    // The hub is about to leave `current` for this green thread. A fiber that parks has its waiter; the next one has
    // been taken out of the run queue. One that yields is not in the queue yet, and the next one still is.
    virtual void switches(std::uint64_t to, std::int64_t now_ns) noexcept = 0;
    // No green thread is ready: `current` polls the backend. Then the hub has polled, and may go on.
    virtual void sleeps(std::int64_t now_ns) noexcept = 0;
    virtual void wakes(std::int64_t now_ns) noexcept = 0;

protected:
    ~SwitchWatch() = default;
};

}  // namespace tendril::detail
