// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 M: the thread pool.

#include <tendril/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shared_semaphore.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceMThreads, TM09_RecursionRunsInline) {
    ThreadPool pool(1);
    const auto nested = [&pool] {
        const auto worker = std::this_thread::get_id();
        const auto applied = pool.apply([] { return std::this_thread::get_id(); });
        const auto spawned = pool.spawn([] { return std::this_thread::get_id(); });
        EXPECT_TRUE(spawned.ready());
        EXPECT_THROW(pool.apply([] { throw std::runtime_error("nested"); }), std::runtime_error);
        EXPECT_THROW(pool.spawn([] { throw std::runtime_error("nested"); }).get(), std::runtime_error);
        return applied == worker && spawned.get() == worker;
    };
    EXPECT_TRUE(pool.apply(nested));
    EXPECT_TRUE(pool.apply([&pool, nested] { return pool.apply(nested); }));
    EXPECT_EQ(offload([] { return offload([] { return 5; }); }), 5);
}

TENDRIL_TEST(ConformanceMThreads, TM09_ResizingDownToZeroAndUp) {
    ThreadPool pool(2);
    EXPECT_EQ(pool.apply([] { return 1; }), 1);
    pool.resize(0);
    auto waits = pool.spawn([] { return 2; });
    EXPECT_FALSE(waits.wait(2ms));
    EXPECT_THROW(pool.apply(1ms, [] { ADD_FAILURE() << "it ran"; }), TimeoutError);
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(pool.waiting(), 1u);
    pool.resize(1);
    EXPECT_EQ(waits.get(), 2);
    EXPECT_EQ(pool.waiting(), 0u);

    // As many at once as there are threads, no more.
    pool.resize(3);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::vector<AsyncResult<void>> jobs;
    SharedSemaphore go(0);
    for (int i = 0; i < 9; ++i) {
        jobs.push_back(pool.spawn([&] {
            int now = ++running;
            for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
            }
            go.acquire();
            --running;
        }));
    }
    while (running != 3) {
        yield();
    }
    EXPECT_EQ(pool.running(), 3u);
    EXPECT_EQ(pool.waiting(), 6u);
    go.release(9);
    for (const auto& job : jobs) {
        job.get();
    }
    EXPECT_EQ(most, 3);
}

TENDRIL_TEST(ConformanceMThreads, TM09_AnyOsThreadMayUseIt) {
    ThreadPool pool(3);
    std::atomic<int> sum{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            std::vector<Greenlet<void>> callers;
            for (int g = 0; g < 4; ++g) {
                callers.push_back(spawn([&] {
                    for (int i = 0; i < 100; ++i) {
                        EXPECT_EQ(pool.apply([&sum, t] { return sum += t, t; }), t);
                    }
                }));
            }
            join_all(callers, {.raise_error = true});
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(sum, (0 + 1 + 2) * 400);
}

TENDRIL_TEST(ConformanceMThreads, TM09_GivingUpLeavesNothingBehind) {
    ThreadPool pool(2);
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    int finished = 0;
    const auto held = std::make_shared<int>(0);
    for (int i = 0; i < 200; ++i) {
        std::vector<Greenlet<void>> callers;
        for (int g = 0; g < 4; ++g) {
            callers.push_back(spawn([&, held] {
                pool.apply([&begun, &ended, held] {
                    ++begun;
                    std::this_thread::yield();
                    ++ended;
                });
                ++finished;
            }));
        }
        yield();
        if (i % 2 == 0) {
            sleep(10us);
        }
        kill_all(callers);
    }
    pool.resize(0);
    EXPECT_EQ(pool.waiting(), 0u) << "what had not begun was taken away";
    while (Hub::current().stats().keeping_alive != 0) {
        yield();
    }
    EXPECT_EQ(begun, ended) << "what had begun went on to its end";
    EXPECT_LE(finished, ended);
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(ConformanceMThreads, TM11_ArgumentsAndResultsAreReleasedPromptly) {
    ThreadPool pool(1);
    const auto argument = std::make_shared<int>(1);
    const auto captured = std::make_shared<int>(2);
    {
        const AsyncResult<std::shared_ptr<int>> result = pool.spawn(
            [captured](const std::shared_ptr<int>& a) { return std::make_shared<int>(*a + *captured); }, argument);
        const std::weak_ptr<int> value = result.get();
        EXPECT_EQ(argument.use_count(), 1) << "gone before the result came";
        EXPECT_EQ(captured.use_count(), 1);
        EXPECT_EQ(value.use_count(), 1) << "the handle's";
    }
    const std::shared_ptr<int> same = pool.apply([](std::shared_ptr<int> a) { return a; }, argument);
    EXPECT_EQ(argument.use_count(), 2);
    EXPECT_THROW(pool.apply([argument] { throw std::runtime_error("job"); }), std::runtime_error);
    EXPECT_EQ(argument.use_count(), 2);
}

TENDRIL_TEST(ConformanceMThreads, TM11_AnErrorInTheDeliveryOfAResultDoesNotHarmTheHub) {
    struct Bad {
        std::thread::id worker = std::this_thread::get_id();
        Bad() = default;
        Bad(Bad&& other) : worker(other.worker) {
            if (std::this_thread::get_id() != worker) {
                throw std::runtime_error("this result cannot be moved home");
            }
        }
    };
    ThreadPool pool(1);
    EXPECT_THROW(pool.apply([] { return Bad(); }), std::runtime_error);
    EXPECT_EQ(pool.apply([] { return 1; }), 1);
    EXPECT_TRUE(testing::take_unhandled().empty());
}

}  // namespace
}  // namespace tendril
