// SPDX-License-Identifier: MIT
//
// Latch and WaitGroup.

#include <tendril/latch.hpp>
#include <tendril/wait_group.hpp>

#include <memory>
#include <stdexcept>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Latch, OpensAtZeroAndStaysOpen) {
    Latch latch(3);
    std::vector<int> order;
    std::vector<Greenlet<void>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(spawn([&, i] {
            EXPECT_TRUE(latch.wait());
            order.push_back(i);
        }));
    }
    yield();
    EXPECT_FALSE(latch.try_wait());
    latch.count_down();
    EXPECT_FALSE(latch.wait(1ms));
    latch.count_down(0);
    latch.count_down(2);
    EXPECT_TRUE(order.empty()) << "it never switches";
    EXPECT_TRUE(latch.try_wait());
    EXPECT_TRUE(latch.wait(0s));
    join_all(waiters);
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
    EXPECT_EQ(latch.count(), 0u);
    latch.count_down(0);
}

TENDRIL_TEST(Latch, RefusesToGoBelowZero) {
    Latch latch(2);
    EXPECT_THROW(latch.count_down(3), std::logic_error);
    EXPECT_EQ(latch.count(), 2u);
    EXPECT_THROW(latch.count_down(-1), std::invalid_argument);
    EXPECT_THROW(Latch(-1), std::invalid_argument);
    EXPECT_TRUE(Latch(0).wait());
}

TENDRIL_TEST(Latch, ArriveAndWaitMeets) {
    Latch latch(3);
    const auto meet = [&] { latch.arrive_and_wait(); };
    const auto a = spawn(meet);
    const auto b = spawn(meet);
    yield();
    EXPECT_FALSE(a.ready() || b.ready());
    meet();
    EXPECT_TRUE(a.join() && b.join());
}

TENDRIL_TEST(Latch, AKillAndATimeoutEndTheWaitOnly) {
    Latch latch(2);
    const auto killed = spawn([&] { latch.arrive_and_wait(); });
    yield();
    killed.kill();
    EXPECT_EQ(latch.count(), 1u) << "what was counted down stays so";
    EXPECT_FALSE(with_timeout(1ms, [&] { latch.wait(); }));
    latch.count_down();
    EXPECT_TRUE(latch.wait());
}

TENDRIL_TEST(Latch, CanBeWaitedForAmongOthers) {
    Latch latch(1);
    WaitGroup group;
    Event event;
    group.add();
    EXPECT_TRUE(wait({AnyWaitable(latch), AnyWaitable(group), AnyWaitable(event)}, 1ms).empty());
    spawn_n([&] {
        group.done();
        latch.count_down();
    });
    const auto ready = wait({AnyWaitable(latch), AnyWaitable(group), AnyWaitable(event)}, 60s, 2);
    ASSERT_EQ(ready.size(), 2u);
    EXPECT_TRUE(ready[0].is(group) && ready[1].is(latch));
    EXPECT_EQ(wait({&latch}).size(), 1u) << "it is open";
}

TENDRIL_TEST(WaitGroup, WaitsUntilAllIsDoneAgainAndAgain) {
    WaitGroup group;
    EXPECT_TRUE(group.wait()) << "nothing was added";
    for (int round = 0; round < 3; ++round) {
        int done = 0;
        group.add(5);
        for (int i = 0; i < 5; ++i) {
            spawn_n([&, i] {
                for (int n = 0; n < i; ++n) {
                    yield();
                }
                ++done;
                group.done();
            });
        }
        EXPECT_EQ(group.count(), 5u);
        EXPECT_TRUE(group.wait());
        EXPECT_EQ(done, 5);
    }
}

TENDRIL_TEST(WaitGroup, ItsWaitersGoOnEvenIfMoreIsAddedBeforeTheirTurn) {
    WaitGroup group;
    group.add();
    const auto waiter = spawn([&] { return group.wait(60s); });
    yield();
    group.done();
    group.add();
    EXPECT_TRUE(waiter.get());
    EXPECT_EQ(group.count(), 1u);
    group.done();
}

TENDRIL_TEST(WaitGroup, RefusesOneDoneTooManyAndCountsThatAreNone) {
    WaitGroup group;
    EXPECT_THROW(group.done(), std::logic_error);
    EXPECT_THROW(group.add(-1), std::invalid_argument);
    group.add();
    EXPECT_THROW(group.add(unbounded), std::overflow_error);
    EXPECT_EQ(group.count(), 1u);
    group.done();
}

// Also of one that is killed, before it began or while it waits, or that throws.
TENDRIL_TEST(WaitGroup, ATokenIsDoneHoweverItsGreenThreadEnds) {
    WaitGroup group;
    Event never_set;
    const auto never_begins = spawn([token = WaitGroup::Token(group)] {});
    never_begins.kill();
    EXPECT_EQ(group.count(), 0u);
    const auto waits = spawn([&, token = WaitGroup::Token(group)] { never_set.wait(); });
    const auto throws = spawn([token = WaitGroup::Token(group)] { throw std::runtime_error("expected"); });
    const auto limited = spawn([&, token = WaitGroup::Token(group)] { with_timeout(1ms, [&] { never_set.wait(); }); });
    EXPECT_EQ(group.count(), 3u);
    {
        WaitGroup::Token outer(group);
        const WaitGroup::Token moved(std::move(outer));
        EXPECT_EQ(group.count(), 4u);
    }
    yield();
    waits.kill_nowait();
    EXPECT_TRUE(group.wait());
    EXPECT_THROW(throws.get(), std::runtime_error);
    EXPECT_TRUE(waits.join() && limited.join());
}

TENDRIL_TEST(WaitGroup, AKillAndATimeoutEndTheWaitOnly) {
    WaitGroup group;
    group.add();
    const auto killed = spawn([&] { group.wait(); });
    yield();
    killed.kill();
    EXPECT_FALSE(with_timeout(1ms, [&] { group.wait(); }));
    EXPECT_EQ(group.count(), 1u);
    group.done();
    EXPECT_TRUE(group.wait());
}

void destroy_while_waited_for(bool latch) {
    auto a = std::make_unique<Latch>(1);
    auto b = std::make_unique<WaitGroup>();
    b->add();
    spawn_n([&] { latch ? a->wait() : b->wait(); });
    yield();
    a.reset();
    b.reset();
}

TEST(Latch, DestroyedWhileSomebodyWaitsAborts) {
    EXPECT_DEATH(destroy_while_waited_for(true), "a Latch was destroyed while green threads waited for it: [0-9]+");
    EXPECT_DEATH(destroy_while_waited_for(false),
                 "a WaitGroup was destroyed while green threads waited for it: [0-9]+");
}

}  // namespace
}  // namespace tendril
