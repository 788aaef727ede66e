// SPDX-License-Identifier: MIT

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Clock = std::chrono::steady_clock;

TENDRIL_TEST(Timer, RunsAfterItsTimeAndThenAtEachRepeat) {
    std::vector<Clock::time_point> times;
    const auto begin = Clock::now();
    Timer timer(2ms, [&] { times.push_back(Clock::now()); }, {.repeat = 1ms});
    while (times.size() < 4) {
        sleep(1ms);
    }
    timer.stop();
    for (std::size_t i = 0; i < times.size(); ++i) {
        EXPECT_GE(times[i] - begin, 2ms + static_cast<int>(i) * 1ms);
    }
    const std::size_t runs = times.size();
    sleep(3ms);
    EXPECT_EQ(times.size(), runs);
}

TENDRIL_TEST(Timer, ALateOneDoesNotCatchUp) {
    int runs = 0;
    Timer timer(1ms, [&] { ++runs; }, {.repeat = 1ms});
    const auto until = Clock::now() + 20ms;
    while (Clock::now() < until) {  // holds the CPU
    }
    for (int i = 0; i < 1000 && runs == 0; ++i) {
        yield();
    }
    EXPECT_GE(runs, 1);
    EXPECT_LE(runs, 2) << "it ran once for each time that was missed";
}

TENDRIL_TEST(Timer, AgainPutsItOff) {
    int runs = 0;
    Timer timer(1h, [&] { ++runs; }, {.repeat = 4ms});
    const auto begin = Clock::now();
    timer.again();
    EXPECT_LE(timer.remaining(), 4ms);
    while (runs == 0) {
        sleep(1ms);
    }
    EXPECT_GE(Clock::now() - begin, 4ms);
    timer.stop();
    EXPECT_EQ(timer.remaining(), 0ns);
    timer.again();
    EXPECT_TRUE(timer.active());

    Timer late(1h, [&] { ++runs; }, {.repeat = 1h});
    late.again();
    sleep(1ms);
    const auto again = Clock::now();
    late.again();
    const auto left = late.remaining();
    EXPECT_GE(left + (Clock::now() - again), 1h) << "from the second again() on";

    Timer once(1h, [&] { ++runs; });
    once.again();
    EXPECT_FALSE(once.active()) << "there is no repeat";
}

TENDRIL_TEST(Timer, AgainInItsOwnCallback) {
    int runs = 0;
    std::optional<Timer> timer;
    timer.emplace(
        0s,
        [&] {
            if (++runs == 3) {
                timer->stop();
            } else {
                timer->again();
            }
        },
        TimerOptions{.repeat = 1ms});
    while (timer->active()) {
        sleep(1ms);
    }
    EXPECT_EQ(runs, 3);
}

TENDRIL_TEST(Timer, TakesTheLongestTimesAndRefusesNegativeOnes) {
    Timer longest(std::chrono::nanoseconds::max(), [] {}, {.repeat = std::chrono::nanoseconds::max()});
    EXPECT_GT(longest.remaining(), std::chrono::hours(24 * 365 * 100));
    longest.again();
    sleep(1ms);
    EXPECT_TRUE(longest.active());
    EXPECT_THROW(Timer(-1ns, [] {}), std::invalid_argument);
    EXPECT_THROW(Timer(0ns, [] {}, {.repeat = -1ns}), std::invalid_argument);
}

// TC20
TENDRIL_TEST(Timer, ThoseOfOneMomentRunInTheOrderOfTheirStarts) {
    std::string order;
    std::vector<Timer> timers;
    for (const char c : {'a', 'b', 'c'}) {
        timers.emplace_back(0ns, [&order, c] { order += c; });
    }
    sleep(1ms);
    EXPECT_EQ(order, "abc");
    const auto start = [&](std::size_t which) { timers[which].start(); };
    start(2);
    start(0);
    start(1);
    sleep(1ms);
    EXPECT_EQ(order, "abccab");
}

TENDRIL_TEST(Timer, ManyThatAreStoppedLeaveNothingBehind) {
    constexpr int many = 200'000;
    std::vector<std::unique_ptr<Timer>> timers;
    for (int i = 0; i < 1'000; ++i) {
        timers.push_back(std::make_unique<Timer>(
            1h, [] {}, TimerOptions{.repeat = std::chrono::hours(1 + i % 7)}));
    }
    for (int i = 0; i < many; ++i) {
        timers[static_cast<std::size_t>(i) % timers.size()]->again();
    }
    EXPECT_EQ(Hub::current().stats().timers, timers.size());
    timers.clear();
    EXPECT_EQ(Hub::current().stats().timers, 0u);
}

}  // namespace
}  // namespace tendril
