// SPDX-License-Identifier: MIT
//
// The machine's clock is left alone: sys shifts the wall clock for everybody here, and `tell_of_jump` makes the timer
// tell what the kernel would.

#include <tendril/watchers.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/sys.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using std::chrono::nanoseconds;
using std::chrono::system_clock;
using testing::errno_of;

system_clock::time_point wall_now() {
    return system_clock::time_point(nanoseconds(sys::wall_clock()));
}

struct Shift {
    explicit Shift(nanoseconds by) { sys::set_wall_clock_shift(by.count()); }
    ~Shift() { sys::set_wall_clock_shift(0); }
};

std::atomic<int> timer_number;

int only_timer() {
    int found = -1;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;  // the iterator's own
        if (std::filesystem::read_symlink(each.path(), gone) == "anon_inode:[timerfd]") {
            EXPECT_EQ(found, -1) << "there are two";
            found = std::stoi(each.path().filename());
        }
    }
    return found;
}

// As the kernel does: the timer becomes readable, and the read fails.
void tell_of_jump() {
    timer_number = only_timer();
    ASSERT_GE(timer_number, 0);
    const itimerspec at_once{{0, 0}, {0, 1}};
    static bool told = false;
    told = false;
    sys::set_fault_hook([](sys::Call call, int fd) noexcept -> sys::Fault {
        const bool is_it = call == sys::Call::read && fd == timer_number;
        told = told || is_it;
        return is_it ? ECANCELED : 0;
    });
    EXPECT_EQ(::timerfd_settime(timer_number, 0, &at_once, nullptr), 0);
    while (!told) {  // a process that is not run for some milliseconds finds its sleep over before it has polled
        sleep(1ms);
    }
    sleep(1ms);
    sys::set_fault_hook(nullptr);
}

TENDRIL_TEST(Periodic, RunsAtItsTimesAndNeverEarly) {
    std::vector<system_clock::time_point> times;
    const auto first = wall_now() + 3ms;
    Periodic periodic(first, 2ms, [&] { times.push_back(wall_now()); });
    const Periodic later(first + 1h, 2ms, [] {});  // the first one's may be over when it is asked
    EXPECT_EQ(later.next(), first + 1h);
    while (times.size() < 4) {
        sleep(1ms);
    }
    for (std::size_t i = 0; i < times.size(); ++i) {
        EXPECT_GE(times[i], first + static_cast<int>(i) * 2ms);
    }
    EXPECT_EQ((periodic.next() - first) % 2ms, 0ns);
}

TENDRIL_TEST(Periodic, WithoutAnIntervalItRunsOnce) {
    int runs = 0;
    Periodic future(wall_now() + 1ms, 0ns, [&] { ++runs; });
    Periodic past(wall_now() - 1h, 0ns, [&] { ++runs; });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(runs, 2);
    EXPECT_FALSE(future.active());
    EXPECT_FALSE(past.active());
}

TENDRIL_TEST(Periodic, TimesBeforeItsStartAreOver) {
    const auto first = wall_now() - 90min;
    const Periodic periodic(first, 1h, [] { ADD_FAILURE() << "half an hour too early"; });
    EXPECT_EQ(periodic.next(), first + 2h);
    sleep(2ms);
}

TENDRIL_TEST(Periodic, AClockSetForwardsMakesItDueOnce) {
    int runs = 0;
    const auto first = wall_now() + 1h;
    Periodic periodic(first, 1h, [&] { ++runs; });
    {
        const Shift shift(5h);
        tell_of_jump();
        EXPECT_EQ(runs, 1) << "not once for each hour";
        EXPECT_EQ(periodic.next(), first + 5h);
    }
}

TENDRIL_TEST(Periodic, AClockSetBackwardsMakesItWait) {
    int runs = 0;
    const auto first = wall_now() + 1h;
    Periodic once(first, 0ns, [&] { ++runs; });
    const Shift shift(-2h);
    tell_of_jump();
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(once.next(), first);
    EXPECT_TRUE(once.active());
    once.stop();

    Periodic hourly(wall_now() - 10h - 30min, 1h, [&] { ++runs; });
    const auto next = hourly.next();
    sys::set_wall_clock_shift(std::chrono::nanoseconds(-5h).count());
    tell_of_jump();
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(hourly.next(), next - 3h);
}

