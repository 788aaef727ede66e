// SPDX-License-Identifier: MIT
//
// Async and its senders.

#include <tendril/hub.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>

#include <tendril/snapshot.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"
#include "hub/watchers/async_state.hpp"

namespace tendril {

using detail::AsyncState;
using detail::HubCore;

namespace detail {

void AsyncState::arrived(Letter& letter, bool hub_lives) noexcept {
    auto& state = static_cast<AsyncState&>(letter);
    if (hub_lives && state.alive.load(std::memory_order_relaxed)) {
        HubCore::here().post(state);
    } else {
        const std::shared_ptr<AsyncState> keep = std::move(state.self);
        state.sent.store(false, std::memory_order_release);
    }
}

void AsyncState::Lives::describe(WatcherInfo& out) const {
    out.kind = "Async";
    out.where = async.where;
    out.keeps_alive = async.keeps.linked();
    out.pending = async.HubCallback::linked();
    out.priority = async.rank;
}

void AsyncState::Lives::end_in_child() noexcept {
    async.alive.store(false, std::memory_order_relaxed);
    async.sent.store(false, std::memory_order_release);
    async.self = nullptr;  // the Async holds it too
}

void AsyncState::run() noexcept {
    const std::shared_ptr<AsyncState> keep = std::move(self);
    sent.store(false, std::memory_order_release);  // from now on a send counts as a new one
    if (alive.load(std::memory_order_relaxed)) {
        running = true;
        const OnExit ended([this] {
            running = false;
            if (!alive.load(std::memory_order_relaxed)) {
                callback = nullptr;  // its Async was destroyed by the callback itself
            }
        });
        try {
            callback();
        } catch (...) {
            HubCore::here().report({0, {}, where, "Async callback"}, std::current_exception());
        }
    }
}

}  // namespace detail

namespace {

// States whose Async was destroyed on a foreign OS thread. They are still in their hub's lists, so that OS thread may
// not free them.
constinit std::atomic<AsyncState*> misplaced{nullptr};

}  // namespace

Async::Async(detail::Callback<void()> callback, WatcherOptions options, Site at) {
    if (!callback) {
        throw std::invalid_argument("an Async needs a callback; this one is empty");
    }
    HubCore& hub = HubCore::here();
    hub.have_callback_fiber();
    state_ = std::make_shared<AsyncState>(hub.mailbox, std::move(callback), at);
    hub.set_rank(*state_, options.priority);
    hub.asyncs.push_back(state_->lives);
    if (options.ref) {
        hub.keeping.push_back(state_->keeps);
    }
}

Async::~Async() {
    if (state_ == nullptr) {
        return;  // it was moved from
    }
    HubCore* hub = HubCore::if_any();
    state_->alive.store(false, std::memory_order_relaxed);
    if (hub == nullptr || hub->mailbox != state_->mailbox) {
        if (!state_->mailbox->closed()) {
            detail::report(
                "an Async was destroyed on an OS thread other than its own: its hub still counts it as alive");
            AsyncState& kept = *state_;
            kept.misplaced = std::move(state_);
            kept.next_misplaced = misplaced.load(std::memory_order_relaxed);
            while (!misplaced.compare_exchange_weak(kept.next_misplaced, &kept, std::memory_order_release)) {
            }
        }
        return;
    }
    state_->lives.unlink();
    state_->keeps.unlink();
    if (state_->mailbox->withdraw(*state_) || state_->HubCallback::linked()) {
        state_->HubCallback::unlink();
        state_->self = nullptr;
    }  // else no send is under way, or one that has not reached the mailbox yet, and will be dropped there
    if (!state_->running) {
        state_->callback = nullptr;  // destroys its captures here and now, not with the last sender
    }
}

void Async::set_priority(int priority) {
    if (state_ == nullptr) {
        throw std::logic_error("this Async was moved from; set the priority of the one it was moved to");
    }
    detail::here::require_owner("an Async", state_->owner);
    HubCore::here().set_rank(*state_, priority);
}

// In the child of a fork() its mailbox is closed, and no send is under way any more.
bool Async::Sender::pending_threadsafe() const noexcept {
    return state_ != nullptr && state_->sent.load(std::memory_order_acquire) &&
           state_->alive.load(std::memory_order_relaxed) && !state_->mailbox->closed();
}

bool Async::Sender::send_threadsafe() const {
    if (state_ == nullptr) {
        throw std::logic_error("this Async was moved from; send through the one it was moved to");
    }
    if (!state_->alive.load(std::memory_order_relaxed)) {
        return false;
    }
    if (state_->sent.exchange(true, std::memory_order_acq_rel)) {
        return true;
    }
    state_->self = state_;
    const bool heard = state_->mailbox->send(*state_);
    if (!heard) {
        state_->self = nullptr;
        state_->sent.store(false, std::memory_order_release);
    }
    return heard;
}

}  // namespace tendril
