// SPDX-License-Identifier: MIT
//
// In the child of a fork(): an item or permit handed to a green thread that is frozen there goes back, and what the
// parent counted no longer counts.

#include <tendril/fork.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/lock.hpp>
#include <tendril/pool.hpp>
#include <tendril/process.hpp>
#include <tendril/queue.hpp>
#include <tendril/resource_pool.hpp>
#include <tendril/rw_lock.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/shield.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Returns: whether `body` returns true in the child.
bool holds_in_child(const std::function<bool()>& body) {
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 1;
        try {
            status = body() ? 0 : 2;
        } catch (...) {
        }
        ::_exit(status);
    }
    return wait_pid(pid, 60s) == 0;
}

bool deadlock_is_seen() {
    try {
        Event never_set;
        never_set.wait();
    } catch (const LoopExit&) {
        return true;
    }
    return false;
}

TENDRIL_TEST(ForkHandOver, APermitGoesBack) {
    Semaphore semaphore(0);
    auto waiter = spawn([&] { semaphore.acquire(); });
    yield();
    semaphore.release();
    EXPECT_TRUE(holds_in_child([&] { return semaphore.try_acquire() && !semaphore.try_acquire(); }));
    waiter.join();
}

TENDRIL_TEST(ForkHandOver, WhatGetAnyWasHandedGoesBack) {
    Queue<int> one;
    Queue<int> two;
    auto waiter = spawn([&] { static_cast<void>(get_any(one, two)); });
    yield();
    two.put(7);
    EXPECT_TRUE(holds_in_child([&] { return two.try_get() == 7 && one.empty(); }));
    waiter.join();
}

TENDRIL_TEST(ForkHandOver, ALockGoesBack) {
    Lock lock;
    lock.lock();
    auto waiter = spawn([&] {
        lock.lock();
        lock.unlock();
    });
    yield();
    lock.unlock();
    EXPECT_TRUE(holds_in_child([&] { return lock.try_lock(); }));
    waiter.join();
}

TENDRIL_TEST(ForkHandOver, AnRWLockGoesBackFromBothKinds) {
    for (const bool write : {false, true}) {
        RWLock lock;
        lock.lock();
        const auto visit = [&] {
            write ? lock.lock() : lock.lock_shared();
            write ? lock.unlock() : lock.unlock_shared();
        };
        const auto first = spawn(visit);
        const auto second = spawn(visit);
        yield();
        lock.unlock();
        EXPECT_FALSE(lock.ready());
        EXPECT_TRUE(holds_in_child([&] { return lock.ready() && lock.try_lock(); }));
        join_all(std::vector{first, second});
    }
}

// Two getters are handed 1 and 2, and are frozen in the child, where `queue` also holds 3. Returns: whether it
// then gives `expected`.
template <class AnyQueue>
bool gives_in_child(AnyQueue& queue, const std::vector<int>& expected) {
    std::vector<Greenlet<int>> getters;
    for (int i = 0; i < 2; ++i) {
        getters.push_back(spawn([&] { return queue.get(); }));
    }
    yield();
    for (int i = 1; i <= 3; ++i) {
        queue.put(i);
    }
    const bool right = holds_in_child(
        [&] { return std::all_of(expected.begin(), expected.end(), [&](int item) { return queue.get(0s) == item; }); });
    join_all(getters);
    EXPECT_EQ(queue.get(0s), 3);
    return right;
}

TENDRIL_TEST(ForkHandOver, ItemsGoBackInTheirOrder) {
    Queue<int> queue;
    EXPECT_TRUE(gives_in_child(queue, {1, 2, 3}));
}

TENDRIL_TEST(ForkHandOver, ALifoQueuesItemsGoBackBelowThoseThatCameLater) {
    LifoQueue<int> queue;
    EXPECT_TRUE(gives_in_child(queue, {3, 2, 1}));
}

struct Ranked {
    int rank = 0;
    char name = 0;
};
// A comparison that can be told to throw.
struct ByRank {
    const bool* broken;
    bool operator()(const Ranked& a, const Ranked& b) const {
        return *broken ? throw std::runtime_error("not comparable") : a.rank < b.rank;
    }
};

// Whether a PriorityQueue gives `expected` in the child, after two of its items were handed to getters that are frozen
// there.
bool gives_in_child(const std::string& expected, bool comparison_throws) {
    bool broken = false;
    PriorityQueue<Ranked, ByRank> queue(unbounded, ByRank{&broken});
    std::vector<Greenlet<Ranked>> getters;
    for (int i = 0; i < 2; ++i) {
        getters.push_back(spawn([&] { return queue.get(); }));
    }
    yield();
    for (const Ranked& each : {Ranked{2, 'a'}, Ranked{2, 'b'}, Ranked{1, 'c'}, Ranked{2, 'd'}}) {
        queue.put(each);
    }
    broken = comparison_throws;
    const bool right = holds_in_child([&] {
        broken = false;
        std::string names;
        while (std::optional<Ranked> item = queue.try_get()) {
            names += item->name;
        }
        if (comparison_throws) {
            std::sort(names.begin(), names.end());
        }
        return names == expected;
    });
    broken = false;
    join_all(getters);
    return right;
}

