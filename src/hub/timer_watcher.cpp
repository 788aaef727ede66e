// SPDX-License-Identifier: MIT
//
// Timer, the watcher.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "hub/watcher_state.hpp"

namespace tendril {

namespace {

using detail::WatcherState;

// From now on; one that is too far away for the clock never comes.
std::int64_t in(std::int64_t ns) noexcept {
    std::int64_t at = 0;
    return __builtin_add_overflow(Deadline::now_ns(), ns, &at) ? INT64_MAX : at;
}

struct TimerState final : WatcherState {
    std::int64_t after;
    std::int64_t repeat;
    std::int64_t when = 0;
    Timer::Callback callback;
    struct Node : detail::Timer {
        TimerState& state;
        explicit Node(TimerState& s) noexcept : Timer(&TimerState::fired), state(s) {}
    } timer{*this};

    TimerState(std::chrono::nanoseconds first, std::chrono::nanoseconds next, Timer::Callback f, bool ref)
        : WatcherState("a Timer's callback", ref), after(first.count()), repeat(next.count()), callback(std::move(f)) {}

    // Whether the hub sleeps for it, the reference says; the timer itself hides no LoopExit.
    void arm(std::int64_t at) {
        disarm();
        hub().timers.arm(timer, at);
        when = at;
        ++hub().background_timers;
    }
    void disarm() noexcept {
        if (timer.armed()) {
            hub().timers.cancel(timer);
            --hub().background_timers;
        }
    }

    static void fired(detail::Timer& timer) noexcept {
        TimerState& state = static_cast<Node&>(timer).state;
        --state.hub().background_timers;
        state.due();
    }

    void on_start() override { arm(in(after)); }
    void on_stop() noexcept override { disarm(); }

    void call() override {
        if (repeat > 0) {
            arm(std::max(Deadline::now_ns(), when + std::min(repeat, INT64_MAX - when)));
        } else {
            stop();
        }
        callback();
    }
};

}  // namespace

Timer::Timer(std::chrono::nanoseconds after, Callback callback, TimerOptions options)
    : Watcher([&]() -> std::unique_ptr<WatcherState> {
          if (after.count() < 0 || options.repeat.count() < 0) {
              throw std::invalid_argument("a Timer's times cannot be negative");
          }
          detail::require_callback(callback, "a Timer");
          return std::make_unique<TimerState>(after, options.repeat, std::move(callback), options.ref);
      }()) {}

void Timer::again() {
    auto& timer = static_cast<TimerState&>(state());
    timer.stop();
    if (timer.repeat > 0) {
        timer.start();
        timer.arm(in(timer.repeat));
    }
}

std::chrono::nanoseconds Timer::remaining() const noexcept {
    if (!active()) {
        return std::chrono::nanoseconds(0);
    }
    const auto& timer = static_cast<TimerState&>(state());
    return std::chrono::nanoseconds(std::max<std::int64_t>(timer.when - Deadline::now_ns(), 0));
}

}  // namespace tendril
