// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 E and F: events, semaphores and locks.

#include <chrono>
#include <mutex>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceE, TE02_SetThenClearWakesAllWhoWaited) {
    Event event;
    int woken = 0;
    std::vector<Greenlet<void>> waiters;
    for (int i = 0; i < 1000; ++i) {
        waiters.push_back(spawn([&] { woken += event.wait() ? 1 : 0; }));
    }
    yield();
    event.set();
    event.clear();
    EXPECT_FALSE(event.wait(0ms));
    join_all(waiters);
    EXPECT_EQ(woken, 1000);
}

TENDRIL_TEST(ConformanceE, TE04_WaitingTwiceOnASetEvent) {
    Event event;
    EXPECT_FALSE(event.wait(1ms));
    event.set();
    EXPECT_TRUE(event.wait());
    EXPECT_TRUE(event.wait(0ms));
}

TENDRIL_TEST(ConformanceF, TF01_TimedAcquireAndTwoReleases) {
    Semaphore semaphore(0);
    EXPECT_FALSE(semaphore.acquire(1ms));
    auto a = spawn([&] { return semaphore.acquire(); });
    auto b = spawn([&] { return semaphore.acquire(); });
    yield();
    EXPECT_EQ(semaphore.waiting(), 2u);
    semaphore.release(2);
    EXPECT_EQ(semaphore.available(), 0u);
    EXPECT_TRUE(a.get() && b.get());
}

// As gevent's rawlink: told at once when it is free, else when it becomes so; in the order of asking. Nothing is taken.
TENDRIL_TEST(ConformanceF, TF02_WhoWatchesASemaphoreIsToldWhenItIsFree) {
    Semaphore semaphore(1);
    EXPECT_EQ(wait({&semaphore}, never).size(), 1u) << "it is free already";
    EXPECT_TRUE(semaphore.try_acquire()) << "and still is";
    EXPECT_TRUE(wait({&semaphore}, 1ms).empty());

    std::vector<int> told;
    std::vector<Greenlet<void>> watchers;
    for (int i = 0; i < 3; ++i) {
        watchers.push_back(spawn([&, i] {
            wait({&semaphore});
            told.push_back(i);
        }));
    }
    yield();
    semaphore.release();
    EXPECT_TRUE(told.empty()) << "a release never switches";
    join_all(watchers);
    EXPECT_EQ(told, (std::vector{0, 1, 2}));
    EXPECT_EQ(semaphore.available(), 1u);
}

