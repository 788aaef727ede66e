// SPDX-License-Identifier: MIT

#include <tendril/detail/base/mutex.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace tendril::detail {
namespace {

TEST(Mutex, IsTakenInTheOrderOfRanks) {
    Mutex outer(Rank::team);
    Mutex inner(Rank::mailbox);
    for (int i = 0; i < 2; ++i) {
        const std::lock_guard first(outer);
        const std::lock_guard second(inner);
    }
    const std::lock_guard alone(inner);
}

TEST(Mutex, ExcludesOsThreadsThatSleepForIt) {
    Mutex mutex(Rank::team);
    int count = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 2'000; ++k) {
                const std::lock_guard held(mutex);
                const int before = count;
                if (k % 100 == 0) {
                    std::this_thread::sleep_for(std::chrono::microseconds(10));  // the others give up spinning
                }
                count = before + 1;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(count, 8'000);
}

#ifndef NDEBUG
TEST(Mutex, InTheWrongOrderAbortsAndNamesBoth) {
    Mutex outer(Rank::team);
    Mutex inner(Rank::mailbox);
    EXPECT_DEATH(
        {
            const std::lock_guard first(inner);
            const std::lock_guard second(outer);
        },
        "takes a lock of rank team while it holds one of rank mailbox");
}

TEST(Mutex, TwoOfOneRankAbort) {
    Mutex one(Rank::shared);
    Mutex other(Rank::shared);
    EXPECT_DEATH(
        {
            const std::lock_guard first(one);
            const std::lock_guard second(other);
        },
        "takes a lock of rank shared while it holds one of rank shared");
}
#endif

}  // namespace
}  // namespace tendril::detail
