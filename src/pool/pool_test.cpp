// SPDX-License-Identifier: MIT

#include <tendril/pool.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/hub.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void forever() {
    sleep(never);
}

void expect(const Pool& pool, std::size_t running, std::ptrdiff_t free, std::size_t waiting, std::size_t size) {
    EXPECT_EQ(pool.running(), running);
    EXPECT_EQ(pool.free(), free);
    EXPECT_EQ(pool.waiting(), waiting);
    EXPECT_EQ(pool.size(), size);
    EXPECT_EQ(pool.full(), free <= 0);
}

TENDRIL_TEST(Pool, AFreedSlotGoesToTheFirstWhoWaits) {
    Pool pool(1);
    std::string order;
    const auto first = pool.spawn(forever);
    std::vector<Greenlet<void>> spawners;
    for (const char letter : {'a', 'b', 'c'}) {
        spawners.push_back(spawn([&, letter] { pool.spawn([&, letter] { order += letter; }); }));
    }
    yield();
    expect(pool, 1, 0, 3, 1);
    EXPECT_FALSE(pool.try_spawn([] {}));
    spawners[1].kill();
    expect(pool, 1, 0, 2, 1);
    first.kill();
    join_all(spawners, {.count = 1});
    pool.join();
    join_all(spawners);
    pool.join();
    EXPECT_EQ(order, "ac");
    expect(pool, 0, 1, 0, 0);
}

TENDRIL_TEST(Pool, AnAbandonedSpawnTakesNothingFromItsArguments) {
    Pool pool(1);
    pool.spawn_n(forever);
    auto argument = std::make_unique<int>(5);
    EXPECT_FALSE(with_timeout(1ms, [&] { pool.spawn([](std::unique_ptr<int>) {}, std::move(argument)); }));
    ASSERT_NE(argument, nullptr);
    EXPECT_FALSE(pool.try_spawn([](std::unique_ptr<int>) {}, std::move(argument)));
    ASSERT_NE(argument, nullptr);
    expect(pool, 1, 0, 0, 1);
    pool.kill();
    auto taken = pool.try_spawn([](std::unique_ptr<int> p) { return *p; }, std::move(argument));
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->get(), 5);
}

// The slot is handed over, and the spawner killed before it runs: it still spawns; the kill arrives at its next wait.
TENDRIL_TEST(Pool, AKillInTheRoundOfTheHandOverComesTooLate) {
    Pool pool(1);
    bool ran = false;
    const auto first = pool.spawn(forever);
    const auto spawner = spawn([&] {
        pool.spawn([&] { ran = true; });
        yield();
        ADD_FAILURE() << "the kill is lost";
    });
    yield();
    pool.resize(2);  // hands over the slot
    spawner.kill_nowait();
    spawner.join();
    EXPECT_TRUE(spawner.killed());
    first.kill();
    pool.join();
    EXPECT_TRUE(ran);
    expect(pool, 0, 2, 0, 0);
}

TENDRIL_TEST(Pool, AKillBeforeTheHandOverLeavesTheSlotToTheNext) {
    Pool pool(1);
    std::string order;
    const auto first = pool.spawn(forever);
    const auto a = spawn([&] { pool.spawn([&] { order += 'a'; }); });
    const auto b = spawn([&] { pool.spawn([&] { order += 'b'; }); });
    yield();
    a.kill_nowait();
    pool.resize(2);
    b.join();
    first.kill();
    pool.join();
    EXPECT_EQ(order, "b");
    EXPECT_TRUE(a.killed());
    expect(pool, 0, 2, 0, 0);
}

TENDRIL_TEST(Pool, ResizeUpAndDownWithWaiters) {
    Pool pool(0);
    int ran = 0;
    std::vector<Greenlet<void>> spawners;
    for (int i = 0; i < 4; ++i) {
        spawners.push_back(spawn([&] {
            pool.spawn([&] {
                ++ran;
                sleep(1ms);
            });
        }));
    }
    yield();
    expect(pool, 0, 0, 4, 0);
    EXPECT_FALSE(pool.wait_available(0s));
    pool.resize(3);
    expect(pool, 3, 0, 1, 0);
    yield();
    expect(pool, 3, 0, 1, 3);
    pool.resize(0);
    expect(pool, 3, -3, 1, 3);
    pool.join();
    expect(pool, 0, 0, 1, 0);
    EXPECT_EQ(ran, 3);
    pool.resize(unbounded);
    EXPECT_FALSE(pool.full());
    EXPECT_GT(pool.free(), 0);
    join_all(spawners);
    pool.join();
    EXPECT_EQ(ran, 4);
    EXPECT_THROW(pool.resize(-1), std::invalid_argument);
    EXPECT_THROW(Pool(-1), std::invalid_argument);
}

TENDRIL_TEST(Pool, WaitAvailableTakesNoSlot) {
    Pool pool(1);
    const auto member = pool.spawn([] { yield(); });
    const auto a = spawn([&] { return pool.wait_available(); });
    const auto b = spawn([&] { return pool.wait_available(); });
    yield();
    EXPECT_FALSE(a.ready());
    EXPECT_TRUE(a.get() && b.get());
    EXPECT_TRUE(pool.wait_available());
    expect(pool, 0, 1, 0, 0);
    member.join();
}

