// SPDX-License-Identifier: MIT

#include <tendril/resource_pool.hpp>

#include <algorithm>
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

TENDRIL_TEST(ResourcePool, LendsAndTakesBack) {
    Works works;
    {
        ResourcePool<Thing> pool(works.create(), {.max = 2});
        EXPECT_EQ(pool.size(), 0u);
        EXPECT_EQ(pool.free(), 2);
        {
            auto a = pool.get();
            const auto b = pool.get();
            EXPECT_EQ(a->number + (*b).number, 3);
            EXPECT_EQ(pool.leased(), 2u);
            EXPECT_EQ(pool.free(), 0);
            EXPECT_FALSE(pool.try_get());
            EXPECT_THROW(static_cast<void>(pool.get(1ms)), TimeoutError);
            EXPECT_THROW(static_cast<void>(pool.get(0ms)), TimeoutError);
        }
        EXPECT_EQ(pool.idle(), 2u);
        EXPECT_EQ(pool.leased(), 0u);
        EXPECT_EQ(pool.free(), 2);
        EXPECT_EQ(works.made, 2);
    }
    EXPECT_EQ(works.alive, 0);
}

TENDRIL_TEST(ResourcePool, MinIsMadeUpFront) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.min = 2, .max = 3});
    EXPECT_EQ(works.made, 2);
    EXPECT_EQ(pool.idle(), 2u);

    int tries = 0;
    EXPECT_THROW((ResourcePool<Thing>(
                     [&]() -> Thing {
                         if (++tries == 2) {
                             throw std::runtime_error("refused");
                         }
                         return Thing(0, works.alive);
                     },
                     {.min = 3})),
                 std::runtime_error);
    EXPECT_EQ(works.alive, 2) << "what was made before went again";
}

TENDRIL_TEST(ResourcePool, OrderOfLending) {
    Works works;
    for (const bool newest : {true, false}) {
        ResourcePool<Thing> pool(works.create(), {.min = 3, .max = 3, .newest_first = newest});
        auto a = pool.get();
        auto b = pool.get();
        auto c = pool.get();
        const int first = a->number;
        const int last = c->number;
        a.give_back();
        b.give_back();
        c.give_back();
        EXPECT_EQ(pool.get()->number, newest ? last : first);
    }
}

TENDRIL_TEST(ResourcePool, ALeaseMovesAndAnEmptyOneIsRefused) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = 2});
    auto a = pool.get();
    auto b = pool.get();
    const int second = b->number;
    a = std::move(b);
    EXPECT_EQ(pool.leased(), 1u) << "what it held before was given back";
    EXPECT_EQ(a->number, second);
    EXPECT_FALSE(b);  // NOLINT(bugprone-use-after-move): that is the test
    EXPECT_THROW(static_cast<void>(*b), std::logic_error);
    b.give_back();
    Lease<Thing> c(std::move(a));
    EXPECT_TRUE(c);
    c.give_back();
    c.give_back();
    EXPECT_THROW(static_cast<void>(c->number), std::logic_error);
    EXPECT_EQ(pool.idle(), 2u);
}

TENDRIL_TEST(ResourcePool, WhatIsGivenBackGoesToTheFirstWaiterWithoutSwitching) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = 1});
    std::vector<int> order;
    auto mine = pool.get();
    std::vector<Greenlet<void>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(spawn([&, i] {
            const auto lease = pool.get();
            order.push_back(i);
            yield();
        }));
    }
    yield();
    EXPECT_EQ(pool.waiting(), 3u);
    mine.give_back();
    EXPECT_TRUE(order.empty());
    EXPECT_FALSE(pool.try_get()) << "it belongs to the first waiter already";
    join_all(waiters);
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
    EXPECT_EQ(works.made, 1);
}

TENDRIL_TEST(ResourcePool, ABrokenOneIsDroppedAndItsSlotGoesToAWaiter) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = 1});
    auto mine = pool.get();
    auto waiter = spawn([&] { return pool.get()->number; });
    yield();
    mine.discard();
    EXPECT_EQ(works.alive, 0);
    EXPECT_EQ(waiter.get(), 2);
    EXPECT_EQ(pool.size(), 1u);
}

TENDRIL_TEST(ResourcePool, AFailedCreationGoesToItsCallerAndTheNextTries) {
    Works works;
    Event go;
    int tries = 0;
    ResourcePool<Thing> pool(
        [&]() -> Thing {
            const int mine = ++tries;
            go.wait();
            if (mine == 1) {
                throw std::runtime_error("refused");
            }
            return Thing(mine, works.alive);
        },
        {.max = 1});
    auto first = spawn([&] { return pool.get()->number; });
    auto second = spawn([&] { return pool.get()->number; });
    yield();
    EXPECT_EQ(pool.size(), 1u) << "that which is being made";
    EXPECT_EQ(pool.waiting(), 1u);
    go.set();
    EXPECT_THROW(first.get(), std::runtime_error);
    EXPECT_EQ(second.get(), 2);
    EXPECT_EQ(pool.idle(), 1u);
}

