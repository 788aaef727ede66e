// SPDX-License-Identifier: MIT
//
// map, imap, imap_unordered and starmap of a ThreadPool.

#include <tendril/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "steps.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Steps;

TENDRIL_TEST(ThreadPoolMapThreads, MapsInTheOrderOfTheInputOnOtherThreads) {
    ThreadPool pool(3);
    const std::vector<int> numbers{3, 1, 2};
    const auto here = std::this_thread::get_id();
    EXPECT_EQ(pool.map(
                  [here](int n) {
                      EXPECT_NE(std::this_thread::get_id(), here);
                      std::this_thread::sleep_for(n * 1ms);
                      return n * 10;
                  },
                  numbers),
              (std::vector{30, 10, 20}));
    EXPECT_EQ(pool.map([](int a, const std::string& b) { return b + std::to_string(a); }, numbers,
                       std::vector<std::string>{"a", "b"}),
              (std::vector<std::string>{"a3", "b1"}));
    std::vector<int> seen;
    for (const int n :
         pool.starmap([](int a, int b) { return a * b; }, std::vector{std::tuple(2, 3), std::tuple(4, 5)})) {
        seen.push_back(n);
    }
    EXPECT_EQ(seen, (std::vector{6, 20}));
    std::atomic<int> sum{0};
    pool.map([&sum](int n) { sum += n; }, Steps{.begin_at = 1, .end_at = 101});
    EXPECT_EQ(sum, 5050);
    EXPECT_TRUE(pool.map([](int n) { return n; }, std::vector<int>()).empty());
    EXPECT_THROW(pool.map(static_cast<int (*)(int)>(nullptr), numbers), std::invalid_argument);
}

TENDRIL_TEST(ThreadPoolMapThreads, UnorderedGivesWhatIsReadyFirst) {
    ThreadPool pool(2);
    SharedEvent second_seen;
    std::vector<int> seen;
    for (const int n : pool.imap_unordered(
             [&](int i) {
                 if (i == 0) {
                     second_seen.wait();
                 }
                 return i;
             },
             std::vector{0, 1, 2})) {
        seen.push_back(n);
        second_seen.set();
    }
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_NE(seen.front(), 0);
}

TENDRIL_TEST(ThreadPoolMapThreads, MovesItemsAndResults) {
    ThreadPool pool(2);
    std::vector<std::unique_ptr<int>> items;
    for (int i = 0; i < 5; ++i) {
        items.push_back(std::make_unique<int>(i));
    }
    int sum = 0;
    for (const std::unique_ptr<int>& n :
         pool.imap([](std::unique_ptr<int> p) { return std::make_unique<int>(*p + 1); }, std::move(items))) {
        sum += *n;
    }
    EXPECT_EQ(sum, 15);
}

TENDRIL_TEST(ThreadPoolMapThreads, AnErrorComesInItsPlaceAndTheRestFollows) {
    ThreadPool pool(2);
    const auto odd = [](int n) { return n % 2 == 1 ? n : throw std::runtime_error("even: " + std::to_string(n)); };
    auto results = pool.imap(odd, std::vector{1, 2, 3});
    EXPECT_EQ(results.next(), 1);
    EXPECT_THROW(results.next(), std::runtime_error);
    EXPECT_EQ(results.next(), 3);
    EXPECT_EQ(results.next(), std::nullopt);
    EXPECT_THROW(pool.map(odd, std::vector{1, 2, 3}), std::runtime_error);
}

TENDRIL_TEST(ThreadPoolMapThreads, IsLazyWithABoundedLookAhead) {
    ThreadPool pool(2);
    int walked = 0;
    const Steps input{.does = [&](char step, int) { walked += step == '*'; }};
    {
        auto results = pool.imap(
            {.window = 3}, [](int n) { return n; }, input);
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(results.next(), i);
            EXPECT_LE(walked, i + 1 + 3);
        }
    }
    walked = 0;
    {
        auto results = pool.imap_unordered([](int n) { return n; }, input);
        results.next();
        pool.join();
        yield();
        EXPECT_LE(walked, 1 + 4) << "twice the number of threads";
    }
    pool.join();  // the jobs of results that nobody took
}

TENDRIL_TEST(ThreadPoolMapThreads, KeepsAllThreadsBusyAndNoMore) {
    ThreadPool pool(2);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    SharedEvent both;
    pool.map(
        [&](int) {
            const int now = ++inside;
            for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
            }
            if (now == 2) {
                both.set();
            }
            both.wait();
            --inside;
        },
        Steps{.end_at = 30});
    EXPECT_EQ(most, 2);
}

TENDRIL_TEST(ThreadPoolMapThreads, InAJobOfThePoolItRunsInline) {
    ThreadPool pool(1);
    const auto ids = pool.apply([&] {
        auto found = pool.map([](int) { return std::this_thread::get_id(); }, std::vector{1, 2, 3});
        found.push_back(std::this_thread::get_id());
        return found;
    });
    EXPECT_EQ(ids, std::vector(4, ids.front()));
}

TENDRIL_TEST(ThreadPoolMapThreads, AConsumerThatIsKilledLeavesOnlyWhatIsUnderWay) {
    ThreadPool pool(1);
    SharedEvent begun;
    SharedEvent open;
    std::atomic<int> ran{0};
    const auto held = std::make_shared<int>(0);
    auto consumer = spawn([&, held] {
        pool.map(
            [&, held](int) {
                begun.set();
                open.wait();
                ++ran;
            },
            std::vector{1, 2, 3});
    });
    begun.wait();
    consumer.kill();
    EXPECT_TRUE(consumer.killed());
    EXPECT_EQ(pool.running(), 1u);
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_GE(held.use_count(), 2) << "the job under way has its copy of the function";
    open.set();
    EXPECT_TRUE(pool.join());
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(ThreadPoolMapThreads, ATimeoutAndADeadlineEndTheWaitAndLoseNoResult) {
    ThreadPool pool(0);
    EXPECT_FALSE(with_timeout(1ms, [&] { return pool.map([](int n) { return n; }, std::vector{1}); }));
    EXPECT_EQ(pool.waiting(), 0u);
    auto results = pool.imap([](int n) { return n; }, std::vector{1, 2});
    EXPECT_FALSE(with_timeout(1ms, [&] { return results.next(); }));
    while (pool.waiting() != 2) {
        yield();
    }
    pool.resize(1);
    EXPECT_EQ(results.next(), 1);
    EXPECT_EQ(results.next(), 2);
    EXPECT_EQ(results.next(), std::nullopt);
}

TENDRIL_TEST(ThreadPoolMapThreads, AnImapMayOutliveItsPool) {
    std::optional<ThreadPool> pool(std::in_place, 0);
    auto results = pool->imap([](int n) { return n; }, std::vector{1, 2});
    while (pool->waiting() != 2) {
        yield();
    }
    pool.reset();
    EXPECT_THROW(results.next(), JobDropped);
    EXPECT_THROW(results.next(), JobDropped);
    EXPECT_EQ(results.next(), std::nullopt);

    ThreadPool killed(0);
    auto dropped = killed.imap([](int n) { return n; }, std::vector{1});
    while (killed.waiting() != 1) {
        yield();
    }
    EXPECT_EQ(killed.kill_nowait(), 1u);
    EXPECT_THROW(dropped.next(), JobDropped);
}

}  // namespace
}  // namespace tendril
