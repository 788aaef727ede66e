// SPDX-License-Identifier: MIT
//
// Signal: a watcher of a signal.

#include <string>
#include <utility>

#include "hub/hub_core.hpp"
#include "hub/signals.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using namespace detail;

struct SignalState final : WatcherState {
    const int number;
    Signal::Callback callback;
    struct Node final : SignalNode {
        SignalState& state;
        explicit Node(SignalState& s) noexcept : state(s) {}
        void came() noexcept override { state.due(); }
    } node{*this};

    SignalState(int which, Signal::Callback f, bool ref)
        : WatcherState("a Signal watcher's callback", ref), number(which), callback(std::move(f)) {}

    void on_start() override { hub().have_signals().watch(number, node); }
    void on_stop() noexcept override { hub().signals->unwatch(number, node); }
    void call() override { callback(number); }
    std::string detail() const override { return "signal " + std::to_string(number); }
};

}  // namespace

Signal::Signal(int number, Callback callback, WatcherOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              detail::require_callback(callback, "a Signal watcher");
              return std::make_unique<SignalState>(number, std::move(callback), options.ref);
          }(),
          at, options.priority) {}

int Signal::number() const {
    return static_cast<SignalState&>(state()).number;
}

}  // namespace tendril
