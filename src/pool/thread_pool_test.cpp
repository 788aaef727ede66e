// SPDX-License-Identifier: MIT

#include <tendril/thread_pool.hpp>

#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
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

TENDRIL_TEST(ThreadPoolThreads, BringsBackValuesAndErrors) {
    ThreadPool pool(2);
    const auto here = std::this_thread::get_id();
    EXPECT_NE(pool.apply([] { return std::this_thread::get_id(); }), here);
    EXPECT_EQ(pool.apply([](int a, int b) { return a + b; }, 1, 2), 3);
    EXPECT_EQ(*pool.apply([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(4)), 4);
    pool.apply([] {});
    EXPECT_THROW(pool.apply([] { throw std::runtime_error("job"); }), std::runtime_error);
    EXPECT_THROW(pool.apply([]() -> int { throw std::out_of_range("job"); }), std::out_of_range);
    EXPECT_EQ(offload([](const std::string& s) { return s + "!"; }, "hello"), "hello!");
    EXPECT_THROW(pool.apply(static_cast<void (*)()>(nullptr)), std::invalid_argument);
    EXPECT_THROW(ThreadPool(-1), std::invalid_argument);
    EXPECT_EQ(pool.size(), 2u);
    EXPECT_EQ(pool.running(), 0u);
}

TENDRIL_TEST(ThreadPoolThreads, SpawnDoesNotWaitAndManyWaitForOneResult) {
    ThreadPool pool(1);
    Gate gate;
    AsyncResult<int> result = pool.spawn([&gate] { return gate.pass(), 5; });
    AsyncResult<void> nothing = pool.spawn([] {});
    auto a = spawn([&] { return result.get(); });
    auto b = spawn([&] { return result.get(); });
    gate.begun.wait();
    EXPECT_FALSE(result.ready());
    EXPECT_EQ(pool.running(), 1u);
    EXPECT_EQ(pool.waiting(), 1u);
    gate.open.set();
    EXPECT_EQ(a.get() + b.get() + result.get(), 15);
    nothing.get();
}

TENDRIL_TEST(ThreadPoolThreads, ACallerThatGivesUpLeavesABegunJobAndTakesAwayOneThatHasNot) {
    ThreadPool pool(1);
    Gate gate;
    std::atomic<bool> went_on{false};
    bool ran = false;
    auto gives_up = spawn([&] {
        pool.apply([&] {
            gate.pass();
            went_on = true;
        });
    });
    gate.begun.wait();
    gives_up.kill();
    EXPECT_EQ(pool.running(), 1u);
    const auto held = std::make_shared<int>(0);
    EXPECT_FALSE(with_timeout(1ms, [&] { pool.apply([&ran, held] { ran = true; }); }));
    EXPECT_THROW(pool.apply(1ms, [&ran, held] { ran = true; }), TimeoutError);
    EXPECT_EQ(held.use_count(), 1) << "its arguments are gone";
    auto killed = spawn([&] { pool.apply([&ran, held] { ran = true; }); });
    yield();
    EXPECT_EQ(pool.waiting(), 1u);
    killed.kill();
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(held.use_count(), 1);
    gate.open.set();
    pool.apply([] {});
    EXPECT_TRUE(went_on);
    EXPECT_FALSE(ran);
}

TENDRIL_TEST(ThreadPoolThreads, WhatIsDueComesBeforeTheJobIsMade) {
    ThreadPool pool(1);
    bool ran = false;
    EXPECT_THROW(
        {
            Timeout due(0s);
            pool.apply([&] { ran = true; });
        },
        Timeout::Expired);
    pool.apply([] {});
    EXPECT_FALSE(ran);
}

TENDRIL_TEST(ThreadPoolThreads, AnErrorThatNobodyAsksForIsReported) {
    ThreadPool pool(1);
    static_cast<void>(pool.spawn([] { throw std::runtime_error("unread"); }));
    pool.apply([] {});
    yield();
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
    {
        auto kept = pool.spawn([] { throw std::runtime_error("dropped later"); });
        kept.wait();
        EXPECT_TRUE(testing::take_unhandled().empty());
    }
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
    auto seen = pool.spawn([] { throw std::runtime_error("seen"); });
    EXPECT_THROW(seen.get(), std::runtime_error);
}

TENDRIL_TEST(ThreadPoolThreads, TheDestructorLetsBegunJobsEndAndDropsTheRest) {
    auto pool = std::make_unique<ThreadPool>(1);
    Gate gate;
    auto begun = pool->spawn([&gate] { return gate.pass(), 1; });
    auto dropped = pool->spawn([] { return 2; });
    gate.begun.wait();
    auto destroyer = spawn([&] { pool.reset(); });
    bool others_ran = false;
    spawn([&] {
        others_ran = true;
        EXPECT_FALSE(destroyer.ready());
        destroyer.kill_nowait();  // waits: the destructor is shielded
        gate.open.set();
    }).join();
    EXPECT_TRUE(destroyer.join());
    EXPECT_TRUE(others_ran);
    EXPECT_EQ(begun.get(), 1);
    EXPECT_THROW(dropped.get(), JobDropped);
}

TENDRIL_TEST(ThreadPoolThreads, InACallbackTheDestructorBlocks) {
    auto pool = std::make_unique<ThreadPool>(1);
    std::atomic<bool> ended{false};
    SharedEvent begun;
    auto job = pool->spawn([&] {
        begun.set();
        std::this_thread::sleep_for(5ms);
        ended = true;
    });
    Async async([&] {
        pool.reset();
        EXPECT_TRUE(ended);
    });
    begun.wait();
    async.send_threadsafe();
    job.get();
    EXPECT_EQ(pool, nullptr);
}

TENDRIL_TEST(ThreadPoolThreads, WorkersBlockSignalsButNotFaults) {
    ThreadPool pool(1);
    const sigset_t mask = pool.apply([] {
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        return blocked;
    });
    EXPECT_EQ(sigismember(&mask, SIGTERM), 1);
    EXPECT_EQ(sigismember(&mask, SIGCHLD), 1);
    EXPECT_EQ(sigismember(&mask, SIGSEGV), 0);
}

TENDRIL_TEST(ThreadPoolThreads, AJobMayUseGreenThreads) {
    ThreadPool pool(1);
    EXPECT_EQ(pool.apply([] {
        auto child = spawn([] {
            sleep(1ms);
            return 3;
        });
        return child.get();
    }),
              3);
}

TENDRIL_TEST(ThreadPoolThreads, ArgumentsKeepTheirAlignment) {
    struct alignas(64) Wide {
        char c = 'x';
    };
    ThreadPool pool(1);
    EXPECT_EQ(pool.apply([](const Wide& w) { return reinterpret_cast<std::uintptr_t>(&w) % 64; }, Wide{}), 0u);
}

void destroy_by_its_own_job() {
    auto* pool = new ThreadPool(1);
    pool->apply([pool] { delete pool; });
}

TEST(ThreadPoolThreads, DestroyedByItsOwnJobItAborts) {
    EXPECT_DEATH(destroy_by_its_own_job(), "a ThreadPool was destroyed by a job of its own");
}

TEST(ThreadPoolThreads, AHubThatEndsLeavesItsJobsToTheWorkers) {
    for (int i = 0; i < 50; ++i) {
        ThreadPool pool(2);
        const auto held = std::make_shared<int>(0);
        std::thread([&] {
            static_cast<void>(pool.spawn([held] { return held; }));
            static_cast<void>(pool.spawn([held] { return held; }));
            spawn_n([&, held] { pool.apply([held] { return held; }); });
            yield();
        }).join();
        while (held.use_count() != 1) {  // all of them run, or are gone
            std::this_thread::yield();
        }
    }
}

// One wake-up is under way at a time, so a job that blocks must not keep the others from the workers that sleep.
TENDRIL_TEST(ThreadPoolThreads, SleepingWorkersTakeWhatABlockedOneLeaves) {
    constexpr int threads = 6;
    ThreadPool pool(threads);
    pool.prestart(threads);
    for (int round = 0; round < 50; ++round) {
        SharedEvent all;
        std::atomic<int> inside{0};
        std::vector<AsyncResult<void>> results;
        for (int i = 0; i < threads; ++i) {
            results.push_back(pool.spawn([&] {  // each needs a thread of its own
                if (++inside == threads) {
                    all.set();
                }
                all.wait();
            }));
        }
        for (AsyncResult<void>& each : results) {
            each.get();
        }
    }
}

TENDRIL_TEST(ThreadPoolThreads, BurstsOfShortJobsAreAllDone) {
    ThreadPool pool(4);
    std::atomic<int> done{0};
    for (int round = 0; round < 20; ++round) {
        std::vector<Greenlet<void>> callers;
        for (int i = 0; i < 100; ++i) {
            callers.push_back(spawn([&] {
                for (int k = 0; k < 10; ++k) {
                    pool.apply([&] { ++done; });
                }
            }));
        }
        for (Greenlet<void>& each : callers) {
            each.get();
        }
        EXPECT_EQ(done, (round + 1) * 1'000);
        EXPECT_EQ(pool.running(), 0u);
        EXPECT_EQ(pool.waiting(), 0u);
    }
}

}  // namespace
}  // namespace tendril
