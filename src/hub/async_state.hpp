// SPDX-License-Identifier: MIT
//
// AsyncState: what an Async and its senders share.
//
// The hub's: everything but `sent` and `mailbox`. It is in the hub's callback list while it has a send to run.

#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "hub/hub_core.hpp"

namespace tendril::detail {

struct AsyncState final : HubCallback, std::enable_shared_from_this<AsyncState> {
    const std::shared_ptr<Mailbox> mailbox;
    std::atomic<bool> sent{false};   // in the mailbox or on its way to run(): one more send changes nothing
    std::atomic<bool> alive{true};   // its Async is
    std::function<void()> callback;  // the hub's
    bool keep_alive;
    bool running = false;
    std::shared_ptr<AsyncState> self;  // while in the callback list

    AsyncState(std::shared_ptr<Mailbox> box, std::function<void()> f, bool keep)
        : mailbox(std::move(box)), callback(std::move(f)), keep_alive(keep) {}

    void arrived(HubCore& hub) noexcept;
    void run(HubCore& hub) noexcept override;
};

}  // namespace tendril::detail
