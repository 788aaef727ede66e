// SPDX-License-Identifier: MIT
//
// The pool floor does not allocate once it is warm; counted as in src/sync/allocation_test.cpp.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/pile.hpp>
#include <tendril/pool.hpp>
#include <tendril/resource_pool.hpp>
#include <tendril/task_graph.hpp>
#include <tendril/thread_pool.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

#include "allocations.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Allocation, NoneToLeaseAndGiveBack) {
    int made = 0;
    ResourcePool<int> pool([&] { return ++made; }, {.max = 1, .max_idle = 1h, .check = [](int&) { return true; }});
    EXPECT_EQ(allocated_by([&] { *pool.get(1h) += 1; }), 0u);
    EXPECT_EQ(allocated_by([&] { EXPECT_TRUE(pool.try_get()); }), 0u);
    EXPECT_EQ(made, 1);
}

TENDRIL_TEST(Allocation, NoneToWaitForALease) {
    ResourcePool<int> pool([] { return 1; }, {.max = 1});
    EXPECT_EQ(allocated_by([&] {
                  auto mine = pool.get();
                  const auto waiter = spawn([&] { return *pool.get(1h); });
                  yield();
                  mine.give_back();
                  waiter.get();
              }),
              0u);
}

TENDRIL_TEST(Allocation, NoneToSpawnIntoAPool) {
    Pool pool(2);
    EXPECT_EQ(allocated_by([&] {
                  for (int i = 0; i < 4; ++i) {  // two of them wait for a slot
                      pool.spawn_n([] { yield(); });
                  }
                  pool.join();
              }),
              0u);
    EXPECT_EQ(allocated_by([&] {
                  const auto job = pool.spawn([] { return 1; });
                  EXPECT_EQ(job.get(), 1);
              }),
              0u);
    EXPECT_EQ(allocated_by([&] { EXPECT_TRUE(pool.try_spawn([] {})->join()); }), 0u);
    EXPECT_EQ(allocated_by([&] {
                  pool.spawn_n([] {});
                  pool.kill();
              }),
              0u);
}

TENDRIL_TEST(Allocation, WhicheverIsRefusedNoSlotOrJobIsLost) {
    Pool pool(3);
    Pile<std::string> pile(pool);
    ThreadPool threads(1);
    TaskGraph<int, int> graph;
    const std::string text(100, 'x');
    std::size_t jobs = 0;
    int key = 0;
    EXPECT_GT(at_each_allocation(
                  [&] {
                      pile.spawn([](std::string s) { return s; }, text);
                      ++jobs;
                  },
                  [] { sleep(0s); }),
              0u);
    for (; jobs > 0; --jobs) {
        EXPECT_EQ(pile.next(), text);
    }
    EXPECT_EQ(pile.next(), std::nullopt);
    EXPECT_GT(at_each_allocation([&] { pool.spawn_n([](const std::string&) {}, text); },
                                 [&] {
                                     pool.join();
                                     yield();
                                     EXPECT_EQ(pool.running(), 0u);
                                 }),
              0u);
    EXPECT_GT(at_each_allocation([&] { graph.spawn(++key, {}, [] { return 1; }); }, [] { yield(); }), 0u);
    EXPECT_TRUE(graph.wait_all());
    EXPECT_GT(at_each_allocation([&] { threads.spawn([](const std::string&) {}, text); }, [] {}), 0u);
    threads.apply([] {});
    EXPECT_EQ(threads.waiting(), 0u);
}

}  // namespace
}  // namespace tendril

#endif
