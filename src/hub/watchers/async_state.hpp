// SPDX-License-Identifier: MIT
//
// AsyncState: what an Async and its senders share.
//
// The hub's: everything but `sent`, `alive` and `mailbox`. It is in the mailbox, then in the hub's callback list, while
// it has a send to run; `self` keeps it meanwhile, and belongs to whoever set `sent`, then to the hub.

#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "hub/hub_callback.hpp"
#include "hub/mailbox.hpp"
#include "hub/presence.hpp"

namespace tendril::detail {

struct AsyncState final : Letter, HubCallback {
    const std::shared_ptr<Mailbox> mailbox;
    std::atomic<bool> sent{false};  // in the mailbox or on its way to run(): one more send changes nothing
    std::atomic<bool> alive{true};  // its Async is
    Callback<void()> callback;      // the hub's
    Presence lives;                 // in the hub's lists: of all Asyncs,
    Presence keeps;                 // and of what keeps it asleep
    bool running = false;
    std::shared_ptr<AsyncState> self;
    std::shared_ptr<AsyncState> misplaced;  // itself, for good: see ~Async()
    AsyncState* next_misplaced = nullptr;

    AsyncState(std::shared_ptr<Mailbox> box, Callback<void()> f)
        : Letter(&AsyncState::arrived), mailbox(std::move(box)), callback(std::move(f)) {}

    static void arrived(Letter& letter, bool hub_lives) noexcept;
    void run() noexcept override;
    void forked() noexcept override {
        HubCallback::unlink();
        self = nullptr;  // perhaps the last that held it
    }
};

}  // namespace tendril::detail
