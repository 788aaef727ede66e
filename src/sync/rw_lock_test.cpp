// SPDX-License-Identifier: MIT

#include <tendril/rw_lock.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/dump.hpp>
#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Green threads that take a lock and keep it until they are let go; `in` says who holds it, in the order of entering.
struct Visitors {
    RWLock& lock;
    std::string in = {};
    std::vector<std::unique_ptr<Event>> leave = {};
    std::vector<Greenlet<void>> all = {};

    ~Visitors() {
        for (const auto& each : leave) {
            each->set();
        }
        join_all(all);
    }
    Greenlet<void> reader(char name) { return visit<std::shared_lock<RWLock>>(name); }
    Greenlet<void> writer(char name) { return visit<std::unique_lock<RWLock>>(name); }

    template <class Guard>
    Greenlet<void> visit(char name) {
        auto& may_leave = *leave.emplace_back(std::make_unique<Event>());
        auto visitor = spawn([this, name, &may_leave] {
            const Guard guard(lock);
            in += name;
            may_leave.wait();
            in.erase(in.find(name), 1);
        });
        all.push_back(visitor);
        yield();
        return visitor;
    }
    void let_go(std::size_t i) {
        leave[i]->set();
        yield();
        yield();
    }
};

TENDRIL_TEST(RWLock, ReadersShareAndWritersDoNot) {
    RWLock lock;
    Visitors visitors{lock};
    visitors.reader('a');
    visitors.reader('b');
    EXPECT_EQ(visitors.in, "ab");
    EXPECT_EQ(lock.readers(), 2u);
    EXPECT_FALSE(lock.try_lock());
    EXPECT_FALSE(lock.acquire(1ms));
    EXPECT_TRUE(lock.try_lock_shared());
    lock.unlock_shared();
    visitors.let_go(0);
    visitors.let_go(1);
    {
        const std::unique_lock writing(lock);
        EXPECT_TRUE(lock.locked() && lock.held_by_me());
        const auto other = spawn([&] {
            EXPECT_FALSE(lock.held_by_me());
            EXPECT_FALSE(lock.try_lock() || lock.try_lock_shared());
            EXPECT_FALSE(lock.acquire(1ms) || lock.acquire_shared(1ms));
        });
        other.get();
    }
    EXPECT_FALSE(lock.locked());
    EXPECT_EQ(lock.readers() + lock.waiting(), 0u);
}

