// SPDX-License-Identifier: MIT
//
// The cleanup of a ResourcePool, which runs when a lease ends, and the time limit of create.

#include <tendril/resource_pool.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "pool/resource_pool_works.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Thing;
using testing::Works;

TENDRIL_TEST(ResourceCleanup, RunsBetweenALeaseAndTheNext) {
    Works works;
    std::vector<std::string> log;
    ResourcePool<Thing> pool(works.create(), {.max = 1, .cleanup = [&](Thing& t) {
                                                  log.push_back("clean " + std::to_string(t.number));
                                                  yield();
                                                  log.emplace_back("cleaned");
                                              }});
    auto lease = pool.get();
    auto waiter = spawn([&] {
        auto next = pool.get();
        log.push_back("lent " + std::to_string(next->number));
    });
    yield();
    lease.give_back();
    EXPECT_TRUE(log.empty()) << "the end of a lease does not wait for it";
    EXPECT_EQ(pool.leased() + pool.idle(), 0u);
    EXPECT_EQ(pool.size(), 1u);
    EXPECT_EQ(pool.free(), 0);
    EXPECT_FALSE(pool.try_get());
    waiter.join();
    log.resize(3);  // the next cleanup may have begun
    EXPECT_EQ(log, (std::vector<std::string>{"clean 1", "cleaned", "lent 1"}));
    EXPECT_EQ(pool.get()->number, 1);
    EXPECT_EQ(works.made, 1);
}

TENDRIL_TEST(ResourceCleanup, WithoutAMaximumMuchIsFree) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = unbounded});
    EXPECT_EQ(pool.free(), PTRDIFF_MAX);
    const auto lease = pool.get();
    EXPECT_EQ(pool.free(), PTRDIFF_MAX - 1);
}

TENDRIL_TEST(ResourceCleanup, ARollbackThatThrowsDropsTheResource) {
    Works works;
    bool bug = false;
    ResourcePool<Thing> pool(works.create(), {.max = 1, .cleanup = [&](Thing&) {
                                                  if (bug) {
                                                      throw std::logic_error("a bug");
                                                  }
                                                  throw std::runtime_error("connection lost");
                                              }});
    pool.get().give_back();
    EXPECT_EQ(pool.get()->number, 2);
    EXPECT_EQ(works.alive, 1);
    bug = true;
    EXPECT_EQ(pool.get()->number, 3) << "the second lease ended with the statement";
    EXPECT_EQ(pool.get()->number, 4);
    EXPECT_EQ(testing::take_unhandled().size(), 2u) << "of leases 2 and 3; the runtime_error of the first is no news";
    bug = false;
    EXPECT_EQ(pool.get()->number, 5);
}

TENDRIL_TEST(ResourceCleanup, OneThatTakesTooLongIsBrokenOff) {
    Works works;
    ResourcePool<Thing> pool(works.create(),
                             {.max = 1, .cleanup = [](Thing&) { sleep(never); }, .cleanup_timeout = 1ms});
    pool.get().give_back();
    EXPECT_EQ(pool.get()->number, 2);
    EXPECT_EQ(works.most, 1) << "it was destroyed before the next was made";
}

TENDRIL_TEST(ResourceCleanup, ALeaseEndsByAKillAndTheCleanupStillRuns) {
    Works works;
    Event go;
    int cleaned = 0;
    ResourcePool<Thing> pool(works.create(), {.max = 1, .cleanup = [&](Thing&) {
                                                  go.wait();
                                                  ++cleaned;
                                              }});
    auto user = spawn([&] {
        auto lease = pool.get();
        sleep(never);
    });
    yield();
    user.kill();
    EXPECT_EQ(cleaned, 0);
    EXPECT_THROW(static_cast<void>(pool.get(0s)), TimeoutError);
    EXPECT_FALSE(with_timeout(0s, [&] { static_cast<void>(pool.get()); }));
    auto killed = spawn([&] { static_cast<void>(pool.get()); });
    yield();
    killed.kill();
    EXPECT_EQ(cleaned, 0);
    go.set();
    EXPECT_EQ(pool.get()->number, 1);
    EXPECT_EQ(cleaned, 1);
}