TENDRIL_TEST(Periodic, ADueTimeIsNotTrustedButTheClock) {
    int runs = 0;
    Periodic periodic(wall_now() + 2ms, 0ns, [&] { ++runs; });
    {
        const Shift shift(-1h);  // nobody tells
        sleep(5ms);
        EXPECT_EQ(runs, 0);
    }
    tell_of_jump();
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(Periodic, StopsAndStarts) {
    int runs = 0;
    Periodic periodic(wall_now(), 1ms, [&] { ++runs; });
    periodic.stop();
    sleep(3ms);
    EXPECT_EQ(runs, 0);
    periodic.start();
    while (runs < 2) {
        sleep(1ms);
    }
}

TENDRIL_TEST(Periodic, TheClocksEndAndItsBeginningAreNoTrouble) {
    const Periodic last(system_clock::time_point::max(), 1h, [] {});
    const Periodic longest(system_clock::time_point::min(), nanoseconds::max(), [] {});
    sleep(2ms);
    EXPECT_TRUE(last.active());
}

TENDRIL_TEST(Periodic, AFunctionSaysWhen) {
    std::vector<system_clock::time_point> asked;
    int runs = 0;
    const auto first = wall_now() + 2ms;
    Periodic periodic(
        [&](Periodic::Time now) {
            asked.push_back(now);
            return asked.size() < 4 ? std::max(first, now + 1us) : Periodic::Time::max();
        },
        [&] { ++runs; });
    EXPECT_EQ(periodic.next(), std::max(first, asked.front() + 1us));
    while (runs < 3) {
        sleep(1ms);
    }
    EXPECT_EQ(asked.size(), 4u);
    EXPECT_GE(asked[1], first) << "it is asked after each run";
    EXPECT_EQ(periodic.next(), Periodic::Time::max());
    EXPECT_TRUE(periodic.active()) << "it waits for a time that never comes";
}

TENDRIL_TEST(Periodic, AFunctionIsAskedAnewWhenTheClockWasSet) {
    int runs = 0;
    Periodic hourly([](Periodic::Time now) { return std::chrono::ceil<std::chrono::hours>(now + 1ns); },
                    [&] { ++runs; });
    const auto next = hourly.next();
    {
        const Shift shift(5h);
        tell_of_jump();
        EXPECT_EQ(runs, 1) << "not once for each hour";
        EXPECT_EQ(hourly.next(), next + 5h);
    }
    tell_of_jump();
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(hourly.next(), next) << "and not in five hours";
}

TENDRIL_TEST(Periodic, AFunctionWithoutANextTimeStopsItAndNothingSpins) {
    std::optional<Periodic::Time> first;
    int runs = 0;
    int asked = 0;
    Periodic stuck(
        [&](Periodic::Time now) {
            ++asked;
            first = first.value_or(now + 1ms);
            return *first;  // also when it has passed
        },
        [&] { ++runs; });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(runs, 1) << "its first time was good";
    EXPECT_EQ(asked, 2);
    EXPECT_FALSE(stuck.active());
    const auto errors = testing::take_unhandled();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_TRUE(errors[0].starts_with("a Periodic's function: std::logic_error: the function of a Periodic returned"))
        << errors[0];
    EXPECT_THROW(stuck.start(), std::logic_error);
    EXPECT_FALSE(stuck.active());
    EXPECT_THROW(Periodic([](Periodic::Time now) { return now; }, [] {}), std::logic_error);
}

TENDRIL_TEST(Periodic, AFunctionThatThrowsStopsIt) {
    int runs = 0;
    Periodic periodic(
        [&, asked = 0](Periodic::Time now) mutable {
            if (++asked == 2) {
                throw std::runtime_error("no calendar");
            }
            return now + 1us;
        },
        [&] { ++runs; });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(testing::take_unhandled(),
              std::vector<std::string>{"a Periodic's function: std::runtime_error: no calendar"});
    periodic.start();
    EXPECT_TRUE(periodic.active());
    EXPECT_THROW(Periodic([](Periodic::Time) -> Periodic::Time { throw std::runtime_error("never"); }, [] {}),
                 std::runtime_error);
}

TENDRIL_TEST(Periodic, SetAndAgainGiveItNewTimes) {
    int runs = 0;
    Periodic periodic(wall_now() + 1h, 1h, [&] { ++runs; });
    const auto soon = wall_now() + 1ms;
    periodic.set(soon, 0s);
    EXPECT_TRUE(periodic.active());
    EXPECT_EQ(periodic.next(), soon);
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(runs, 1);
    EXPECT_FALSE(periodic.active());

    auto wanted = wall_now() + 2h;
    periodic.set([&](Periodic::Time) { return wanted; });
    EXPECT_FALSE(periodic.active());
    periodic.again();
    EXPECT_EQ(periodic.next(), wanted);
    wanted -= 1h;
    periodic.again();
    EXPECT_EQ(periodic.next(), wanted);
    EXPECT_THROW(periodic.set(Periodic::Reschedule()), std::invalid_argument);
    EXPECT_EQ(periodic.next(), wanted) << "nothing has changed";
    EXPECT_THROW(periodic.set([](Periodic::Time now) { return now - 1h; }), std::logic_error);
    EXPECT_FALSE(periodic.active());
}

TENDRIL_TEST(Periodic, RefusesWhatCannotBe) {
    EXPECT_THROW(Periodic(wall_now(), -1ns, [] {}), std::invalid_argument);
    EXPECT_THROW(Periodic(wall_now(), 1h, nullptr), std::invalid_argument);
    EXPECT_THROW(Periodic(Periodic::Reschedule(), [] {}), std::invalid_argument);
    for (const sys::Call failing : {sys::Call::timerfd, sys::Call::timerfd_settime}) {
        static sys::Call which;
        which = failing;
        sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault { return call == which ? EMFILE : 0; });
        EXPECT_EQ(errno_of([] { Periodic(wall_now(), 1h, [] {}); }), EMFILE);
        sys::set_fault_hook(nullptr);
    }
}

}  // namespace
}  // namespace tendril
