// SPDX-License-Identifier: MIT
//
// The part that all watchers have in common.

#include "hub/watchers/watcher_state.hpp"

#include <cstring>
#include <utility>

#include <tendril/snapshot.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::OsThread;
using detail::WatcherState;

namespace detail {

WatcherState::WatcherState(const char* kind, bool ref)
    : kind_(kind), hub_(&HubCore::here()), owner_(hub_->os.serial), ref_(ref) {
    hub_->have_callback_fiber();
}

void WatcherState::require_thread() const {
    detail::here::require_owner(kind_, owner_);
    if (hub_ == nullptr) {
        throw std::logic_error(std::string(kind_) + " outlived its hub and cannot be started any more");
    }
}

void WatcherState::start() {
    require_thread();
    if (!active()) {
        on_start();
        hub_->watchers.push_back(*this);
        set_ref(ref_);
    }
}

void WatcherState::stop() noexcept {
    HubCallback::unlink();
    if (active()) {
        ActiveWatcher::unlink();
        keeps_.unlink();
        on_stop();
    }
}

void WatcherState::set_ref(bool ref) noexcept {
    ref_ = ref;
    keeps_.unlink();
    if (active() && ref) {
        hub_->keeping.push_back(keeps_);
    }
}

void WatcherState::drop() noexcept {
    stop();
    held_ = false;
    if (running_ == 0) {
        delete this;
    }
}

// The end of a call of the callback.
void WatcherState::ran() noexcept {
    if (--running_ == 0 && !held_) {
        delete this;
    }
}

void WatcherState::set_priority(int priority) {
    hub_->set_rank(*this, priority);
}

void WatcherState::post() noexcept {
    fed_ = false;
    here::post(*this);
}

void WatcherState::feed() noexcept {
    if (active() && !pending()) {
        post();
        fed_ = true;
    }
}

void WatcherState::invoke() {
    ++running_;
    const OnExit after([this] { ran(); });
    call_fed();
}

template <class Step>
void WatcherState::guarded(Step step) noexcept {
    try {
        step();
    } catch (...) {
        here::report({0, {}, where_, kind_}, std::current_exception());
    }
}

void WatcherState::run() noexcept {
    ++running_;
    const bool fed = std::exchange(fed_, false);
    guarded([&] { fed ? call_fed() : call(); });
    if (held_ && active() && !fed) {
        guarded([&] { called(); });
    }
    ran();
}

std::string WatcherState::detail() const {
    return {};
}

void WatcherState::describe(WatcherInfo& out) const {
    const char* word = std::strchr(kind_, ' ') + 1;  // the second of "a Timer's callback"
    out.kind.assign(word, std::strcspn(word, " '"));
    out.where = where_;
    out.detail = detail();
    out.keeps_alive = keeps_.linked();
    out.pending = pending();
    out.priority = rank;
}

void WatcherState::hub_ended() noexcept {
    stop();
    hub_ = nullptr;
}

void WatcherState::forked() noexcept {
    stop();
}

}  // namespace detail

namespace {

bool foreign(const WatcherState& state, const char* done) noexcept {
    const bool refused = state.owner() != OsThread::current_serial() && state.active();
    if (refused) {
        detail::report(std::string("a watcher was ") + done + " on an OS thread other than its own; it stays active");
    }
    return refused;
}

}  // namespace

Watcher::Watcher(std::unique_ptr<WatcherState> state, Site where, int priority) : state_(state.get()) {
    state_->made_at(where);
    state_->set_priority(priority);
    state_->start();
    static_cast<void>(state.release());
}

Watcher::Watcher(Watcher&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Watcher& Watcher::operator=(Watcher&& other) noexcept {
    if (this != &other) {
        drop();
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

Watcher::~Watcher() {
    drop();
}

void Watcher::drop() noexcept {
    WatcherState* state = std::exchange(state_, nullptr);
    if (state == nullptr) {
        return;
    }
    if (foreign(*state, "destroyed")) {
        return;
    }
    state->drop();
}

WatcherState& Watcher::state() const {
    if (state_ == nullptr) {
        throw std::logic_error("this watcher was moved from");
    }
    state_->require_thread();
    return *state_;
}

void Watcher::start() {
    state().start();
}

void Watcher::stop() noexcept {
    if (state_ != nullptr && !foreign(*state_, "stopped")) {
        state_->stop();
    }
}

bool Watcher::active() const noexcept {
    return state_ != nullptr && state_->active();
}

bool Watcher::pending() const noexcept {
    return state_ != nullptr && state_->pending();
}

void Watcher::set_ref(bool ref) {
    state().set_ref(ref);
}

void Watcher::set_priority(int priority) {
    state().set_priority(priority);
}

void Watcher::feed() {
    state().feed();
}

void Watcher::invoke() {
    state().invoke();
}

Site Watcher::where() const noexcept {
    return state_ != nullptr ? state_->where() : Site{};
}

}  // namespace tendril
