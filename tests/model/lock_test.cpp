// SPDX-License-Identifier: MIT
//
// Semaphore, Lock, RLock, Condition and Event in every order: permits are conserved, at most one green thread holds a
// lock, no notification is lost with a green thread that dies.

#include <tendril/lock.hpp>
#include <tendril/semaphore.hpp>

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <type_traits>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

template <class F>
std::string ending(F f) {
    try {
        return f() ? "done" : "late";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

// Counts the green threads inside a section that admits a limited number.
struct Inside {
    Order& order;
    int most;
    int now = 0;

    void visit() {
        EXPECT_LT(now, most);
        ++now;
        const struct Leaves {
            int& now;
            ~Leaves() { --now; }
        } leaves{now};
        order.pause();
    }
};

// Takes a permit (before the deadline), enters, leaves, and gives the permit back.
template <class L>
bool visit(L& lock, Inside& inside, Deadline deadline = never) {
    if (!lock.acquire(deadline)) {
        return false;
    }
    const std::unique_lock guard(lock, std::adopt_lock);
    inside.visit();
    return true;
}

TEST(ModelSemaphore, PermitsAreConserved) {
    const auto explored = explore("semaphore: kill, deadline, Timeout", [](Order& order) {
        Semaphore semaphore(1);
        Inside inside{order, 1};
        std::string ends[3] = {"never began", "", ""};
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { return visit(semaphore, inside); }); });
        order.go("timed", [&] { ends[1] = ending([&] { return visit(semaphore, inside, order.at(1)); }); });
        order.go("limited", [&] {
            ends[2] = ending([&] {
                Timeout limit(order.at(2));
                return visit(semaphore, inside);
            });
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_EQ(semaphore.available(), 1u);
        EXPECT_EQ(semaphore.waiting(), 0u);
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
        order.saw("limited: " + ends[2]);
    });
    explored.expect_outcomes(
        "dies: done, dies: killed, dies: never began, limited: done, limited: expired, timed: done, timed: late");
}

TEST(ModelSemaphore, ReleaseOfSeveral) {
    explore("semaphore: release of several", [](Order& order) {
        Semaphore semaphore(0);
        int taken = 0;
        auto dies = order.go("dies", [&] { taken += semaphore.acquire() ? 1 : 0; });
        order.go("timed", [&] { taken += semaphore.acquire(order.at(1)) ? 1 : 0; });
        order.go("waits", [&] { taken += semaphore.acquire() ? 1 : 0; });
        order.go("tries", [&] { taken += semaphore.try_acquire() ? 1 : 0; });
        order.go("releases", [&] {
            semaphore.release(2);
            order.pause();
            semaphore.release(2);
        });
        order.go("killer", [&] { dies.kill_nowait(); });
        order.finish();
        EXPECT_EQ(static_cast<std::size_t>(taken) + semaphore.available(), 4u);
        EXPECT_EQ(semaphore.waiting(), 0u);
    });
}

TEST(ModelSemaphore, Bounded) {
    explore("bounded semaphore: two permits, three visitors, a kill", [](Order& order) {
        BoundedSemaphore semaphore(2);
        Inside inside{order, 2};
        auto dies = order.go("dies", [&] { visit(semaphore, inside); });
        order.go("a", [&] { visit(semaphore, inside); });
        order.go("b", [&] { visit(semaphore, inside); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_EQ(semaphore.available(), 2u);
        EXPECT_THROW(semaphore.release(), std::logic_error);
    });
}

TEST(ModelLock, OneHoldsIt) {
    const auto explored = explore("lock: kill and deadline", [](Order& order) {
        Lock lock;
        Inside inside{order, 1};
        std::string ends[2] = {"never began", ""};
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { return visit(lock, inside); }); });
        order.go("timed", [&] { ends[1] = ending([&] { return visit(lock, inside, order.at(1)); }); });
        order.go("visitor", [&] { visit(lock, inside); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_FALSE(lock.locked());
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
    });
    explored.expect_outcomes("dies: done, dies: killed, dies: never began, timed: done, timed: late");
}

TEST(ModelLock, RLock) {
    explore("rlock: taken twice, kill and Timeout", [](Order& order) {
        RLock lock;
        Inside inside{order, 1};
        const auto twice = [&] {
            const std::lock_guard outer(lock);
            order.pause();
            return visit(lock, inside);
        };
        auto dies = order.go("dies", twice);
        order.go("limited", [&] { with_timeout(order.at(1), twice); });
        order.go("visitor", [&] { visit(lock, inside); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_FALSE(lock.locked());
    });
}

// L: Lock, or RLock, which is taken twice.
template <class L>
struct StoreOf {
    Order& order;
    L lock = {};
    Condition condition = {};
    int items = 0;
    int taken = 0;

    std::unique_lock<L> again() { return std::is_same_v<L, RLock> ? std::unique_lock<L>(lock) : std::unique_lock<L>(); }
    bool take(Deadline deadline = never) {
        const std::lock_guard guard(lock);
        const auto inner = again();
        if (!condition.wait(
                lock, [&] { return items > 0; }, deadline)) {
            return false;
        }
        EXPECT_TRUE(lock.held_by_me());
        --items;
        ++taken;
        return true;
    }
    void add() {
        const std::lock_guard guard(lock);
        const auto inner = again();
        ++items;
        order.pause();
        condition.notify_one();
    }
    // No taker waits while there are items. Adds one more for a taker that waits rightly.
    bool rescue() {
        EXPECT_EQ(items, 0) << "a taker waits, and there are items";
        EXPECT_FALSE(lock.locked());
        ++items;
        condition.notify_one();
        return true;
    }
};
using Store = StoreOf<Lock>;

TEST(ModelCondition, ATakerIsKilled) {
    const auto explored = explore("condition: a taker is killed", [](Order& order) {
        Store store{order};
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { return store.take(); }); });
        order.go("taker", [&] { store.take(); });
        order.go("adder", [&] {
            store.add();
            store.add();
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_EQ(store.items + store.taken, 2);
        EXPECT_EQ(store.taken, end == "done" ? 2 : 1);
        EXPECT_FALSE(store.lock.locked());
        order.saw(end);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelCondition, ATakerThatHasAnRLockTwiceIsKilled) {
    const auto explored = explore("condition: a taker that has an RLock twice is killed", [](Order& order) {
        StoreOf<RLock> store{order};
        std::string ends[2] = {"never began", ""};
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { return store.take(); }); });
        order.go("timed", [&] { ends[1] = ending([&] { return store.take(order.at(1)); }); });
        order.go("adder", [&] { store.add(); });
        order.go("killer", [&] { dies.kill(); });
        order.finish([&] { return store.rescue(); });
        EXPECT_FALSE(store.lock.locked());
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
    });
    explored.expect_outcomes("dies: done, dies: killed, dies: never began, timed: done, timed: late");
}

// A waiter that is notified and times out in the same turn keeps the notification, and must see the item.
TEST(ModelCondition, DeadlinesAndTimeouts) {
    const auto explored = explore("condition: deadline and Timeout", [](Order& order) {
        Store store{order};
        std::string ends[2];
        order.go("timed", [&] { ends[0] = ending([&] { return store.take(order.at(1)); }); });
        order.go("limited", [&] {
            ends[1] = ending([&] {
                Timeout limit(order.at(2));
                return store.take();
            });
        });
        order.go("taker", [&] { store.take(); });
        order.go("adder", [&] { store.add(); });
        order.finish([&] { return store.rescue(); });
        EXPECT_FALSE(store.lock.locked());
        order.saw("timed: " + ends[0]);
        order.saw("limited: " + ends[1]);
    });
    explored.expect_outcomes("limited: done, limited: expired, timed: done, timed: late");
}

TEST(ModelCondition, NotifyAll) {
    explore("condition: notify_all and a kill", [](Order& order) {
        Lock lock;
        Condition condition;
        bool open = false;
        const auto enter = [&] {
            const std::lock_guard guard(lock);
            condition.wait(lock, [&] { return open; });
        };
        auto dies = order.go("dies", enter);
        order.go("a", enter);
        order.go("b", enter);
        order.go("opener", [&] {
            {
                const std::lock_guard guard(lock);
                open = true;
            }
            order.pause();
            condition.notify_all();
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_FALSE(lock.locked());
    });
}

TEST(ModelEvent, SetAndClear) {
    const auto explored = explore("event: set, clear, set", [](Order& order) {
        Event event;
        std::string ends[2] = {"never began", ""};
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { return event.wait(); }); });
        order.go("timed", [&] { ends[1] = ending([&] { return event.wait(order.at(1)); }); });
        order.go("waits", [&] { EXPECT_TRUE(event.wait()); });
        order.go("setter", [&] {
            event.set();
            order.pause();
            event.clear();
            order.pause();
            event.set();
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
    });
    explored.expect_outcomes("dies: done, dies: killed, dies: never began, timed: done, timed: late");
}

}  // namespace
}  // namespace tendril
