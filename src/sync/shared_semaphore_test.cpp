// SPDX-License-Identifier: MIT

#include <tendril/shared_semaphore.hpp>

#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(SharedSemaphore, WithinOneHubItIsASemaphore) {
    SharedSemaphore semaphore(1);
    EXPECT_THROW(SharedSemaphore(-1), std::invalid_argument);
    EXPECT_TRUE(semaphore.acquire());
    EXPECT_FALSE(semaphore.try_acquire());
    EXPECT_FALSE(semaphore.acquire(1ms));
    EXPECT_FALSE(with_timeout(1ms, [&] { semaphore.acquire(); }));
    auto a = spawn([&] { return semaphore.acquire(); });
    auto b = spawn([&] { return semaphore.acquire(); });
    yield();
    EXPECT_EQ(semaphore.waiting(), 2u);
    semaphore.release(3);
    EXPECT_EQ(semaphore.available(), 1u);
    EXPECT_TRUE(a.get() && b.get());
    const std::scoped_lock held(semaphore);
    EXPECT_EQ(semaphore.available(), 0u);
}

TENDRIL_TEST(SharedSemaphore, AReleaserDoesNotOvertakeWhoWaits) {
    SharedSemaphore semaphore(1);
    std::vector<int> order;
    semaphore.acquire();
    auto waiter = spawn([&] {
        const std::lock_guard guard(semaphore);
        order.push_back(1);
    });
    yield();
    semaphore.release();
    EXPECT_FALSE(semaphore.try_acquire());
    semaphore.acquire();
    order.push_back(2);
    waiter.join();
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TENDRIL_TEST(SharedSemaphoreThreads, HoldsAsALockBetweenPlainOsThreads) {
    SharedSemaphore semaphore;
    int counter = 0;  // under the semaphore; TSan would see
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                const std::lock_guard guard(semaphore);
                ++counter;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(counter, 3000);
    EXPECT_EQ(semaphore.available(), 1u);
}

}  // namespace
}  // namespace tendril
