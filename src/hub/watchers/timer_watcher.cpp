// SPDX-License-Identifier: MIT
//
// Timer: a watcher of time.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "hub/hub_core.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using detail::WatcherState;

struct TimerState final : WatcherState {
    Duration after;
    Duration repeat;
    std::int64_t when = 0;
    Timer::Callback callback;
    struct Node : detail::Timer {
        TimerState& state;
        explicit Node(TimerState& s) noexcept : Timer(&TimerState::fired), state(s) {}
    } timer{*this};

    TimerState(Duration first, Duration next, Timer::Callback f, bool ref)
        : WatcherState("a Timer's callback", ref), after(first), repeat(next), callback(std::move(f)) {}

    // In the background: the watcher's reference, and not this timer, decides whether the hub sleeps for it or throws
    // LoopExit.
    void arm(std::int64_t at) {
        disarm();
        hub().timers.arm_background(timer, at);
        when = at;
    }
    void disarm() noexcept { hub().timers.cancel(timer); }

    static void fired(detail::Timer& timer) noexcept { static_cast<Node&>(timer).state.due(); }

    void on_start() override { arm(Deadline(after).ns()); }
    void on_stop() noexcept override { disarm(); }

    void call() override {
        if (repeat > Duration()) {
            arm(std::max(Deadline::now_ns(), when + std::min(repeat.count(), INT64_MAX - when)));
        } else {
            stop();
        }
        callback();
    }
};

}  // namespace

Timer::Timer(Duration after, Callback callback, TimerOptions options)
    : Watcher([&]() -> std::unique_ptr<WatcherState> {
          detail::require_callback(callback, "a Timer");
          return std::make_unique<TimerState>(after, options.repeat, std::move(callback), options.ref);
      }()) {}

void Timer::again() {
    auto& timer = static_cast<TimerState&>(state());
    timer.stop();
    if (timer.repeat > Duration()) {
        timer.start();
        timer.arm(Deadline(timer.repeat).ns());
    }
}

std::chrono::nanoseconds Timer::remaining() const noexcept {
    if (!active()) {
        return std::chrono::nanoseconds(0);
    }
    const auto& timer = static_cast<TimerState&>(state());
    return Deadline(Deadline::Clock::time_point(std::chrono::nanoseconds(timer.when))).remaining();
}

}  // namespace tendril