TENDRIL_TEST(ForkHandOver, APriorityQueuesItemsGoBackBeforeTheirEquals) {
    EXPECT_TRUE(gives_in_child("cabd", false));
}

TENDRIL_TEST(ForkHandOver, WhereComparingThrowsItemsGoBackInNoOrder) {
    EXPECT_TRUE(gives_in_child("abcd", true));
}

TENDRIL_TEST(ForkHandOver, ASlotOfAPoolGoesBack) {
    Pool pool(1);
    Event go;
    pool.spawn([&] { go.wait(); });
    auto spawner = spawn([&] { pool.spawn([] {}); });
    yield();
    pool.resize(2);  // hands the new slot to the spawner
    EXPECT_TRUE(holds_in_child([&] {
        int ran = 0;
        for (int i = 0; i < 2; ++i) {
            pool.spawn([&] {
                sleep(1ms);
                ++ran;
            });
        }
        return pool.join(10s) && ran == 2;
    }));
    go.set();
    spawner.join();
    pool.join();
}

TENDRIL_TEST(ForkHandOver, AResourceGoesBack) {
    ResourcePool<int> pool([] { return 7; }, {.max = 1});
    std::optional lease(pool.get());
    auto waiter = spawn([&] { return *pool.get(); });
    yield();
    lease.reset();
    EXPECT_TRUE(holds_in_child([&] { return *pool.get(1s) == 7; }));
    EXPECT_EQ(waiter.get(), 7);
}

TENDRIL_TEST(ForkHandOver, SharedObjectsTakeBackToo) {
    SharedQueue<int> queue;
    SharedSemaphore semaphore(0);
    auto getter = spawn([&] { return queue.get(); });
    auto acquirer = spawn([&] { semaphore.acquire(); });
    yield();
    queue.put(5);
    semaphore.release();
    EXPECT_TRUE(holds_in_child([&] { return queue.try_get() == 5 && semaphore.try_acquire(); }));
    EXPECT_EQ(getter.get(), 5);
    acquirer.join();
}

// The object that handed over a permit may be destroyed before the green thread runs to take it.
TENDRIL_TEST(ForkHandOver, ADestroyedSemaphoreTakesNothingBack) {
    auto semaphore = std::make_unique<Semaphore>(0);
    auto waiter = spawn([s = semaphore.get()] { s->acquire(); });
    yield();
    semaphore->release();
    semaphore.reset();
    EXPECT_TRUE(holds_in_child([] { return true; }));
    waiter.join();
}

TENDRIL_TEST(ForkHandOver, AKillThatGoesOnInTheParentKillsNobodyInTheChild) {
    Pool pool(4);
    Event go;
    pool.spawn([&] {
        const Shield shield;
        go.wait();
    });
    yield();
    auto killer = spawn([&] { pool.kill(); });
    yield();
    EXPECT_TRUE(holds_in_child([&] {
        bool ran = false;
        pool.spawn([&] {
            yield();
            ran = true;
        });
        return pool.join(10s) && ran;
    }));
    go.set();
    killer.join();
}

TENDRIL_TEST(ForkHandOver, SleepHoldsAndADeadlockIsSeen) {
    bool right = false;
    auto forker = spawn([&] {
        right = holds_in_child([] {
            sleep(5ms);
            return deadlock_is_seen();
        });
    });
    EXPECT_TRUE(
        Hub::current().run_until_idle(60s));  // its timer is the main green thread's, which is frozen in the child
    forker.join();
    EXPECT_TRUE(right);
}

TENDRIL_TEST(ForkHandOver, ASendToAnAsyncIsTheParents) {
    int runs = 0;
    const Async async([&] { ++runs; });
    async.send_threadsafe();
    EXPECT_TRUE(holds_in_child([&] {
        sleep(1ms);
        return !async.pending() && !async.send_threadsafe() && runs == 0;
    }));
    EXPECT_TRUE(async.pending() || runs == 1);
    while (runs == 0) {
        yield();
    }
}

TENDRIL_TEST(ForkHandOver, AsyncsAndWatchersOfTheParentHideNoDeadlock) {
    const Async async([] {});
    const Timer timer(1h, [] {});
    EXPECT_EQ(Hub::current().stats().keeping_alive, 2u);
    EXPECT_TRUE(holds_in_child([] { return Hub::current().stats().keeping_alive == 0 && deadlock_is_seen(); }));
    EXPECT_EQ(Hub::current().stats().keeping_alive, 2u);
}

}  // namespace
}  // namespace tendril
