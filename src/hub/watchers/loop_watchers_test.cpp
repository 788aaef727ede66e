// SPDX-License-Identifier: MIT

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(LoopWatchers, PrepareAndCheckRunBeforeAndAfterEachPoll) {
    std::string order;
    {
        const Check check([&] { order += 'c'; });
        const Prepare prepare([&] { order += 'p'; });
        sleep(2ms);
        order += '|';
        while (order.size() < 8) {
            yield();  // it polls now and then here too
        }
    }
    std::string compact;
    for (const char each : order) {
        if (each != '|') {
            compact += each;
        }
    }
    ASSERT_GE(compact.size(), 6u);
    for (std::size_t i = 0; i < compact.size(); ++i) {
        EXPECT_EQ(compact[i], i % 2 == 0 ? 'p' : 'c') << compact;
    }
    EXPECT_GT(order.size(), order.find('|') + 1) << "none while others yield";
}

TENDRIL_TEST(LoopWatchers, SeveralRunInTheOrderOfTheirStarts) {
    std::string order;
    {
        const Prepare second([&] { order += '1'; });
        const Prepare first([&] { order += '2'; });
        const Prepare third([&] { order += '3'; });
        while (order.empty()) {
            sleep(1ms);
        }
    }
    EXPECT_EQ(order.substr(0, 3), "123");
}

TENDRIL_TEST(LoopWatchers, IdleRunsOnlyWhenNothingElseIsReady) {
    int runs = 0;
    const Idle watcher([&] { ++runs; });
    for (int i = 0; i < 2000; ++i) {
        yield();
    }
    EXPECT_EQ(runs, 0);
    for (int i = 0; i < 1000 && runs < 2; ++i) {
        sleep(2ms);
    }
    EXPECT_GT(runs, 1) << "all the time, not once";
}

TENDRIL_TEST(LoopWatchers, IdleAndIdleCallsTakeTurns) {
    int runs = 0;
    const Idle watcher([&] { ++runs; });
    for (int i = 0; i < 10; ++i) {
        idle();
    }
    EXPECT_GT(runs, 5);
}

// Both run in each pass; that once kept the hub from ever being idle.
TENDRIL_TEST(LoopWatchers, PrepareAndCheckDoNotKeepIdleWaiting) {
    const Prepare prepare([] {});
    const Check check([] {});
    idle();

    int runs = 0;
    const Idle watcher([&] { ++runs; });
    for (int i = 0; i < 1000 && runs < 2; ++i) {
        sleep(2ms);
    }
    EXPECT_GT(runs, 1);
    idle();
}

TENDRIL_TEST(LoopWatchers, AHubWithPrepareAndCheckSleepsNevertheless) {
    int polls = 0;
    const Check check([&] { ++polls; });
    const Prepare prepare([] {});
    polls = 0;
    sleep(30ms);
    EXPECT_LE(polls, 10) << "it spins";
}

TENDRIL_TEST(LoopWatchers, APrepareMayStopItselfAndWhatItPreparesForComes) {
    int runs = 0;
    std::optional<Prepare> prepare;
    prepare.emplace([&] {
        ++runs;
        prepare.reset();
    });
    sleep(2ms);
    EXPECT_EQ(runs, 1);
}

// What a Prepare makes ready runs before the hub sleeps: the classic way to drive another library's loop.
TENDRIL_TEST(LoopWatchers, WhatAPrepareMakesReadyRunsBeforeTheHubSleeps) {
    int spawned = 0;
    bool done = false;
    const Prepare prepare([&] {
        if (spawned < 100) {
            ++spawned;
            spawn_n([&] { done = spawned == 100; });
        }
    });
    sleep(1ms);
    while (!done) {
        sleep(1ms);
    }
}

}  // namespace
}  // namespace tendril