TENDRIL_TEST(Pool, SpawnersWhoWaitWhenItIsDestroyedAreLetInAndWaitedFor) {
    std::string log;
    std::vector<Greenlet<void>> spawners;
    {
        Pool pool(1);
        pool.spawn([] { yield(); });
        for (const char letter : {'a', 'b'}) {
            spawners.push_back(spawn([&, letter] {
                pool.spawn([&, letter] {
                    yield();
                    yield();
                    log += letter;
                });
            }));
        }
        yield();
    }
    EXPECT_EQ(log, "ab");
    join_all(spawners);
}

TENDRIL_TEST(Pool, WhoWasHandedASlotWhenItIsDestroyedIsWaitedFor) {
    bool ran = false;
    Greenlet<void> spawner;
    {
        Pool pool(0);
        spawner = spawn([&] { pool.spawn([&] { ran = true; }); });
        yield();
        pool.resize(1);
    }
    EXPECT_TRUE(ran);
    spawner.join();
}

TENDRIL_TEST(Pool, AKillWaitsForThoseThatSpawnersPutInMeanwhile) {
    Pool pool(1);
    std::vector<AnyGreenlet> all{pool.spawn(forever)};
    int begun = 0;
    const auto spawner = spawn([&] {
        for (int i = 0; i < 3; ++i) {
            all.push_back(pool.spawn([&] { ++begun; }));
        }
    });
    yield();
    EXPECT_TRUE(pool.kill());
    EXPECT_EQ(pool.size(), 0u);
    spawner.join();
    pool.join();
    ASSERT_EQ(all.size(), 4u);
    EXPECT_TRUE(all[1].killed());
    EXPECT_LT(begun, 3);
}

// Members that spawn into the full Pool.

TENDRIL_TEST(Pool, ALentSlotNestsAndTheCountsHold) {
    Pool pool(1);
    std::string log;
    pool.spawn([&] {
        log += '(';
        const auto inner = pool.spawn([&] {
            log += '[';
            EXPECT_EQ(pool.running(), 1u);
            pool.spawn_n([&] {
                yield();
                expect(pool, 1, 0, 0, 3);
                log += '.';
            });
            log += ']';
            return 4;
        });
        EXPECT_TRUE(inner.ready());
        EXPECT_EQ(inner.get(), 4);
        log += ')';
    });
    pool.join();
    EXPECT_EQ(log, "([.])");
    expect(pool, 0, 1, 0, 0);
}

TENDRIL_TEST(Pool, AnErrorInALentSlotIsThatJobsOwn) {
    Pool pool(1);
    pool.spawn([&] {
            const auto bad = pool.spawn([] { throw std::runtime_error("bad"); });
            EXPECT_THROW(bad.get(), std::runtime_error);
            pool.spawn_n([] { throw std::runtime_error("alone"); });
        })
        .get();
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"green thread: std::runtime_error: alone"});
}

TENDRIL_TEST(Pool, AKillOrATimeoutOfTheLenderEndsWhatItLentTo) {
    Pool pool(1);
    std::string log;
    struct Notes {
        std::string& log;
        char letter;
        ~Notes() {
            yield();
            log += letter;
        }
    };
    const auto nested = [&] {
        const Notes outer{log, 'a'};
        pool.spawn([&] {
            const Notes middle{log, 'b'};
            pool.spawn([&] {
                const Notes inner{log, 'c'};
                forever();
            });
        });
    };
    const auto lender = pool.spawn(nested);
    idle();
    EXPECT_EQ(pool.size(), 3u);
    lender.kill();
    EXPECT_EQ(log, "cba");
    pool.join();
    expect(pool, 0, 1, 0, 0);

    log.clear();
    pool.spawn([&] { EXPECT_FALSE(with_timeout(1ms, nested)); }).get();
    EXPECT_EQ(log, "cba");

    log.clear();
    pool.spawn(nested);
    idle();
    EXPECT_TRUE(pool.kill());
    EXPECT_EQ(log, "cba");
    expect(pool, 0, 1, 0, 0);
}

TENDRIL_TEST(Pool, AKillOfWhatRunsInALentSlotLeavesTheLender) {
    Pool pool(1);
    AnyGreenlet inner;
    const auto lender = pool.spawn([&] {
        const auto job = pool.spawn([&] {
            inner = current();
            forever();
        });
        return job.killed();
    });
    idle();
    inner.kill();
    EXPECT_TRUE(lender.get());
}

TENDRIL_TEST(Pool, AJobInALentSlotMayKillThePool) {
    Pool pool(1);
    const auto lender = pool.spawn([&] { pool.spawn([&] { pool.kill(); }); });
    EXPECT_TRUE(pool.join());
    EXPECT_TRUE(lender.killed());
    expect(pool, 0, 1, 0, 0);
}

