// SPDX-License-Identifier: MIT
//
// What the pool floor does not allocate once it is warm; counted as in src/sync/allocation_test.cpp.

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/resource_pool.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

using namespace std::chrono_literals;

namespace {
thread_local std::size_t allocations = 0;
}  // namespace

// Not inlined, and one delete by the other: that is how valgrind knows which belong together.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) {
        return p;
    }
    throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}

[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    ::operator delete(p);
}

namespace tendril {
namespace {

// How much 100 rounds allocate, after some that warm up.
template <class F>
std::size_t allocated_by(F round) {
    for (int i = 0; i < 10; ++i) {
        round();
    }
    const std::size_t before = allocations;
    for (int i = 0; i < 100; ++i) {
        round();
    }
    return allocations - before;
}

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

}  // namespace
}  // namespace tendril

#endif
