// SPDX-License-Identifier: MIT
//
// join() and kill() of a ThreadPool, and the ends of its idle OS threads.

#include <tendril/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// A job that stays in its worker until it is let go.
struct Gate {
    SharedEvent begun;
    SharedEvent open;
    void pass() {
        begun.set();
        open.wait();
    }
};

void until_threads(const ThreadPool& pool, std::size_t count) {
    while (pool.threads() != count) {
        yield();
    }
}

TENDRIL_TEST(ThreadPoolLifeThreads, JoinFinishesEverythingThatWasSubmitted) {
    ThreadPool pool(2);
    EXPECT_TRUE(pool.join()) << "at once: there is no job";
    for (int round = 0; round < 20; ++round) {
        std::vector<AsyncResult<int>> results;
        results.reserve(10);
        for (int i = 0; i < 10; ++i) {
            results.push_back(pool.spawn([i] { return i; }));
        }
        EXPECT_TRUE(pool.join());
        EXPECT_EQ(pool.running() + pool.waiting(), 0u);
        for (int i = 0; i < 10; ++i) {
            ASSERT_TRUE(results[static_cast<std::size_t>(i)].ready()) << "the results came before join() returned";
            EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i);
        }
    }
}

TENDRIL_TEST(ThreadPoolLifeThreads, AJoinThatIsBrokenOffChangesNothing) {
    ThreadPool pool(1);
    Gate gate;
    auto begun = pool.spawn([&gate] { return gate.pass(), 1; });
    auto waits = pool.spawn([] { return 2; });
    gate.begun.wait();
    EXPECT_FALSE(pool.join(1ms));
    EXPECT_FALSE(pool.join(0s));
    EXPECT_FALSE(with_timeout(1ms, [&] { pool.join(); }));
    auto killed = spawn([&] { pool.join(); });
    auto joined = spawn([&] { return pool.join(); });
    yield();
    killed.kill();
    EXPECT_TRUE(killed.killed());
    EXPECT_EQ(pool.waiting(), 1u);
    EXPECT_FALSE(joined.ready());
    gate.open.set();
    EXPECT_TRUE(joined.get());
    EXPECT_EQ(begun.get() + waits.get(), 3);
}

TENDRIL_TEST(ThreadPoolLifeThreads, ACallerThatGivesUpTheLastJobEndsTheJoin) {
    ThreadPool pool(0);
    auto caller = spawn([&] { pool.apply([] {}); });
    yield();
    auto joined = spawn([&] { return pool.join(); });
    yield();
    EXPECT_FALSE(joined.ready());
    caller.kill();
    EXPECT_TRUE(joined.get());
}

TENDRIL_TEST(ThreadPoolLifeThreads, TheEndOfThePoolEndsAJoin) {
    auto pool = std::make_unique<ThreadPool>(0);
    auto dropped = pool->spawn([] {});
    auto joined = spawn([&] { return pool->join(); });
    yield();
    pool.reset();
    EXPECT_TRUE(joined.get());
    EXPECT_THROW(dropped.get(), JobDropped);
}

TENDRIL_TEST(ThreadPoolLifeThreads, ManyHubsMayJoin) {
    ThreadPool pool(2);
    Gate gate;
    auto begun = pool.spawn([&gate] { gate.pass(); });
    gate.begun.wait();
    std::atomic<int> joined{0};
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i) {
        others.emplace_back([&] { joined += pool.join() ? 1 : 0; });
    }
    EXPECT_FALSE(pool.join(1ms));
    gate.open.set();
    EXPECT_TRUE(pool.join());
    for (std::thread& other : others) {
        other.join();
    }
    EXPECT_EQ(joined, 3);
    begun.get();
}

TENDRIL_TEST(ThreadPoolLifeThreads, AJobCannotWaitForItself) {
    ThreadPool pool(1);
    EXPECT_THROW(pool.apply([&] { pool.join(); }), std::logic_error);
    EXPECT_THROW(pool.apply([&] { pool.kill(); }), std::logic_error);
    EXPECT_EQ(pool.apply([&] { return pool.kill_nowait(); }), 0u);
    EXPECT_EQ(pool.apply([] { return 1; }), 1) << "the pool goes on";
}

