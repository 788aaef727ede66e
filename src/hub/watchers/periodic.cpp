// SPDX-License-Identifier: MIT
//
// Periodic: a watcher of the wall clock, by a timerfd that also reports when the clock was set.

#include <cstdint>
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
    const std::int64_t first;
    const std::int64_t interval;
    std::int64_t next;
    Periodic::Callback callback;
    Fd timer;
    struct Node : Interest {
        PeriodicState& periodic;
        explicit Node(PeriodicState& state) noexcept
            : Interest(events::read, [](Interest& self, Events) noexcept { static_cast<Node&>(self).periodic.due(); }),
              periodic(state) {}
    } interest{*this};

    PeriodicState(std::int64_t begin, std::int64_t step, Periodic::Callback f, bool ref)
        : WatcherState("a Periodic's callback", ref), first(begin), interval(step), next(begin),
          callback(std::move(f)) {}

    // Returns the first of its times after `now`; INT64_MAX, which never comes, if that is too late for the clock.
    std::int64_t after(std::int64_t now) const noexcept {
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
        static_cast<void>(sys::read(timer.get(), &times, sizeof times));
        const std::int64_t now = sys::wall_clock();
        const bool is_time = now >= next;
        if (is_time && interval == 0) {
            stop();
        } else {
            next = after(now);
            arm();
        }
        if (is_time) {
            callback();
        }
    }

    void called() override { hub().descriptors.rearm(interest); }
};

}  // namespace

Periodic::Periodic(SinceEpoch first, Duration interval, Callback callback, WatcherOptions options)
    : Watcher([&]() -> std::unique_ptr<WatcherState> {
          detail::require_callback(callback, "a Periodic");
          return std::make_unique<PeriodicState>(first.ns, interval.count(), std::move(callback), options.ref);
      }()) {}

system_clock::time_point Periodic::next() const {
    return system_clock::time_point(nanoseconds(static_cast<PeriodicState&>(state()).next));
}

}  // namespace tendril