TENDRIL_TEST(ConformanceF, AReleaserDoesNotOvertakeWhoWaits) {
    Semaphore semaphore(1);
    std::vector<int> order;
    semaphore.acquire();
    auto waiter = spawn([&] {
        semaphore.acquire();
        order.push_back(1);
        semaphore.release();
    });
    yield();
    semaphore.release();
    EXPECT_FALSE(semaphore.try_acquire());
    semaphore.acquire();
    order.push_back(2);
    waiter.join();
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TENDRIL_TEST(ConformanceF, AKilledWaiterPassesItsPermitOn) {
    Semaphore semaphore(0);
    auto dies = spawn([&] { semaphore.acquire(); });
    auto lives = spawn([&] { return semaphore.acquire(); });
    yield();
    dies.kill_nowait();
    semaphore.release();
    EXPECT_TRUE(lives.get());
    EXPECT_TRUE(dies.join());
    EXPECT_EQ(semaphore.available(), 0u);
}

TENDRIL_TEST(ConformanceF, TF05_BoundedRefusesOneReleaseTooMany) {
    BoundedSemaphore semaphore(2);
    EXPECT_THROW(semaphore.release(), std::logic_error);
    semaphore.acquire();
    semaphore.acquire();
    auto waiter = spawn([&] { return semaphore.acquire(); });
    yield();
    semaphore.release();
    EXPECT_TRUE(waiter.get());
    semaphore.release(2);
    EXPECT_EQ(semaphore.available(), 2u);
    EXPECT_THROW(semaphore.release(), std::logic_error);
}

TENDRIL_TEST(ConformanceF, TF06_ReleasingWhatIsNotHeldIsAnError) {
    Lock lock;
    EXPECT_THROW(lock.unlock(), std::logic_error);
    auto holder = spawn([&] {
        const std::lock_guard guard(lock);
        sleep(1ms);
    });
    yield();
    EXPECT_THROW(lock.unlock(), std::logic_error);
    EXPECT_TRUE(lock.locked());
    {
        const std::scoped_lock both(lock);
        EXPECT_THROW(lock.lock(), std::logic_error) << "waiting for oneself";
    }
    EXPECT_FALSE(lock.locked());
    holder.join();
}

TENDRIL_TEST(ConformanceF, TF07_RLockBelongsToAGreenThread) {
    RLock lock;
    lock.lock();
    EXPECT_TRUE(lock.try_lock());
    auto other = spawn([&] {
        EXPECT_FALSE(lock.try_lock());
        EXPECT_THROW(lock.unlock(), std::logic_error);
        EXPECT_FALSE(lock.acquire(1ms));
        lock.lock();
        lock.unlock();
    });
    sleep(3ms);
    lock.unlock();
    EXPECT_TRUE(lock.locked());
    lock.unlock();
    other.get();
    EXPECT_FALSE(lock.locked());
}

TENDRIL_TEST(ConformanceF, AConditionHoldsItsLockHoweverItEnds) {
    Lock lock;
    Condition condition;
    bool ready = false;
    auto waiter = spawn([&] {
        std::unique_lock guard(lock);
        return condition.wait(lock, [&] { return ready; });
    });
    auto killed = spawn([&] {
        std::unique_lock guard(lock);
        try {
            condition.wait(lock);
        } catch (const GreenletExit&) {
            EXPECT_TRUE(lock.held_by_me());
            throw;
        }
    });
    yield();
    killed.kill();
    EXPECT_FALSE(lock.locked());
    {
        const std::lock_guard guard(lock);
        ready = true;
        condition.notify_all();
    }
    EXPECT_TRUE(waiter.get());
    const std::lock_guard guard(lock);
    EXPECT_FALSE(condition.wait(lock, 1ms));
    EXPECT_TRUE(lock.held_by_me());
}

// threading.Condition over an RLock, as gevent has it.
TENDRIL_TEST(ConformanceF, AConditionReleasesAllLevelsOfAnRLockAndTakesThemBack) {
    RLock lock;
    Condition condition;
    bool ready = false;
    const auto twice = [&](auto wait) {
        const std::lock_guard outer(lock);
        {
            const std::lock_guard inner(lock);
            wait();
            EXPECT_TRUE(lock.held_by_me());
            EXPECT_FALSE(spawn([&] { return lock.try_lock(); }).get());
        }
        EXPECT_TRUE(lock.held_by_me()) << "it came back with one level too few";
    };
    const auto waiter = spawn([&] {
        twice([&] {
            EXPECT_TRUE(condition.wait(
                lock, [&] { return ready; }, 60s));
        });
        EXPECT_FALSE(lock.held_by_me()) << "it came back with one level too many";
    });
    const auto killed = spawn([&] {
        twice([&] {
            try {
                condition.wait(lock);
            } catch (const GreenletExit&) {
                EXPECT_TRUE(lock.held_by_me());
                throw;
            }
        });
    });
    const auto limited = spawn([&] { twice([&] { EXPECT_FALSE(with_timeout(1ms, [&] { condition.wait(lock); })); }); });
    const auto late = spawn([&] { twice([&] { EXPECT_FALSE(condition.wait(lock, 1ms)); }); });
    yield();
    EXPECT_TRUE(lock.try_lock()) << "all levels are released";
    killed.kill_nowait();
    yield();
    EXPECT_FALSE(killed.ready()) << "it ends with the lock";
    sleep(2ms);
    EXPECT_FALSE(limited.ready() || late.ready()) << "so do these";
    lock.unlock();
    EXPECT_TRUE(killed.join() && killed.killed());
    limited.get();
    late.get();
    {
        const std::lock_guard guard(lock);
        const std::lock_guard again(lock);
        ready = true;
        condition.notify_one();
        yield();
        EXPECT_FALSE(waiter.ready());
    }
    waiter.get();
    EXPECT_FALSE(lock.locked());
    EXPECT_THROW(condition.wait(lock), std::logic_error) << "it is not held";
    const auto holder = spawn([&] {
        const std::lock_guard guard(lock);
        yield();
    });
    yield();
    EXPECT_THROW(condition.wait(lock), std::logic_error) << "it is another's";
    holder.get();
    EXPECT_FALSE(lock.locked());
}

TENDRIL_TEST(ConformanceF, ANotificationOfSeveralWakesThatManyInOrder) {
    Lock lock;
    Condition condition;
    std::vector<int> woken;
    std::vector<Greenlet<void>> waiters;
    for (int i = 0; i < 4; ++i) {
        waiters.push_back(spawn([&, i] {
            const std::lock_guard guard(lock);
            condition.wait(lock);
            woken.push_back(i);
        }));
    }
    yield();
    waiters[0].kill_nowait();
    condition.notify(2);
    EXPECT_TRUE(woken.empty()) << "it never switches";
    EXPECT_TRUE(waiters[1].join() && waiters[2].join());
    EXPECT_EQ(woken, (std::vector{1, 2})) << "and none is lost with one that is killed";
    condition.notify(5);
    waiters[3].get();
}

TENDRIL_TEST(ConformanceF, AnRLockCanBeWatched) {
    RLock lock;
    EXPECT_EQ(wait({&lock}).size(), 1u);
    const auto holder = spawn([&] {
        const std::lock_guard guard(lock);
        const std::lock_guard again(lock);
        sleep(1ms);
    });
    yield();
    EXPECT_TRUE(wait({&lock}, 0s).empty());
    EXPECT_EQ(wait({&lock}, 60s).size(), 1u);
    holder.get();
}

template <class L>
void check_timed_guards() {
    L lock;
    {
        const std::unique_lock mine(lock, 1ms);
        EXPECT_TRUE(mine.owns_lock());
        const auto try_both = [&] {
            return std::unique_lock(lock, 1ms).owns_lock() ||
                   std::unique_lock(lock, std::chrono::steady_clock::now() + 1ms).owns_lock();
        };
        EXPECT_FALSE(spawn(try_both).get());
        const auto waits = spawn([&] { return std::unique_lock(lock, 60s).owns_lock(); });
        yield();
        EXPECT_TRUE(mine.owns_lock() && !waits.ready());
    }
    EXPECT_TRUE(lock.locked()) << "handed to the one that waits";
    EXPECT_TRUE(std::unique_lock(lock, std::chrono::steady_clock::now() + 60s).owns_lock());
    EXPECT_FALSE(lock.locked());
}

TENDRIL_TEST(ConformanceF, LocksWorkWithTheStandardsTimedGuards) {
    check_timed_guards<Lock>();
    check_timed_guards<RLock>();
}

TENDRIL_TEST(ConformanceF, ALockGoesFromHandToHandInOrder) {
    Lock lock;
    std::vector<int> order;
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(spawn([&, i] {
            const std::lock_guard guard(lock);
            order.push_back(i);
            yield();
        }));
    }
    join_all(all);
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace tendril