TENDRIL_TEST(ResourceCleanup, IsLeftOutForWhatIsCleanBrokenOrTooOld) {
    Works works;
    int cleaned = 0;
    const auto clean = [&](Thing&) { ++cleaned; };
    ResourcePool<Thing> pool(works.create(), {.max = 2, .cleanup = clean});
    {
        auto committed = pool.get();
        committed.skip_cleanup();
        Lease<Thing> moved = std::move(committed);
        auto other = pool.get();
        other.give_back();
        other = std::move(moved);
    }
    EXPECT_EQ(pool.idle(), 1u) << "the one that was clean, at once";
    yield();
    yield();
    EXPECT_EQ(pool.idle(), 2u);
    EXPECT_EQ(cleaned, 1);
    pool.get().discard();
    auto first = pool.get();
    auto second = pool.get();
    pool.resize(1);
    first.give_back();
    EXPECT_EQ(works.alive, 1) << "there was one too many";
    EXPECT_EQ(cleaned, 1);
    second.discard();
    ResourcePool<Thing> once(works.create(), {.max = 1, .max_age = 0s, .cleanup = clean});
    once.get().give_back();
    EXPECT_EQ(works.alive, 0) << "max_age 0: a resource is for one lease";
    EXPECT_EQ(cleaned, 1);
}

TENDRIL_TEST(ResourceCleanup, ThePoolThatGoesEndsItFirst) {
    Works works;
    Event closing;
    bool ended = false;
    std::optional<ResourcePool<Thing>> pool(std::in_place, works.create(),
                                            ResourceOptions<Thing>{.max = 3, .cleanup = [&](Thing&) {
                                                                       try {
                                                                           sleep(never);
                                                                       } catch (...) {
                                                                           ended = true;
                                                                           throw;
                                                                       }
                                                                   }});
    auto running = pool->get();
    auto unborn = pool->get();
    auto leased = pool->get();
    running->closing = &closing;
    running.give_back();
    yield();
    unborn.give_back();
    auto closer = spawn([&] { closing.set(); });
    pool.reset();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(closer.ready()) << "it waited for the destructor";
    EXPECT_EQ(works.alive, 1);
    leased.give_back();
    EXPECT_EQ(works.alive, 0);
}

TENDRIL_TEST(ResourceCleanup, AResizeOrAnAgeThatCameMeanwhileCounts) {
    Works works;
    Event go;
    ResourcePool<Thing> pool(works.create(), {.max = 2, .cleanup = [&](Thing&) { go.wait(); }});
    auto a = pool.get();
    auto b = pool.get();
    a.give_back();
    b.give_back();
    yield();
    pool.resize(1);
    EXPECT_EQ(works.alive, 2);
    go.set();
    EXPECT_EQ(pool.get()->number, 2);
    EXPECT_EQ(works.alive, 1);
}

// Destroyed after the hub of its OS thread, since it was there before.
thread_local std::optional<ResourcePool<Thing>> outlives_its_hub;

TENDRIL_TEST(ResourceCleanupThreads, AHubThatEndsDropsWhatIsBeingCleaned) {
    Works works;
    std::thread([&] {
        outlives_its_hub.reset();
        outlives_its_hub.emplace(works.create(),
                                 ResourceOptions<Thing>{.max = 2, .cleanup = [](Thing&) { sleep(never); }});
        auto running = outlives_its_hub->get();
        auto unborn = outlives_its_hub->get();
        running.give_back();
        yield();
        unborn.give_back();
    }).join();
    EXPECT_EQ(works.alive, 0);
}

TENDRIL_TEST(ResourceCleanup, CreateHasALimitOfItsOwn) {
    bool slow = true;
    ResourcePool<int> pool(
        [&] {
            if (slow) {
                sleep(never);
            }
            return 1;
        },
        {.max = 1, .create_timeout = 1ms});
    EXPECT_THROW(static_cast<void>(pool.get()), TimeoutError);
    EXPECT_THROW(static_cast<void>(pool.get(1h)), TimeoutError);
    EXPECT_EQ(pool.size(), 0u);
    slow = false;
    EXPECT_EQ(*pool.get(), 1);
    EXPECT_THROW(ResourcePool<int>([] { return sleep(never), 1; }, {.min = 1, .create_timeout = 1ms}), TimeoutError);
}

// eventlet's DatabaseConnector: a pool for each host and database, made when it is first asked for.
TENDRIL_TEST(ResourceCleanup, AMapOfPoolsIsADatabaseConnector) {
    using Key = std::pair<std::string, std::string>;
    std::map<Key, ResourcePool<std::string>> pools;
    const auto database = [&](const std::string& host, const std::string& name) -> ResourcePool<std::string>& {
        return pools.try_emplace({host, name}, [=] { return name + "@" + host; }).first->second;
    };
    EXPECT_EQ(*database("a", "x").get(), "x@a");
    EXPECT_EQ(*database("b", "x").get(), "x@b");
    EXPECT_EQ(database("a", "x").idle(), 1u);
    EXPECT_EQ(pools.size(), 2u);
}

}  // namespace
}  // namespace tendril
