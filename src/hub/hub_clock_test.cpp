// SPDX-License-Identifier: MIT
//
// The hub's clock, its standing still, the collecting of events, and its counts.

#include <tendril/hub.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"
#include "hub/hub_core.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Clock = Deadline::Clock;
using testing::Pipe;

void compute_for(std::chrono::nanoseconds how_long) {
    for (const Deadline end = how_long; !end.passed();) {
    }
}

TENDRIL_TEST(HubClock, NowIsThatOfTheTurn) {
    Hub& hub = Hub::current();
    sleep(1ms);
    const auto now = hub.now();
    EXPECT_LE(now, Clock::now());
    compute_for(2ms);
    EXPECT_EQ(hub.now(), now);
    const auto before = Clock::now();
    hub.update_now();
    EXPECT_GE(hub.now(), before);
    EXPECT_LE(hub.now(), Clock::now());
}

// Code that computes stands for a process that is stopped: nothing is switched meanwhile either.
TENDRIL_TEST(HubClock, TheTimeOfASuspensionDoesNotCount) {
    Hub& hub = Hub::current();
    const auto begin = Clock::now();
    const auto sleeper = spawn([&] { sleep(5ms); });
    Timer tick(1h, [] {}, {.repeat = 1h});
    yield();
    const auto left = tick.remaining();
    hub.suspend();
    hub.suspend();
    compute_for(60ms);
    hub.resume();
    hub.resume();
    const auto left_now = tick.remaining();
    EXPECT_GE(left_now, left - (Clock::now() - begin) + 60ms);
    EXPECT_LE(left_now, left);
    sleeper.join();
    EXPECT_GE(Clock::now() - begin, 65ms);
}

TENDRIL_TEST(HubClock, AfterASuspensionARepeatDoesNotCatchUp) {
    Hub& hub = Hub::current();
    int ticks = 0;
    const auto begin = Clock::now();
    Timer tick(5ms, [&] { ++ticks; }, {.repeat = 5ms});
    hub.suspend();
    compute_for(50ms);
    hub.resume();
    while (ticks < 2) {
        sleep(1ms);
    }
    EXPECT_GE(Clock::now() - begin, 60ms);
}

TENDRIL_TEST(HubClock, ATimeLimitOfNeverStaysOne) {
    Hub& hub = Hub::current();
    Timer last(Duration(std::chrono::nanoseconds::max()), [] { ADD_FAILURE() << "it came"; });
    hub.suspend();
    compute_for(1ms);
    hub.resume();
    sleep(1ms);
    EXPECT_TRUE(last.active());
}

// How long it sleeps: backend_collecting_test.cpp.
TENDRIL_TEST(HubClock, TimersAreCollected) {
    Hub& hub = Hub::current();
    const std::string before = hub.backend();
    hub.set_collect_intervals(0s, 30ms);
    EXPECT_EQ(hub.backend(), before);
    int early = 0;
    const auto first = spawn([&] {
        sleep(1ms);
        ++early;
    });
    const auto second = spawn([&] {
        sleep(15ms);
        EXPECT_EQ(early, 1) << "in their order, though together";
    });
    first.join();
    second.join();
    hub.set_collect_intervals(0s, 0s);
}

TENDRIL_TEST(HubClock, OneWakeUpServesAllTimersThatMayBeLate) {
    Hub& hub = Hub::current();
    constexpr int sleepers = 50;
    std::vector<Greenlet<void>> all;
    std::vector<int> order;
    const auto begin = Deadline::Clock::now();  // of all: how soon each starts depends on the machine
    for (int i = sleepers; i > 0; --i) {
        all.push_back(spawn([&order, begin, i] {
            const Deadline until = Deadline(begin + i * 2ms).with_slack(200ms);
            const bool waits = !until.passed();  // on a slow machine some come too late for that
            sleep(until);
            EXPECT_TRUE(until.passed());
            if (waits) {
                order.push_back(i);
            }
        }));
    }
    yield();
    const std::uint64_t turns = hub.stats().turns;
    join_all(all);
    EXPECT_LT(hub.stats().turns - turns, sleepers / 2u) << "a slow machine looks at the clock while they run, too";
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));  // by their deadlines all the same
}

