// SPDX-License-Identifier: MIT
//
// Periodic: a watcher of the wall clock, by a timerfd that also reports when the clock was set.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <tendril/fd.hpp>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using namespace detail;
using std::chrono::nanoseconds;
using std::chrono::system_clock;

struct PeriodicState final : WatcherState {
    std::int64_t first;
    std::int64_t interval;
    Periodic::Reschedule reschedule;  // empty: by first and interval
    std::int64_t next;
    Periodic::Callback callback;
    Fd timer;
    struct Node : Interest {
        PeriodicState& periodic;
        explicit Node(PeriodicState& state) noexcept
            : Interest(events::read, [](Interest& self, Events) noexcept { static_cast<Node&>(self).periodic.due(); }),
              periodic(state) {}
    } interest{*this};

    PeriodicState(std::int64_t begin, std::int64_t step, Periodic::Reschedule times, Periodic::Callback f, bool ref)
        : WatcherState("a Periodic's callback", ref), first(begin), interval(step), reschedule(std::move(times)),
          next(begin), callback(std::move(f)) {}

    // Returns the first of its times after `now`; INT64_MAX, which never comes, if that is too late for the clock.
    std::int64_t after(std::int64_t now) const {
        if (reschedule) {
            return asked(now);
        }
        std::int64_t since = 0;
        std::int64_t result = 0;
        if (interval == 0 || now < first) {
            return first;
        }
        return __builtin_sub_overflow(now, first, &since) ||
                       __builtin_add_overflow(now - since % interval, interval, &result)
                   ? INT64_MAX
                   : result;
    }

    // A time that has passed would make it due again at once, without end.
    std::int64_t asked(std::int64_t now) const {
        using Step = system_clock::duration;
        const auto time = system_clock::time_point(std::chrono::duration_cast<Step>(nanoseconds(now)));
        const std::int64_t result = saturated_ns(reschedule(time).time_since_epoch());
        if (result <= now) {
            throw std::logic_error("the function of a Periodic returned a time that is not after `now`; the watcher "
                                   "stops. Let it return the first time after its argument");
        }
        return result;
    }

    void arm() {
        int r = 0;
        while ((r = sys::arm_wall_timer(timer.get(), next)) == -ECANCELED) {
            if (sys::wall_clock() >= next) {
                break;  // the timer is readable, and will report the same again
            }
            next = after(sys::wall_clock());
        }
        if (r < 0 && r != -ECANCELED) {
            throw std::system_error(-r, std::generic_category(), "cannot set a timer of the wall clock");
        }
    }

    void on_start() override {
        timer = Fd(sys::checked(sys::wall_timer(), "cannot create a timer of the wall clock"));
        try {
            next = after(sys::wall_clock());
            arm();
            if (const int r = hub().descriptors.watch(timer.get(), interest); r < 0) {
                throw std::system_error(-r, std::generic_category(), "cannot watch the wall clock");
            }
        } catch (...) {
            timer.close();
            throw;
        }
    }
    void on_stop() noexcept override {
        hub().descriptors.unwatch(interest);
        timer.close();
    }

    // The timer only hints: the clock decides.
    void call() override {
        std::uint64_t times = 0;
        const bool clock_was_set = sys::read(timer.get(), &times, sizeof times) == -ECANCELED;
        const std::int64_t now = sys::wall_clock();
        const bool is_time = now >= next;
        if (is_time && interval == 0 && !reschedule) {
            stop();
        } else {
            go_on(now, is_time || clock_was_set || !reschedule);
        }
        if (is_time) {
            callback();
        }
    }

    // Stops, and reports the error, if there is no next time.
    void go_on(std::int64_t now, bool with_a_new_time) noexcept {
        try {
            if (const std::int64_t time = with_a_new_time ? after(now) : next; active()) {
                next = time;
                arm();
            }
        } catch (...) {
            stop();
            here::report({0, {}, where(), "a Periodic's function"}, std::current_exception());
        }
    }

    void call_fed() override { callback(); }
    std::string detail() const override {
        const std::int64_t left = next - std::min(next, sys::wall_clock());
        return next == INT64_MAX ? "never" : "in " + std::to_string(left / 1'000'000) + " ms";
    }

    void set(std::int64_t begin, std::int64_t step, Periodic::Reschedule times) {
        const bool restart = active();
        stop();
        first = begin;
        interval = step;
        reschedule = std::move(times);
        if (restart) {
            start();
        }
    }

    void called() override { hub().descriptors.rearm(interest); }
};

void require_function(const Periodic::Reschedule& reschedule) {
    if (!reschedule) {
        throw std::invalid_argument("a Periodic needs a function that returns its times; this one is empty");
    }
}

}  // namespace

Periodic::Periodic(SinceEpoch first, Duration interval, Callback callback, WatcherOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              detail::require_callback(callback, "a Periodic");
              return std::make_unique<PeriodicState>(first.ns, interval.count(), Reschedule(), std::move(callback),
                                                     options.ref);
          }(),
          at, options.priority) {}

Periodic::Periodic(Reschedule reschedule, Callback callback, WatcherOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              detail::require_callback(callback, "a Periodic");
              require_function(reschedule);
              return std::make_unique<PeriodicState>(0, 0, std::move(reschedule), std::move(callback), options.ref);
          }(),
          at, options.priority) {}

void Periodic::set(SinceEpoch first, Duration interval) {
    static_cast<PeriodicState&>(state()).set(first.ns, interval.count(), {});
}

void Periodic::set(Reschedule reschedule) {
    auto& periodic = static_cast<PeriodicState&>(state());
    require_function(reschedule);
    periodic.set(0, 0, std::move(reschedule));
}

void Periodic::again() {
    auto& periodic = static_cast<PeriodicState&>(state());
    periodic.stop();
    periodic.start();
}

system_clock::time_point Periodic::next() const {
    return system_clock::time_point(nanoseconds(static_cast<PeriodicState&>(state()).next));
}

}  // namespace tendril
