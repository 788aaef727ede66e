// SPDX-License-Identifier: MIT
//
// The histograms of a hub: what counts as a stretch and as a delay, and that they cost nothing while nobody asks.

#include "hub/measures.hpp"

#include <chrono>
#include <cstdint>
#include <string>

#include <tendril/context.hpp>
#include <tendril/duration_histogram.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/snapshot.hpp>

#include "context/os_thread.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

SchedulingInfo measured() {
    return snapshot({.scheduling = true}).scheduling;
}

TEST(DurationHistogram, CountsByPowersOfTwo) {
    DurationHistogram h;
    EXPECT_EQ(h.quantile(0.5), 0ns);
    for (const auto each : {0ns, 1ns, 1000ns, 1001ns, 2000ns, 2001ns, 8'388'608'000ns, 20'000'000'000ns}) {
        h.add(each);
    }
    EXPECT_EQ(h.count(0), 3U);
    EXPECT_EQ(h.count(1), 2U);
    EXPECT_EQ(h.count(2), 1U);
    EXPECT_EQ(h.count(23), 1U) << "8.388608 s is its bound";
    EXPECT_EQ(h.count(24), 1U);
    EXPECT_EQ(h.count(), 8U);
    EXPECT_EQ(h.longest(), 20s);
    EXPECT_EQ(h.quantile(0.5), 2us);
    EXPECT_EQ(h.quantile(1), 20s);
    DurationHistogram sum = h;
    sum += h;
    EXPECT_EQ(sum.count(), 16U);
    EXPECT_EQ(sum.sum(), 2 * h.sum());
}

// Holds the hub for this long at least.
void compute(std::chrono::milliseconds span) {
    const auto end = std::chrono::steady_clock::now() + span;
    while (std::chrono::steady_clock::now() < end) {
    }
}

TENDRIL_TEST(Measures, FindTheLongestStretchAndWhoseItWas) {
    EXPECT_FALSE(snapshot().scheduling.measured);
    const std::uint64_t before = measured().stretches.count();
    const auto blocks = spawn([] { compute(20ms); });
    const std::uint64_t id = blocks.id();
    blocks.join();
    const SchedulingInfo info = measured();
    EXPECT_TRUE(info.measured);
    EXPECT_GE(info.longest.took, 20ms);
    EXPECT_EQ(info.longest.greenlet, id);
    EXPECT_EQ(info.recent.greenlet, id);
    EXPECT_NE(std::string(info.longest.where.file).find("measures_test"), std::string::npos);
    EXPECT_GE(info.stretches.longest(), 20ms);
    EXPECT_GT(info.stretches.count(), before);
}

// Told at these times, not by the clock.
TENDRIL_TEST(Measures, DoNotCountASleepOfTheHub) {
    detail::Measures measures(detail::HubCore::here());
    measures.want();
    const std::int64_t begin = Deadline::now_ns();
    measures.switches(7, begin);
    measures.switches(7, begin + 3'000);
    measures.sleeps(begin + 10'000);
    measures.wakes(begin + 1'000'000'000);  // nothing is ready: it polls again
    measures.sleeps(begin + 1'000'001'500);
    measures.wakes(begin + 2'000'000'000);
    measures.switches(7, begin + 2'000'000'100);  // this green thread's stack was used to poll, no more
    measures.sleeps(begin + 2'000'000'600);
    const SchedulingInfo info = measures.info();
    EXPECT_EQ(info.stretches.count(), 3U);
    EXPECT_EQ(info.stretches.sum(), 10'500ns);
    EXPECT_EQ(info.longest.took, 7us);
    EXPECT_EQ(info.longest.greenlet, current().id());
    detail::HubCore::here().remove_watch(measures);
}

TENDRIL_TEST(Measures, EndWhenNobodyHasAskedForAMinute) {
    detail::Measures measures(detail::HubCore::here());
    measures.want();
    const std::int64_t now = Deadline::now_ns();
    measures.switches(7, now + 59'000'000'000);
    EXPECT_TRUE(measures.info().measured);
    measures.switches(7, now + 61'000'000'000);
    EXPECT_FALSE(measures.info().measured);
    EXPECT_EQ(detail::OsThread::current().observer, nullptr);
}

TENDRIL_TEST(Measures, SampleTheDelayInTheRunQueue) {
    measured();
    const auto slow = [] {
        for (int i = 0; i < 3; ++i) {
            compute(5ms);
            yield();
        }
    };
    const auto a = spawn(slow), b = spawn(slow), c = spawn(slow);
    join_all({a, b, c});
    const SchedulingInfo info = measured();
    EXPECT_GT(info.run_queue_delay.count(), 0U);
    EXPECT_GE(info.run_queue_delay.longest(), 10ms) << "one behind two that compute";
}

// No observer, so no switch does more than test one pointer, which it does anyway.
TENDRIL_TEST(Measures, AreOffUntilAsked) {
    EXPECT_EQ(detail::OsThread::current().observer, nullptr);
    yield();
    EXPECT_EQ(snapshot().scheduling.stretches.count(), 0U);
    measured();
    EXPECT_NE(detail::OsThread::current().observer, nullptr);
}

int seen_switches = 0;

TENDRIL_TEST(Measures, LeaveTheUsersObserverAlone) {
    seen_switches = 0;
    measured();
    EXPECT_EQ(set_switch_observer([](const SwitchEvent&) noexcept { ++seen_switches; }), nullptr);
    spawn([] {}).join();
    EXPECT_GT(seen_switches, 0);
    const std::uint64_t before = measured().stretches.count();
    EXPECT_NE(set_switch_observer(nullptr), nullptr);
    spawn([] {}).join();
    EXPECT_GT(measured().stretches.count(), before) << "still measured";
}

}  // namespace
}  // namespace tendril