TENDRIL_TEST(ThreadPoolLifeThreads, KillDropsWhatHasNotBegunAndWaitsForTheRest) {
    ThreadPool pool(1);
    Gate gate;
    bool ran = false;
    auto begun = pool.spawn([&gate] { return gate.pass(), 1; });
    const auto held = std::make_shared<int>(0);
    auto dropped = pool.spawn([&ran, held] { ran = true; });
    auto caller = spawn([&] { pool.apply([&ran, held] { ran = true; }); });
    gate.begun.wait();
    yield();
    EXPECT_EQ(pool.waiting(), 2u);
    EXPECT_FALSE(pool.kill(1ms)) << "a job under way cannot be killed";
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(held.use_count(), 1) << "their functions are gone";
    EXPECT_THROW(dropped.get(), JobDropped);
    EXPECT_THROW(caller.get(), JobDropped);
    EXPECT_FALSE(begun.ready());
    auto killer = spawn([&] { return pool.kill(); });
    yield();
    gate.open.set();
    EXPECT_TRUE(killer.get());
    EXPECT_TRUE(begun.ready());
    EXPECT_EQ(begun.get(), 1);
    EXPECT_FALSE(ran);
    until_threads(pool, 0);
    EXPECT_EQ(pool.apply([] { return 5; }), 5) << "new jobs start new threads";
}

TENDRIL_TEST(ThreadPoolLifeThreads, AKillThatIsBrokenOffHasDroppedAll) {
    ThreadPool pool(1);
    Gate gate;
    auto begun = pool.spawn([&gate] { gate.pass(); });
    auto dropped = pool.spawn([] {});
    gate.begun.wait();
    auto killer = spawn([&] { pool.kill(); });
    yield();
    killer.kill();
    EXPECT_TRUE(killer.killed());
    EXPECT_THROW(dropped.get(), JobDropped);
    auto after = pool.spawn([] { return 2; });
    gate.open.set();
    EXPECT_EQ(after.get(), 2) << "what came after the kill is not dropped";
    begun.get();
}

TENDRIL_TEST(ThreadPoolLifeThreads, WhatADroppedJobOwnsMayWaitWhenItGoes) {
    ThreadPool pool(1);
    Gate gate;
    auto begun = pool.spawn([&gate] { gate.pass(); });
    gate.begun.wait();
    std::shared_ptr<int> owned(new int(0), [](const int* p) {
        yield();
        delete p;
    });
    auto dropped = pool.spawn([o = std::move(owned)] {});
    const auto killer = spawn([&] {
        spawn_n([me = current()] { me.kill_nowait(); });  // while it drops the job
        pool.kill_nowait();
        sleep(1h);
    });
    killer.join();
    EXPECT_TRUE(killer.killed());
    EXPECT_THROW(dropped.get(), JobDropped);
    gate.open.set();
    begun.get();
}

TENDRIL_TEST(ThreadPoolLifeThreads, KillEndsIdleThreads) {
    ThreadPool pool(3);
    pool.prestart(2);
    EXPECT_EQ(pool.threads(), 2u);
    pool.prestart(9);
    EXPECT_EQ(pool.threads(), 3u) << "not more than its size";
    pool.prestart(1);
    EXPECT_EQ(pool.threads(), 3u);
    EXPECT_TRUE(pool.kill());
    until_threads(pool, 0);
}

TENDRIL_TEST(ThreadPoolLifeThreads, IdleThreadsEndAfterTheirTime) {
    ThreadPool pool(3, {.idle_timeout = 1ms});
    pool.prestart(3);
    until_threads(pool, 0);
    EXPECT_EQ(pool.apply([] { return 1; }), 1);
    until_threads(pool, 0);

    ThreadPool stays(2);
    stays.prestart(2);
    stays.set_idle_timeout(1h);
    stays.apply([] {});
    EXPECT_EQ(stays.threads(), 2u);
    stays.set_idle_timeout(0s);
    until_threads(stays, 0);
    EXPECT_THROW(ThreadPool(1, {.idle_timeout = -1s}), std::invalid_argument);
}

TENDRIL_TEST(ThreadPoolLifeThreads, NoJobIsLostToAThreadThatEnds) {
    ThreadPool pool(2, {.idle_timeout = 0s});
    for (int i = 0; i < 200; ++i) {
        auto other = pool.spawn([i] { return i; });
        EXPECT_EQ(pool.apply([i] { return i; }), i);
        EXPECT_EQ(other.get(), i);
        if (i % 3 == 0) {
            EXPECT_EQ(pool.kill_nowait(), 0u);
        }
    }
}

}  // namespace
}  // namespace tendril
