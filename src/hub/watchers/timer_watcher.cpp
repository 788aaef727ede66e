// SPDX-License-Identifier: MIT
//
// Timer: a watcher of time.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
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
    std::int64_t postponed = 0;  // when it was armed, HubCore::postponed_ns
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
        postponed = hub().postponed_ns;
    }
    std::int64_t due_ns() const noexcept {
        const std::int64_t more = hub().postponed_ns - postponed;
        return when + std::min(more, INT64_MAX - when);
    }
    void disarm() noexcept { hub().timers.cancel(timer); }

    static void fired(detail::Timer& timer) noexcept { static_cast<Node&>(timer).state.due(); }

    void on_start() override { arm(Deadline(after).ns()); }
    void on_stop() noexcept override { disarm(); }

    void call() override {
        if (repeat > Duration()) {
            const std::int64_t was = due_ns();
            arm(std::max(Deadline::now_ns(), was + std::min(repeat.count(), INT64_MAX - was)));
        } else {
            stop();
        }
        callback();
    }
    void call_fed() override { callback(); }

    std::string detail() const override {
        const auto seconds = [](std::int64_t ns) {
            char text[48];
            std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(ns) / 1e9);
            return std::string(text);
        };
        return "in " + seconds(std::max<std::int64_t>(due_ns() - Deadline::now_ns(), 0)) +
               (repeat > Duration() ? ", every " + seconds(repeat.count()) : std::string());
    }
};

}  // namespace

Timer::Timer(Duration after, Callback callback, TimerOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              detail::require_callback(callback, "a Timer");
              return std::make_unique<TimerState>(after, options.repeat, std::move(callback), options.ref);
          }(),
          at, options.priority) {}

void Timer::again() {
    auto& timer = static_cast<TimerState&>(state());
    timer.stop();
    if (timer.repeat > Duration()) {
        timer.start();
        timer.arm(Deadline(timer.repeat).ns());
    }
}

void Timer::set(Duration after, Duration repeat) {
    auto& timer = static_cast<TimerState&>(state());
    const bool restart = timer.active();
    timer.stop();
    timer.after = after;
    timer.repeat = repeat;
    if (restart) {
        timer.start();
    }
}

Duration Timer::repeat() const {
    return static_cast<TimerState&>(state()).repeat;
}

std::chrono::nanoseconds Timer::remaining() const noexcept {
    if (!active()) {
        return std::chrono::nanoseconds(0);
    }
    const auto& timer = static_cast<TimerState&>(state());
    return Deadline(Deadline::Clock::time_point(std::chrono::nanoseconds(timer.due_ns()))).remaining();
}

}  // namespace tendril
