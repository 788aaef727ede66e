// SPDX-License-Identifier: MIT
//
// AsyncState: the state that an Async and its senders share.
//
// The hub owns everything but `sent`, `alive` and `mailbox`. While it has a send to run, it is in the mailbox, then in
// the hub's callback list; `self` keeps it alive meanwhile, and belongs to the sender that set `sent`, then to the hub.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include <tendril/site.hpp>

#include "context/os_thread.hpp"
#include "hub/described.hpp"
#include "hub/hub_callback.hpp"
#include "hub/mailbox.hpp"
#include "hub/presence.hpp"

namespace tendril::detail {

struct AsyncState final : Letter, HubCallback {
    const std::shared_ptr<Mailbox> mailbox;
    std::atomic<bool> sent{false};    // in the mailbox or on its way to run(): another send changes nothing
    std::atomic<bool> alive{true};    // its Async lives
    Callback<void()> callback;        // the hub's
    struct Lives final : Described {  // in the hub's list of all Asyncs
        AsyncState& async;
        explicit Lives(AsyncState& a) noexcept : async(a) {}
        void describe(WatcherInfo& out) const override;
        void end_in_child() noexcept override;
    } lives{*this};
    Presence keeps;  // in the hub's list of what it sleeps for
    bool running = false;
    std::shared_ptr<AsyncState> self;
    std::shared_ptr<AsyncState> misplaced;  // itself, forever: see ~Async()
    AsyncState* next_misplaced = nullptr;

    const Site where;
    const std::uint64_t owner = OsThread::current_serial();

    AsyncState(std::shared_ptr<Mailbox> box, Callback<void()> f, Site at)
        : Letter(&AsyncState::arrived), mailbox(std::move(box)), callback(std::move(f)), where(at) {}

    static void arrived(Letter& letter, bool hub_lives) noexcept;
    void run() noexcept override;
    void dropped() noexcept override {
        HubCallback::unlink();
        const std::shared_ptr<AsyncState> keep = std::move(self);  // may be the last
        sent.store(false, std::memory_order_release);              // from now on `self` is a sender's
    }
};

}  // namespace tendril::detail
