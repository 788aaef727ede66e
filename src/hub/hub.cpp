// SPDX-License-Identifier: MIT
//
// The public face: Hub and Async.

#include <tendril/hub.hpp>

#include <stdexcept>
#include <utility>

#include "base/report.hpp"
#include "hub/async_state.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::AsyncState;
using detail::HubCore;

Hub& Hub::current() {
    return HubCore::here().facade;
}

void Hub::set_error_handler(ErrorHandler handler) {
    HubCore::require_here("a Hub", core_.os.serial);
    core_.error_handler = std::move(handler);
}

void Hub::dump(std::ostream& out) const {
    HubCore::require_here("a Hub", core_.os.serial);
    core_.describe_fibers(out);
}

HubStats Hub::stats() const noexcept {
    return {core_.live,          core_.os.stacks.used(),         core_.os.stacks.free(),
            core_.timers.size(), core_.descriptors.open_count(), core_.descriptors.waiting(),
            core_.keepalive};
}

const char* Hub::backend() const noexcept {
    return core_.backend->name();
}

namespace detail {

bool Mailbox::send(std::shared_ptr<AsyncState> async) {
    const std::lock_guard lock(mutex_);
    if (backend_ == nullptr) {
        return false;
    }
    sent_.push_back(std::move(async));
    any_.store(true, std::memory_order_release);
    backend_->wake();
    return true;
}

std::vector<std::shared_ptr<AsyncState>> Mailbox::take() {
    const std::lock_guard lock(mutex_);
    any_.store(false, std::memory_order_release);
    return std::exchange(sent_, {});
}

void Mailbox::close() noexcept {
    std::vector<std::shared_ptr<AsyncState>> unread;
    const std::lock_guard lock(mutex_);
    backend_ = nullptr;
    unread.swap(sent_);
}

void AsyncState::arrived(HubCore& hub) noexcept {
    if (!alive.load(std::memory_order_relaxed)) {
        return;
    }
    self = shared_from_this();
    hub.post(*this);
}

void AsyncState::run(HubCore& hub) noexcept {
    const std::shared_ptr<AsyncState> keep = std::move(self);
    sent.store(false, std::memory_order_release);  // a send from now on is a new one
    if (alive.load(std::memory_order_relaxed)) {
        struct Running {
            AsyncState& self;
            ~Running() {
                self.running = false;
                if (!self.alive.load(std::memory_order_relaxed)) {
                    self.callback = nullptr;  // its Async was destroyed by the callback itself
                }
            }
        } now{*this};
        running = true;
        try {
            callback();
        } catch (...) {
            hub.report({0, {}, {}, "Async callback"}, std::current_exception());
        }
    }
}

}  // namespace detail

Async::Async(std::function<void()> callback, bool keep_alive) {
    if (!callback) {
        throw std::invalid_argument("an Async needs a callback; this one is empty");
    }
    HubCore& hub = HubCore::here();
    hub.have_callback_fiber();
    state_ = std::make_shared<AsyncState>(hub.mailbox, std::move(callback), keep_alive);
    ++hub.asyncs;
    hub.keepalive += keep_alive ? 1 : 0;
}

Async::~Async() {
    HubCore* hub = HubCore::if_any();
    state_->alive.store(false, std::memory_order_relaxed);
    if (hub == nullptr || hub->mailbox != state_->mailbox) {
        if (!state_->mailbox->closed()) {
            detail::report(
                "an Async was destroyed on another OS thread than its own: its hub will not sleep less for it");
        }
        return;
    }
    --hub->asyncs;
    hub->keepalive -= state_->keep_alive ? 1 : 0;
    state_->ListNode::unlink();
    if (!state_->running) {
        state_->callback = nullptr;  // what it captured goes here and now, not with the last sender
    }
    state_->self = nullptr;
}

bool Async::Sender::send_threadsafe() const {
    if (!state_->alive.load(std::memory_order_relaxed)) {
        return false;
    }
    if (state_->sent.exchange(true, std::memory_order_acq_rel)) {
        return true;
    }
    bool heard = false;
    try {
        heard = state_->mailbox->send(state_);
    } catch (...) {
        state_->sent.store(false, std::memory_order_release);
        throw;
    }
    if (!heard) {
        state_->sent.store(false, std::memory_order_release);
    }
    return heard;
}

}  // namespace tendril
