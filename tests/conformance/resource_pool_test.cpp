// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 G: resource pools.

#include <tendril/resource_pool.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceG, TG15_AnExhaustedPoolMakesWaitersWait) {
    int made = 0;
    ResourcePool<std::unique_ptr<int>> pool([&] { return std::make_unique<int>(made++); }, {.max = 4});
    std::vector<Lease<std::unique_ptr<int>>> leases;
    for (int i = 0; i < 4; ++i) {
        leases.push_back(pool.get());
        EXPECT_EQ(**leases.back(), i);
    }
    EXPECT_EQ(pool.free(), 0);
    auto waiter = spawn([&] { return **pool.get(); });
    yield();
    EXPECT_EQ(pool.waiting(), 1u);
    leases[2].give_back();
    EXPECT_EQ(waiter.get(), 2) << "what was given back, not a new one";
    EXPECT_EQ(made, 4);
}

TENDRIL_TEST(ConformanceG, TG15_CreationUnderContentionNeverExceedsMax) {
    int alive = 0;
    int most = 0;
    Event slow;
    ResourcePool<std::shared_ptr<int>> pool(
        [&] {
            ++alive;
            most = std::max(most, alive);
            slow.wait();
            return std::shared_ptr<int>(new int(0), [&](int* p) {
                --alive;
                delete p;
            });
        },
        {.max = 3});
    std::vector<Greenlet<void>> users;
    for (int i = 0; i < 10; ++i) {
        users.push_back(spawn([&] {
            const auto lease = pool.get();
            yield();
        }));
    }
    yield();
    EXPECT_EQ(pool.size(), 3u);
    EXPECT_EQ(pool.waiting(), 7u);
    slow.set();
    join_all(users, {.raise_error = true});
    EXPECT_EQ(most, 3);
    EXPECT_EQ(pool.idle(), 3u);
}

TENDRIL_TEST(ConformanceG, TG15_ResizeUpWakesWaitersAndDownDestroysTheSurplus) {
    ResourcePool<int> pool([made = 0]() mutable { return ++made; }, {.max = 1});
    auto first = pool.get();
    auto waiter = spawn([&] { return pool.get(); });
    auto another = spawn([&] { return pool.get(); });
    yield();
    pool.resize(2);
    {
        auto second = std::move(waiter).get();
        EXPECT_EQ(*second, 2);
        EXPECT_EQ(pool.size(), 2u);
        EXPECT_EQ(pool.waiting(), 1u);
        pool.resize(3);
        const auto third = std::move(another).get();
        EXPECT_EQ(*third, 3);
        pool.resize(1);
        EXPECT_EQ(pool.size(), 3u) << "those that are out go when they come back";
        EXPECT_EQ(pool.free(), -2);
    }
    EXPECT_EQ(pool.size(), 1u);
    auto patient = spawn([&] { return *pool.get(); });
    yield();
    EXPECT_FALSE(patient.ready());
    first.give_back();
    EXPECT_EQ(patient.get(), 1);

    pool.resize(3);
    {
        const auto a = pool.get();
        const auto b = pool.get();
        const auto c = pool.get();
    }
    EXPECT_EQ(pool.idle(), 3u);
    pool.resize(2);
    EXPECT_EQ(pool.idle(), 2u) << "idle ones go at once";
}

TENDRIL_TEST(ConformanceG, TG15_AFailedCreationGivesItsSlotBack) {
    int tries = 0;
    ResourcePool<int> pool(
        [&] {
            if (++tries < 4) {
                throw std::runtime_error("try " + std::to_string(tries));
            }
            return tries;
        },
        {.max = 1});
    for (int i = 1; i < 4; ++i) {
        EXPECT_THROW(static_cast<void>(pool.get()), std::runtime_error);
        EXPECT_EQ(pool.size(), 0u);
        EXPECT_EQ(pool.free(), 1);
    }
    EXPECT_EQ(*pool.get(), 4);
}

TENDRIL_TEST(ConformanceG, TG16_GivingBackPassesOverWhoHasTimedOutAndDoesNotWait) {
    ResourcePool<int> pool([made = 0]() mutable { return ++made; }, {.max = 2});
    auto a = pool.get();
    auto b = pool.get();
    // All deadlines pass at once, the giver's first: when it runs, the others have timed out and have not run yet.
    const Deadline all(2ms);
    Greenlet<int> killed;
    bool switched = false;
    auto giver = spawn([&] {
        sleep(all);
        EXPECT_EQ(pool.waiting(), 2u) << "only those that have not timed out wait";
        killed.kill_nowait();
        spawn_n([&] { switched = true; });
        a.give_back();
        b.give_back();
        EXPECT_FALSE(switched) << "giving back does not wait";
    });
    yield();
    std::vector<Greenlet<bool>> late;
    for (int i = 0; i < 2; ++i) {
        late.push_back(spawn([&] { return with_timeout(all, [&] { return *pool.get(); }).has_value(); }));
        late.push_back(spawn([&] {
            try {
                static_cast<void>(pool.get(all));
                return true;
            } catch (const TimeoutError&) {
                return false;
            }
        }));
    }
    killed = spawn([&] { return *pool.get(); });
    auto next = spawn([&] { return *pool.get(); });
    yield();
    EXPECT_EQ(pool.waiting(), 6u);
    giver.get();
    EXPECT_EQ(next.get(), 1);
    for (const Greenlet<bool>& each : late) {
        EXPECT_FALSE(each.get());
    }
    EXPECT_TRUE(killed.join() && killed.killed());
    EXPECT_EQ(pool.idle(), 2u);
    EXPECT_EQ(pool.waiting(), 0u);
    EXPECT_EQ(pool.leased(), 0u);
}

TENDRIL_TEST(ConformanceG, TG16_AWaiterThatTimesOutTakesNothing) {
    ResourcePool<int> pool([made = 0]() mutable { return ++made; }, {.max = 1});
    auto mine = pool.get();
    EXPECT_THROW(static_cast<void>(pool.get(1ms)), TimeoutError);
    EXPECT_FALSE(with_timeout(1ms, [&] { static_cast<void>(pool.get()); }));
    mine.give_back();
    EXPECT_EQ(*pool.get(), 1);
}

}  // namespace
}  // namespace tendril