TENDRIL_TEST(ResourcePool, AKilledOrLateCreationGivesItsSlotBack) {
    Works works;
    Event go;
    ResourcePool<Thing> pool(
        [&] {
            go.wait();
            return Thing(++works.made, works.alive);
        },
        {.max = 1});
    auto dies = spawn([&] { return pool.get()->number; });
    auto waits = spawn([&] { return pool.get()->number; });
    yield();
    dies.kill();
    yield();
    EXPECT_EQ(pool.waiting(), 0u) << "the waiter makes one now";
    go.set();
    EXPECT_EQ(waits.get(), 1);
    pool.clear();
    go.clear();
    EXPECT_THROW(static_cast<void>(pool.get(1ms)), TimeoutError) << "the deadline breaks the creation off";
    EXPECT_EQ(pool.size(), 0u);
    Timeout outer(1ms);
    try {
        static_cast<void>(pool.get(1h));
        ADD_FAILURE();
    } catch (const Timeout::Expired& e) {
        EXPECT_TRUE(outer.threw(e)) << "another's expiry is not this call's";
    }
    EXPECT_EQ(pool.size(), 0u);
}

TENDRIL_TEST(ResourcePool, AWaiterThatWasHandedASlotAndThenKilledPassesItOn) {
    Works works;
    ResourcePool<Thing> pool(
        [&] {
            yield();
            return Thing(++works.made, works.alive);
        },
        {.max = 1});
    auto mine = pool.get();
    auto dies = spawn([&] { return pool.get()->number; });
    auto lives = spawn([&] { return pool.get()->number; });
    yield();
    mine.discard();  // the slot is handed over
    dies.kill_nowait();
    EXPECT_EQ(lives.get(), 2);
    EXPECT_TRUE(dies.killed());
    EXPECT_EQ(pool.size(), 1u);
}

TENDRIL_TEST(ResourcePool, AWaiterThatWasHandedAResourceAndThenKilledGivesItBack) {
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = 1});
    auto mine = pool.get();
    auto dies = spawn([&] {
        const auto lease = pool.get();
        yield();  // the kill comes here
        ADD_FAILURE();
    });
    yield();
    mine.give_back();
    dies.kill();
    EXPECT_EQ(pool.idle(), 1u);
    EXPECT_EQ(pool.leased(), 0u);
}

TENDRIL_TEST(ResourcePool, RefusesWhatCannotBeMeant) {
    Works works;
    EXPECT_THROW(ResourcePool<Thing>(works.create(), {.max = 0}), std::invalid_argument);
    EXPECT_THROW(ResourcePool<Thing>(works.create(), {.min = 3, .max = 2}), std::invalid_argument);
    EXPECT_THROW(ResourcePool<Thing>(works.create(), {.max_idle = -1s}), std::invalid_argument);
    EXPECT_THROW(ResourcePool<Thing>(works.create(), {.max_age = -1s}), std::invalid_argument);
    EXPECT_THROW(ResourcePool<Thing>(nullptr), std::invalid_argument);
    ResourcePool<Thing> pool(works.create());
    EXPECT_THROW(pool.resize(0), std::invalid_argument);
    EXPECT_THROW(pool.resize(-1), std::invalid_argument);
    EXPECT_EQ(pool.max(), 4u);
}

TENDRIL_TEST(ResourcePool, ManyUsersNeverExceedMaxAndLoseNothing) {
    Works works;
    unsigned seed = 1;
    const auto random = [&seed](unsigned n) { return (seed = seed * 1103515245U + 12345U) / 65536U % n; };
    ResourcePool<Thing> pool(
        [&] {
            yield();
            if (random(4) == 0) {
                throw std::runtime_error("refused");
            }
            works.most = std::max(works.most, works.alive + 1);
            return Thing(++works.made, works.alive);
        },
        {.max = 3});
    std::vector<Greenlet<void>> users;
    for (int u = 0; u < 20; ++u) {
        users.push_back(spawn([&] {
            for (int i = 0; i < 50; ++i) {
                try {
                    auto lease = random(3) == 0 ? pool.get(0ms) : pool.get();
                    EXPECT_LE(works.alive, 3);
                    EXPECT_LE(pool.size(), 3u);
                    sleep(random(2) == 0 ? 0us : 10us);
                    if (random(5) == 0) {
                        lease.discard();
                    }
                } catch (const std::runtime_error&) {  // refused, or too late
                }
            }
        }));
    }
    for (int i = 0; i < 10; ++i) {
        sleep(100us);
        users[random(20)].kill_nowait();
    }
    join_all(users);
    EXPECT_EQ(pool.leased(), 0u);
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(static_cast<std::size_t>(works.alive), pool.size());
    EXPECT_EQ(pool.free(), 3);
    EXPECT_LE(works.most, 3);
}

TENDRIL_TEST(ResourcePoolThreads, AForeignOsThreadIsRefusedAndALeaseThatIsDroppedThereIsLeaked) {
    static auto& leaked = *new std::vector<Thing*>;  // so that LeakSanitizer finds them
    Works works;
    ResourcePool<Thing> pool(works.create(), {.max = 2});
    auto lease = pool.get();
    leaked.push_back(&*lease);
    std::thread([&] {
        EXPECT_THROW(static_cast<void>(pool.get()), WrongThread);
        EXPECT_THROW(static_cast<void>(pool.try_get()), WrongThread);
        EXPECT_THROW(pool.resize(3), WrongThread);
        EXPECT_THROW(pool.clear(), WrongThread);
        lease.give_back();
    }).join();
    EXPECT_FALSE(lease);
    EXPECT_EQ(works.alive, 1);
    EXPECT_EQ(pool.leased(), 1u);
}

}  // namespace
}  // namespace tendril
