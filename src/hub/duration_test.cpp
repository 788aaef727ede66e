// SPDX-License-Identifier: MIT
//
// Every time span converts alike: rounded up, never negative, never wrapped around.

#include <tendril/duration.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <tendril/blocking_watch.hpp>
#include <tendril/deadline.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

namespace tendril {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Durations, EveryUnitAndNumberTypeConvertsRoundedUp) {
    EXPECT_EQ(Duration().count(), 0);
    EXPECT_EQ(Duration(0s).count(), 0);
    EXPECT_EQ(Duration(3ns).count(), 3);
    EXPECT_EQ(Duration(2min).count(), 120'000'000'000);
    EXPECT_EQ(Duration(duration<unsigned char>(200)).count(), 200'000'000'000);
    EXPECT_EQ(Duration(duration<unsigned long long, std::micro>(7)).count(), 7'000);
    EXPECT_EQ(Duration(duration<double>(0.5)).count(), 500'000'000);
    EXPECT_EQ(Duration(duration<float, std::milli>(0.25F)).count(), 250'000);
    EXPECT_EQ(Duration(duration<double, std::nano>(1.25)).count(), 2);
    EXPECT_EQ(Duration(duration<long long, std::pico>(1)).count(), 1);
    EXPECT_EQ(Duration(duration<long long, std::ratio<1, 3>>(1)).count(), 333'333'334);
    EXPECT_EQ(Duration(years(100)).count(), nanoseconds(years(100)).count());
    EXPECT_EQ(Duration(duration<double>(-0.0)).count(), 0);
}

TEST(Durations, WhatIsTooLongIsForever) {
    EXPECT_TRUE(forever.is_forever());
    EXPECT_EQ(nanoseconds(forever), nanoseconds::max());
    for (const Duration each :
         {Duration(years(300)), Duration(years(600)), Duration(years::max()), Duration(hours::max()),
          Duration(seconds::max()), Duration(nanoseconds::max()), Duration(duration<double>(1e300)),
          Duration(duration<double, std::nano>(infinity)), Duration(duration<unsigned long long>(~0ULL)),
          Duration(duration<long long, std::exa>(1000))}) {
        EXPECT_EQ(each, forever);
        EXPECT_TRUE(Deadline(each).is_never());
    }
    EXPECT_TRUE(Deadline(years(600)).is_never());
    EXPECT_FALSE(Deadline(years(100)).is_never());
}

TEST(Durations, WhatIsNegativeOrNoNumberIsRefused) {
    EXPECT_THROW(Duration(-1ns), std::invalid_argument);
    EXPECT_THROW(Duration(years(-300)), std::invalid_argument);
    EXPECT_THROW(Duration{nanoseconds::min()}, std::invalid_argument);
    EXPECT_THROW(Duration{hours::min()}, std::invalid_argument);
    EXPECT_THROW(Duration(duration<double>(-1e-12)), std::invalid_argument);
    EXPECT_THROW(Duration(duration<double>(-infinity)), std::invalid_argument);
    EXPECT_THROW(Duration(duration<double>(std::nan(""))), std::invalid_argument);
    EXPECT_THROW(Deadline(duration<float>(std::nanf(""))), std::invalid_argument);
}

TEST(Durations, TimePointsOfAnyUnitDoNotWrapEither) {
    using Coarse = time_point<steady_clock, hours>;
    EXPECT_TRUE(Deadline(Coarse::max()).is_never());
    EXPECT_EQ(Deadline(Coarse::min()).ns(), 0);
    EXPECT_EQ(Deadline(Coarse(2h)).ns(), 7'200'000'000'000);
    EXPECT_EQ(Deadline(steady_clock::time_point(nanoseconds(5'000'000'000'000'000'000))).ns(),
              5'000'000'000'000'000'000);
}

TEST(Durations, AfterAnotherMomentTheyDoNotWrapEither) {
    constexpr std::int64_t from_ns = 6'000'000'000'000'000'000;
    EXPECT_EQ(Deadline::after(from_ns, 3s).ns(), from_ns + 3'000'000'000);
    EXPECT_EQ(Deadline::after(from_ns, Duration()).ns(), from_ns);
    EXPECT_TRUE(Deadline::after(from_ns, years(126)).is_never());
    EXPECT_TRUE(Deadline::after(0, forever).is_never());
    EXPECT_EQ(Deadline().remaining(), forever);
}

TEST(Durations, ADeadlineIsComparedByItsMomentAlone) {
    const Deadline plain = 1h;
    const Deadline exact = plain.with_slack(0s);
    EXPECT_EQ(plain, exact);
    EXPECT_TRUE(plain <= exact && exact <= plain);
    constexpr std::int64_t plenty = 1'000'000'000;
    EXPECT_EQ(exact.slack_ns(0, plenty), 0);
    EXPECT_EQ(Deadline(16s).slack_ns(0, plenty), 1'000'000'000);
    EXPECT_EQ(Deadline(16s).slack_ns(0, 1'000), 1'000);
    EXPECT_EQ(Deadline(16s).with_slack(7us).slack_ns(0, 1'000), 7'000);
    EXPECT_EQ(Deadline(16s).with_slack(1h).slack_ns(0, 1'000), 2'147'483'646);  // the longest
    EXPECT_EQ(Deadline::after(5, 160ns).slack_ns(0, plenty), 10);
    EXPECT_EQ(Deadline(Deadline::Clock::time_point(1600ns)).slack_ns(1'440, plenty), 10);
    EXPECT_EQ(Deadline(Deadline::Clock::time_point(1600ns)).slack_ns(9'999, plenty), 0);
    EXPECT_TRUE(Deadline(forever).with_slack(1s).is_never());
}

TENDRIL_TEST(Durations, WatchersOfCenturiesWait) {
    int fired = 0;
    const auto count = [&] { ++fired; };
    for (const Duration each : {Duration(years(100)), Duration(years(300)), Duration(years(600)), forever}) {
        Timer once(each, count);
        Timer again(each, count, {.repeat = each});
        again.again();
        EXPECT_GT(once.remaining(), years(99));
        EXPECT_GT(again.remaining(), years(99));
        const Periodic wall(system_clock::now(), each, count);
        const Periodic late(sys_days(year(9999) / 1 / 1), 1s, count);
        const Stat stat("/", [&](const StatChange&) { ++fired; }, {.interval = each});
        auto never_begins = spawn_after(each, count);
        yield();
        EXPECT_TRUE(never_begins.cancel());
    }
    sleep(1ms);
    EXPECT_LE(fired, 4);  // the Periodics' first times, which have come
}

}  // namespace
}  // namespace tendril