TENDRIL_TEST(RWLock, FirstComeFirstServedAndReadersThatStandTogetherGoInTogether) {
    RWLock lock;
    Visitors visitors{lock};
    visitors.reader('a');
    visitors.writer('B');
    visitors.reader('c');
    visitors.reader('d');
    visitors.writer('E');
    visitors.reader('f');
    EXPECT_EQ(visitors.in, "a") << "a reader does not overtake the writer";
    EXPECT_FALSE(lock.try_lock_shared());
    EXPECT_EQ(lock.waiting(), 5u);
    visitors.let_go(0);
    EXPECT_EQ(visitors.in, "B");
    visitors.let_go(1);
    EXPECT_EQ(visitors.in, "cd");
    visitors.let_go(3);
    EXPECT_EQ(visitors.in, "c");
    visitors.let_go(2);
    EXPECT_EQ(visitors.in, "E");
    visitors.let_go(4);
    EXPECT_EQ(visitors.in, "f");
    visitors.let_go(5);
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

// Readers that never leave all at once do not keep a writer out, nor writers a reader.
TENDRIL_TEST(RWLock, NeitherKindStarves) {
    for (const bool write : {false, true}) {
        RWLock lock;
        bool over = false;
        std::vector<Greenlet<void>> crowd;
        for (int i = 0; i < 3; ++i) {
            crowd.push_back(spawn([&] {
                while (!over) {
                    if (write) {
                        const std::unique_lock guard(lock);
                        yield();
                    } else {
                        const std::shared_lock guard(lock);
                        yield();
                    }
                }
            }));
            yield();
        }
        EXPECT_TRUE(write ? lock.acquire_shared(60s) : lock.acquire(60s));
        write ? lock.unlock_shared() : lock.unlock();
        over = true;
        join_all(crowd);
    }
}

TENDRIL_TEST(RWLock, AWriterThatLeavesLetsTheReadersBehindItIn) {
    const auto behind = [](auto leaves, bool kill) {
        RWLock lock;
        Visitors visitors{lock};
        visitors.reader('a');
        const auto writer = spawn([&] { leaves(lock); });
        yield();
        visitors.reader('b');
        visitors.reader('c');
        visitors.writer('D');
        visitors.reader('e');
        if (kill) {
            EXPECT_EQ(visitors.in, "a");
            writer.kill_nowait();
        }
        writer.join();
        yield();
        EXPECT_EQ(visitors.in, "abc") << "and not the one behind the other writer";
    };
    behind([](RWLock& lock) { lock.lock(); }, true);
    behind([](RWLock& lock) { EXPECT_FALSE(lock.acquire(3ms)); }, false);
    behind([](RWLock& lock) { EXPECT_FALSE(with_timeout(3ms, [&] { lock.lock(); })); }, false);
}

TENDRIL_TEST(RWLock, AKilledOrLateWaiterHoldsNothing) {
    RWLock lock;
    lock.lock();
    const auto writer = spawn([&] { lock.lock(); });
    const auto reader = spawn([&] { lock.lock_shared(); });
    const auto late = spawn([&] { return lock.acquire_shared(1ms); });
    yield();
    writer.kill();
    reader.kill();
    EXPECT_FALSE(late.get());
    lock.unlock();
    EXPECT_TRUE(lock.ready());
    EXPECT_EQ(lock.waiting(), 0u);
}

TENDRIL_TEST(RWLock, WhatWasHandedOverBeforeAKillIsHeld) {
    for (const bool write : {false, true}) {
        RWLock lock;
        lock.lock();
        bool held = false;
        const auto waiter = spawn([&] {
            if (write) {
                const std::unique_lock guard(lock);
                held = true;
                yield();
            } else {
                const std::shared_lock guard(lock);
                held = true;
                yield();
            }
            ADD_FAILURE() << "the kill was lost";
        });
        yield();
        lock.unlock();
        waiter.kill_nowait();
        EXPECT_FALSE(lock.ready());
        waiter.join();
        EXPECT_TRUE(held && waiter.killed());
        EXPECT_TRUE(lock.ready()) << "and given back while it unwound";
    }
}

TENDRIL_TEST(RWLock, WorksWithTheStandardsTimedGuards) {
    RWLock lock;
    {
        const std::shared_lock a(lock, 1ms);
        const std::shared_lock b(lock, std::chrono::steady_clock::now() + 1ms);
        const std::shared_lock c(lock, std::try_to_lock);
        EXPECT_TRUE(a && b && c);
        const std::unique_lock d(lock, 1ms);
        const std::unique_lock e(lock, std::chrono::steady_clock::now() + 1ms);
        const std::unique_lock f(lock, std::try_to_lock);
        EXPECT_FALSE(d || e || f);
    }
    const std::unique_lock writing(lock, 1ms);
    EXPECT_TRUE(writing.owns_lock());
    EXPECT_FALSE(spawn([&] { return std::shared_lock(lock, 1ms).owns_lock(); }).get());
}

TENDRIL_TEST(RWLock, MisuseIsRefusedAndChangesNothing) {
    RWLock lock;
    EXPECT_THROW(lock.unlock(), std::logic_error);
    EXPECT_THROW(lock.unlock_shared(), std::logic_error);
    EXPECT_THROW(lock.downgrade(), std::logic_error);
    lock.lock();
    EXPECT_THROW(lock.lock(), std::logic_error) << "waiting for oneself";
    EXPECT_THROW(lock.lock_shared(), std::logic_error) << "waiting for oneself";
    EXPECT_THROW(lock.unlock_shared(), std::logic_error);
    spawn([&] { EXPECT_THROW(lock.unlock(), std::logic_error); }).get();
    EXPECT_TRUE(lock.held_by_me());
    lock.unlock();
    lock.lock_shared();
    EXPECT_THROW(lock.unlock(), std::logic_error) << "held to read";
    lock.unlock_shared();
    EXPECT_TRUE(lock.ready());
}

TENDRIL_TEST(RWLock, ADowngradeLetsReadersInAndNoWriterBetween) {
    RWLock lock;
    Visitors visitors{lock};
    lock.lock();
    visitors.reader('a');
    visitors.writer('B');
    lock.downgrade();
    yield();
    EXPECT_EQ(visitors.in, "a");
    EXPECT_FALSE(lock.held_by_me());
    EXPECT_EQ(lock.readers(), 2u);
    visitors.let_go(0);
    EXPECT_EQ(visitors.in, "");
    lock.unlock_shared();
    yield();
    EXPECT_EQ(visitors.in, "B");
    visitors.let_go(1);
}

TENDRIL_TEST(RWLock, IsSeenFreeByThoseWhoOnlyWatch) {
    RWLock lock;
    EXPECT_EQ(wait({&lock}).size(), 1u);
    lock.lock_shared();
    EXPECT_TRUE(wait({&lock}, 1ms).empty());
    const auto watcher = spawn([&] { return wait({&lock}, 60s).size(); });
    yield();
    lock.unlock_shared();
    EXPECT_EQ(watcher.get(), 1u);
    EXPECT_TRUE(lock.ready());
}

TENDRIL_TEST(RWLock, ADumpSaysWhoTookItLast) {
    RWLock lock;
    Visitors visitors{lock};
    const auto holder = visitors.reader('a');
    const auto writer = visitors.writer('B');
    std::ostringstream text;
    dump(text, {.backtraces = false});
    EXPECT_NE(text.str().find(" waits in RWLock::acquire, last taken by green thread " + std::to_string(holder.id())),
              std::string::npos)
        << text.str();
    visitors.let_go(0);
    visitors.let_go(1);
}

TENDRIL_TEST(RWLockThreads, BelongsToItsOsThread) {
    RWLock lock;
    lock.lock_shared();
    std::thread([&] {
        EXPECT_THROW((void)lock.try_lock_shared(), WrongThread);
        EXPECT_THROW(lock.unlock_shared(), WrongThread);
    }).join();
    lock.unlock_shared();
}

// One that has left its line, but has not run since, finds its memory in other use.
TENDRIL_TEST(RWLock, MayGoOnceNobodyWaitsForItAnyMore) {
    for (const bool writes : {false, true}) {
        alignas(RWLock) std::array<std::byte, sizeof(RWLock)> memory;
        auto* const lock = ::new (memory.data()) RWLock;
        lock->lock();
        const auto killed = spawn([&] { writes ? lock->lock() : lock->lock_shared(); });
        yield();
        killed.kill_nowait();
        std::destroy_at(lock);
        constexpr std::byte other{0x5a};
        memory.fill(other);
        killed.join();
        EXPECT_TRUE(std::all_of(memory.begin(), memory.end(), [](std::byte each) { return each == other; }));
    }
}

void destroy_while_waited_for() {
    auto lock = std::make_unique<RWLock>();
    lock->lock();
    spawn_n([&] { lock->lock_shared(); });
    yield();
    lock.reset();
}

TEST(RWLock, DestroyedWhileSomebodyWaitsAborts) {
    EXPECT_DEATH(destroy_while_waited_for(), "an RWLock was destroyed while green threads waited for it: [0-9]+");
}

}  // namespace
}  // namespace tendril
