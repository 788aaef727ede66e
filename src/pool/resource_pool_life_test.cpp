// SPDX-License-Identifier: MIT
//
// How the resources of a ResourcePool end: broken, too old, too many, or with the pool.

#include <tendril/resource_pool.hpp>

#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "green_test.hpp"
#include "pool/resource_pool_works.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Thing;
using testing::Works;

TENDRIL_TEST(ResourcePool, AnUnhealthyOneIsReplaced) {
    Works works;
    int checks = 0;
    ResourcePool<Thing> pool(works.create(),
                             {.max = 2, .check = [&](Thing& thing) {
                                  ++checks;
                                  if (thing.number == 2) {
                                      throw std::system_error(std::make_error_code(std::errc::connection_reset));
                                  }
                                  return !thing.broken;
                              }});
    pool.get()->broken = true;
    EXPECT_EQ(checks, 0) << "a new one is not checked";
    EXPECT_EQ(pool.get()->number, 2);
    EXPECT_EQ(pool.get()->number, 3) << "what throws a system_error is not healthy";
    EXPECT_EQ(pool.get()->number, 3);
    EXPECT_EQ(works.alive, 1);
    EXPECT_EQ(checks, 3);
}

TENDRIL_TEST(ResourcePool, ACheckThatIsBrokenOffDestroysWhatItChecked) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.min = 1, .max = 1, .check = [](Thing&) {
                                                  sleep(1h);
                                                  return true;
                                              }});
    EXPECT_THROW(static_cast<void>(pool.get(1ms)), TimeoutError);
    EXPECT_EQ(works.alive, 0);
    EXPECT_EQ(pool.size(), 0u);
    pool.get().give_back();
    auto dies = spawn([&] { static_cast<void>(pool.get()); });
    yield();
    auto waits = spawn([&] { return pool.get()->number; });
    yield();
    dies.kill();
    EXPECT_EQ(waits.get(), 3) << "the slot went to the waiter";

    ResourcePool<Thing> wrong(
        works.create(), {.min = 1, .max = 1, .check = [](Thing&) -> bool { throw std::logic_error("a mistake"); }});
    EXPECT_THROW(static_cast<void>(wrong.get()), std::logic_error);
    EXPECT_EQ(wrong.size(), 0u);
}

TENDRIL_TEST(ResourcePool, IdleOnesGrowOldThoughNobodyCalls) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.min = 2, .max = 2, .max_idle = 2ms});
    EXPECT_EQ(Hub::current().stats().timers, 1u);
    {
        const auto a = pool.get();
        const auto b = pool.get();
        EXPECT_EQ(Hub::current().stats().timers, 0u) << "nothing is idle";
    }
    while (works.alive > 0) {
        sleep(1ms);
    }
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(Hub::current().stats().timers, 0u);
    EXPECT_EQ(pool.get()->number, 3);
}

TEST(ResourcePoolThreads, IdleOnesHideNoDeadlock) {
    std::thread([] {
        Works works;
        ResourcePool<Thing> pool(works.create(), {.min = 1, .max = 1, .max_idle = 1h});
        Event never_set;
        EXPECT_THROW(never_set.wait(), LoopExit);
    }).join();
}

TENDRIL_TEST(ResourcePool, TheReaperIsThereOnlyWhileItDestroysAndTheDestructorWaitsForIt) {
    Works works;
    Event closing;
    const std::size_t before = Hub::current().stats().greenlets;
    {
        ResourcePool<Thing> pool(works.create(), {.max = 1, .max_idle = 1ms});
        pool.get()->closing = &closing;
        EXPECT_EQ(Hub::current().stats().greenlets, before) << "an idle one needs a timer, not a green thread";
        while (pool.idle() != 0) {
            sleep(1ms);
        }
        EXPECT_EQ(Hub::current().stats().greenlets, before + 1);
        EXPECT_EQ(pool.size(), 1u) << "one that is being destroyed counts still";
        EXPECT_THROW(static_cast<void>(pool.get(1ms)), TimeoutError);
        auto waiter = spawn([&] { return pool.get()->number; });
        yield();
        auto opener = spawn([&] { closing.set(); });
        EXPECT_EQ(waiter.get(), 2) << "its slot went to the waiter";
        opener.join();

        pool.get()->closing = &closing;
        closing.clear();
        while (pool.idle() != 0) {
            sleep(1ms);
        }
        spawn_n([&] {
            yield();
            closing.set();
        });
    }
    EXPECT_EQ(works.alive, 0);
    EXPECT_EQ(Hub::current().stats().greenlets, before);
}

TENDRIL_TEST(ResourcePool, MaxAge) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = 1, .max_age = 2ms});
    {
        auto lease = pool.get();
        sleep(3ms);
    }
    EXPECT_EQ(works.alive, 0) << "too old when it came back";
    pool.get().give_back();
    while (works.alive > 0) {
        sleep(1ms);
    }
    EXPECT_EQ(works.made, 2) << "too old while it was idle";
}

TENDRIL_TEST(ResourcePool, ClearDestroysTheIdleOnes) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.min = 3, .max = 3, .max_idle = 1h});
    const auto lease = pool.get();
    pool.clear();
    EXPECT_EQ(works.alive, 1);
    EXPECT_EQ(pool.size(), 1u);
    EXPECT_EQ(pool.idle(), 0u);
}

TENDRIL_TEST(ResourcePool, ALeaseOutlivesThePool) {
    Works works;
    Lease<Thing> lease;
    {
        ResourcePool<Thing> pool(works.create(), {.min = 2, .max_idle = 1h});
        lease = pool.get();
    }
    EXPECT_EQ(works.alive, 1);
    EXPECT_EQ(lease->number, 2);
    lease.give_back();
    EXPECT_EQ(works.alive, 0);
}

TENDRIL_TEST(ResourcePool, WhoWaitsWhenThePoolIsDestroyedIsTold) {
    Works works;
    auto pool = std::make_unique<ResourcePool<Thing>>(works.create(), ResourceOptions<Thing>{.max = 1});
    auto mine = pool->get();
    auto waiter = spawn([&] { return pool->get()->number; });
    yield();
    pool.reset();
    EXPECT_THROW(waiter.get(), std::logic_error);
}

TENDRIL_TEST(ResourcePool, DestructorsThatWaitAreShielded) {
    Works works;
    Event closing;
    ResourcePool<Thing> pool(works.create(), {.max = 1});
    auto holder = spawn([&] {
        auto lease = pool.get();
        lease->closing = &closing;
        lease.discard();
        yield();
        ADD_FAILURE() << "the kill comes at the first wait after the Shield";
    });
    yield();
    holder.kill_nowait();
    yield();
    EXPECT_EQ(works.alive, 1);
    closing.set();
    holder.join();
    EXPECT_TRUE(holder.killed());
    EXPECT_EQ(works.alive, 0);
    EXPECT_EQ(pool.size(), 0u);
}

TEST(ResourcePool, MayOutliveItsHub) {
    Works works;
    std::unique_ptr<ResourcePool<Thing>> pool;
    std::thread([&] {
        pool = std::make_unique<ResourcePool<Thing>>(works.create(), ResourceOptions<Thing>{.min = 1, .max_idle = 1h});
    }).join();
    EXPECT_EQ(works.alive, 1);
    pool.reset();
    EXPECT_EQ(works.alive, 0);
}

}  // namespace
}  // namespace tendril
