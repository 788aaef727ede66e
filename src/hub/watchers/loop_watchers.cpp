// SPDX-License-Identifier: MIT
//
// Idle, Prepare, Check, Fork and Cleanup: watchers of the hub's own doings, each in a list of the hub.

#include <utility>

#include "hub/hub_core.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using detail::HubCore;
using detail::LoopEvent;
using detail::WatcherState;

struct LoopState final : WatcherState {
    detail::Callback<void()> callback;
    detail::List<LoopEvent> HubCore::*list;
    struct Node : LoopEvent {
        LoopState& state;
        explicit Node(LoopState& s) noexcept : state(s) {}
        void due() noexcept override {
            if (state.list == &HubCore::cleanup_watchers) {
                state.run();  // there is no next round of callbacks
            } else {
                state.due();
            }
        }
        bool pending() const noexcept override { return state.pending(); }
    } node{*this};

    LoopState(const char* kind, detail::Callback<void()> f, detail::List<LoopEvent> HubCore::*where, bool ref)
        : WatcherState(kind, ref), callback(std::move(f)), list(where) {}

    void on_start() override { (hub().*list).push_back(node); }
    void on_stop() noexcept override { node.unlink(); }
    void call() override {
        if (list == &HubCore::cleanup_watchers) {
            stop();  // its one event
        }
        callback();
    }
    void call_fed() override { callback(); }
    void forked() noexcept override {
        if (list != &HubCore::fork_watchers) {
            stop();
        }
    }
};

std::unique_ptr<WatcherState> make(const char* kind, detail::Callback<void()> callback,
                                   detail::List<LoopEvent> HubCore::*list, bool ref) {
    return std::make_unique<LoopState>(kind, std::move(callback), list, ref);
}

}  // namespace

Idle::Idle(detail::Callback<void()> callback, WatcherOptions options, Site at)
    : Watcher(make("an Idle watcher's callback", detail::require_callback(callback, "an Idle watcher"),
                   &HubCore::idle_watchers, options.ref),
              at, options.priority) {}

Prepare::Prepare(detail::Callback<void()> callback, WatcherOptions options, Site at)
    : Watcher(make("a Prepare watcher's callback", detail::require_callback(callback, "a Prepare watcher"),
                   &HubCore::prepare_watchers, options.ref),
              at, options.priority) {}

Check::Check(detail::Callback<void()> callback, WatcherOptions options, Site at)
    : Watcher(make("a Check watcher's callback", detail::require_callback(callback, "a Check watcher"),
                   &HubCore::check_watchers, options.ref),
              at, options.priority) {}

Fork::Fork(detail::Callback<void()> callback, Site at)
    : Watcher(make("a Fork watcher's callback", detail::require_callback(callback, "a Fork watcher"),
                   &HubCore::fork_watchers, false),
              at, 0) {}

Cleanup::Cleanup(detail::Callback<void()> callback, Site at)
    : Watcher(make("a Cleanup watcher's callback", detail::require_callback(callback, "a Cleanup watcher"),
                   &HubCore::cleanup_watchers, false),
              at, 0) {}

}  // namespace tendril