TENDRIL_TEST(Pool, DiscardGivesTheSlotToTheNext) {
    Pool pool(1);
    const auto member = pool.spawn(forever);
    const auto spawner = spawn([&] { pool.spawn(forever); });
    yield();
    EXPECT_TRUE(pool.discard(member));
    yield();
    EXPECT_TRUE(spawner.ready());
    expect(pool, 1, 0, 0, 1);
    EXPECT_EQ(pool.join(0s), false);
    member.kill();
    expect(pool, 1, 0, 0, 1);
    pool.kill();
    // A member that discards itself then is a stranger: it waits for a slot like any other.
    pool.spawn([&] {
            pool.discard(current());
            pool.spawn(forever);
            EXPECT_FALSE(with_timeout(1ms, [&] { pool.spawn([] {}); }));
        })
        .get();
    pool.kill();
    expect(pool, 0, 1, 0, 0);
}

// add() that waits.

TENDRIL_TEST(Pool, WhatEndsOrIsAddedElsewhereWhileAddWaitsTakesNoSlot) {
    Pool pool(1);
    const auto member = pool.spawn(forever);
    const auto ends = spawn(forever);
    const auto adder = spawn([&] { return pool.add(ends); });
    yield();
    ends.kill();
    EXPECT_EQ(pool.waiting(), 1u);
    member.kill();
    EXPECT_TRUE(adder.get());
    yield();
    expect(pool, 0, 1, 0, 0);

    const auto blocker = pool.spawn(forever);
    const auto wanted = spawn(forever);
    const auto first = spawn([&] { return pool.add(wanted); });
    const auto second = spawn([&] { pool.add(wanted); });
    yield();
    Group other;
    other.add(wanted);
    blocker.kill();
    EXPECT_THROW(first.get(), std::logic_error);
    EXPECT_THROW(second.get(), std::logic_error);
    expect(pool, 0, 1, 0, 0);
    EXPECT_TRUE(other.kill());
}

TENDRIL_TEST(Pool, AddHoldsTheGreenThreadThatItWasGiven) {
    Pool pool(1);
    const auto member = pool.spawn(forever);
    auto handle = spawn(forever);
    const Greenlet<void> meant = handle;
    const auto adder = spawn([&] { return pool.add(handle); });
    yield();
    handle = Greenlet<void>();
    member.kill();
    EXPECT_TRUE(adder.get());
    EXPECT_TRUE(pool.contains(meant));
    pool.kill();
}

// Failures.

TENDRIL_TEST(Pool, NoStackGivesTheSlotBack) {
    Pool pool(1);
    EXPECT_THROW(pool.spawn(SpawnOptions{.stack_size = 1}, [] {}), std::invalid_argument);
    expect(pool, 0, 1, 0, 0);
    std::vector<Greenlet<void>> used;  // takes all stacks that are ready
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        return call == sys::Call::mmap || call == sys::Call::madvise || call == sys::Call::mprotect ? ENOMEM : 0;
    });
    try {
        for (;;) {
            used.push_back(spawn(forever));
        }
    } catch (const std::system_error&) {
    }
    EXPECT_THROW(pool.spawn([] {}), std::system_error);
    EXPECT_THROW(pool.try_spawn([] {}), std::system_error);
    sys::set_fault_hook(nullptr);
    expect(pool, 0, 1, 0, 0);
    pool.spawn([] {}).get();
    kill_all(used);
}

TENDRIL_TEST(Pool, ArgumentsThatThrowWhenCopiedGiveTheSlotBack) {
    struct Bad {
        Bad() = default;
        Bad(const Bad&) { throw std::runtime_error("copy"); }
    };
    Pool pool(1);
    const Bad bad;
    EXPECT_THROW(pool.spawn([](const Bad&) {}, bad), std::runtime_error);
    expect(pool, 0, 1, 0, 0);
}

TENDRIL_TEST(Pool, SpawnInACallbackTakesAFreeSlotAndRefusesToWait) {
    Pool pool(1);
    bool ran = false;
    const auto outside = spawn([] {});
    const Link link = outside.link([&](const AnyGreenlet&) {
        pool.spawn([&] { ran = true; });
        EXPECT_THROW(pool.spawn([] {}), HubBlocked);
        EXPECT_EQ(pool.waiting(), 0u);
    });
    outside.join();
    idle();
    EXPECT_TRUE(ran);
    expect(pool, 0, 1, 0, 0);
}

TEST(PoolDeath, DestroyedWhileSomebodyWaitsToSpawn) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto pool = std::make_unique<Pool>(0);
            spawn([&] { pool->spawn([] {}); });
            yield();
            pool.reset();
        },
        "a Pool was destroyed while green threads waited for it");
}

TEST(PoolDeath, DestroyedWhileAnImapLives) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto pool = std::make_unique<Pool>(1);
            const std::vector<int> input(2);
            auto results = pool->imap([](int i) { return i; }, input);
            pool.reset();
        },
        "a Pool was destroyed while an imap, a Pile or a server of it was in use; let it outlive them");
}

}  // namespace
}  // namespace tendril