TENDRIL_TEST(HubClock, SlackIsTheDeadlinesOwnOrLimitedByTheHub) {
    Hub& hub = Hub::current();
    const auto slack_of = [](Deadline until) {
        auto sleeper = spawn([until] { sleep(until); });
        yield();
        const std::chrono::nanoseconds slack(detail::HubCore::here().timers.latest_ns() - until.ns());
        sleeper.kill();
        return slack;
    };
    EXPECT_GT(slack_of(1h), 990us);
    EXPECT_LE(slack_of(1h), 1ms);
    EXPECT_LE(slack_of(1ms * Deadline::slack_share / 2), 500us);
    EXPECT_EQ(slack_of(Deadline(1h).with_slack(0s)), 0ns);
    EXPECT_GT(slack_of(Deadline::Clock::now() + 1h), 990us);  // a point in time has one too
    hub.set_timer_slack(20ms);
    EXPECT_GT(slack_of(1h), 19ms);
    hub.set_timer_slack(0s);
    EXPECT_EQ(slack_of(1h), 0ns);
    EXPECT_GT(slack_of(Deadline(1h).with_slack(5ms)), 4ms);
    hub.set_timer_slack(1ms);
}

TENDRIL_TEST(HubClock, EventsAreCollected) {
    Hub& hub = Hub::current();
    const Pipe pipe;
    int runs = 0;
    hub.set_collect_intervals(20ms, 0s);
    detail::Waiter* waiting = nullptr;
    const Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents) {
        pipe.drain();
        ++runs;
        waiting->resolve(detail::Outcome::signalled);
    });
    for (int i = 0; i < 3; ++i) {
        pipe.write();
        while (runs == i) {
            detail::Waiter waiter("test");
            waiting = &waiter;
            waiter.wait(never);
        }
    }
    EXPECT_THROW(hub.set_collect_intervals(2s, 0s), std::invalid_argument);
    hub.set_collect_intervals(0s, 0s);
}

TENDRIL_TEST(HubClockThreads, ACollectingHubStillHearsOthers) {
    Hub& hub = Hub::current();
    hub.set_collect_intervals(5ms, 5ms);
    bool ran = false;
    std::thread([&, remote = hub.remote()] { remote.post_threadsafe([&] { ran = true; }); }).join();
    while (!ran) {
        sleep(1ms);
    }
    hub.set_collect_intervals(0s, 0s);
}

// A Signal made while events are collected wakes the hub also when they are no more.
TENDRIL_TEST(HubClockThreads, ASignalOutlivesTheCollecting) {
    std::thread([] {
        Hub& hub = Hub::current();
        hub.set_collect_intervals(1ms, 0s);
        int came = 0;
        const Signal signal(SIGUSR1, [&](int) { ++came; });
        hub.set_collect_intervals(0s, 0s);
        ::raise(SIGUSR1);
        for (const Deadline end = 10s; came == 0 && !end.passed();) {
            sleep(1ms);
        }
        EXPECT_EQ(came, 1);
    }).join();
}

TENDRIL_TEST(HubClock, ItsCounts) {
    Hub& hub = Hub::current();
    const auto ready = spawn([] {});
    Timer due(1h, [] {});
    due.feed();
    const HubStats stats = hub.stats();
    EXPECT_GE(stats.ready, 1u);
    EXPECT_EQ(stats.pending, 1u);
    sleep(1ms);
    EXPECT_GT(hub.stats().turns, stats.turns);
    EXPECT_EQ(hub.stats().pending, 0u);
    ready.join();
}

TENDRIL_TEST(HubClockThreads, BelongsToItsOsThread) {
    Hub& hub = Hub::current();
    std::thread([&] {
        EXPECT_THROW(static_cast<void>(hub.now()), WrongThread);
        EXPECT_THROW(hub.update_now(), WrongThread);
        EXPECT_THROW(hub.suspend(), WrongThread);
        EXPECT_THROW(hub.resume(), WrongThread);
        EXPECT_THROW(hub.set_collect_intervals(0s, 0s), WrongThread);
    }).join();
}

}  // namespace
}  // namespace tendril
