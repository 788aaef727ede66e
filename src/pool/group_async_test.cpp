// SPDX-License-Identifier: MIT
//
// apply_async() and kill_nowait() of Group and Pool, and what stands for the callback forms of gevent's pools.

#include <tendril/pool.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(GroupAsync, ApplyAsyncNeverWaitsAndItsGreenThreadsTakeTurns) {
    Pool pool(2);
    Event go;
    std::size_t most = 0;
    std::vector<Greenlet<int>> jobs;
    for (int i = 0; i < 5; ++i) {
        jobs.push_back(pool.apply_async(
            [&](int n) {
                most = std::max(most, pool.running());
                go.wait();
                return n;
            },
            i));
    }
    EXPECT_EQ(pool.size(), 5u);
    EXPECT_EQ(pool.running(), 2u);
    yield();
    EXPECT_EQ(pool.waiting(), 3u);
    auto later = spawn([&] { return pool.spawn([] { return 9; }).get(); });
    yield();
    EXPECT_EQ(pool.waiting(), 4u) << "in line with the others";
    go.set();
    pool.join();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i);
    }
    EXPECT_EQ(most, 2u);
    EXPECT_EQ(later.get(), 9);
    pool.join();
    EXPECT_EQ(pool.running(), 0u);

    Group group;
    EXPECT_EQ(group.apply_async({.name = "x"}, [] { return std::string(current().name()); }).get(), "x");
    EXPECT_EQ(group.apply_async([](std::unique_ptr<int> p) { return *p; }, std::make_unique<int>(3)).get(), 3);
    EXPECT_THROW(group.apply_async(static_cast<void (*)()>(nullptr)), std::invalid_argument);
}

TENDRIL_TEST(GroupAsync, OneThatIsKilledWhileItWaitsNeverRunsAndTakesNoSlot) {
    Pool pool(1);
    Event go;
    bool ran = false;
    pool.spawn_n([&] { go.wait(); });
    auto killed = pool.apply_async([&] { ran = true; });
    auto unborn = pool.apply_async([&] { ran = true; });
    unborn.kill();
    auto limited = pool.apply_async([&] { ran = true; });
    yield();
    EXPECT_EQ(pool.waiting(), 2u);
    killed.kill();
    EXPECT_EQ(pool.waiting(), 1u);
    EXPECT_FALSE(limited.join(1ms));
    limited.kill();
    go.set();
    pool.join();
    EXPECT_FALSE(ran);
    EXPECT_EQ(pool.running(), 0u);
    EXPECT_EQ(pool.apply([] { return 1; }), 1);
}

TENDRIL_TEST(GroupAsync, AKillThatComesAfterTheSlotLeavesTheSlotToTheNext) {
    Pool pool(1);
    Event go;
    Event never_set;
    pool.spawn_n([&] { go.wait(); });
    auto handed = pool.apply_async([&] { never_set.wait(); });
    auto next = pool.apply_async([] { return 2; });
    yield();
    go.set();
    while (pool.waiting() == 2) {
        yield();
    }
    handed.kill();
    EXPECT_EQ(next.get(), 2);
    pool.join();
    EXPECT_EQ(pool.running(), 0u);
}

TENDRIL_TEST(GroupAsync, TheEndOfThePoolWaitsForThoseInLineAndAnExceptionKillsThem) {
    int ran = 0;
    {
        Pool pool(1);
        for (int i = 0; i < 3; ++i) {
            pool.apply_async([&] {
                yield();
                ++ran;
            });
        }
    }
    EXPECT_EQ(ran, 3);
    const auto fails = [&] {
        Pool pool(1);
        for (int i = 0; i < 3; ++i) {
            pool.apply_async([&] {
                sleep(never);
                ++ran;
            });
        }
        yield();
        throw std::runtime_error("out");
    };
    EXPECT_THROW(fails(), std::runtime_error);
    EXPECT_EQ(ran, 3);
}

TENDRIL_TEST(GroupAsync, OneThatIsDiscardedRunsOnWithoutASlot) {
    std::optional<Pool> pool(std::in_place, 1);
    Event go;
    auto member = pool->spawn([&] { go.wait(); });
    auto waits = pool->apply_async([] { return 1; });
    auto unborn = pool->apply_async([] { return 2; });
    EXPECT_TRUE(pool->discard(unborn));
    yield();
    EXPECT_EQ(pool->waiting(), 1u);
    EXPECT_TRUE(pool->discard(waits));
    EXPECT_TRUE(pool->discard(member));
    EXPECT_EQ(pool->running(), 0u);
    pool.reset();
    EXPECT_EQ(waits.get() + unborn.get(), 3);
    go.set();
    member.join();

    Pool again(1);
    Event open;
    again.spawn_n([&] { open.wait(); });
    auto handed = again.apply_async([] {});
    yield();
    open.set();
    again.resize(2);  // hands a slot to it
    EXPECT_EQ(again.running(), 2u);
    EXPECT_TRUE(again.discard(handed)) << "before it could run";
    handed.join();
    again.join();
    EXPECT_EQ(again.running(), 0u);
}

TENDRIL_TEST(GroupAsync, OneThatIsAddedAgainBeforeItHasSeenItsSlotHasOne) {
    Pool pool(1);
    const auto holder = pool.spawn([] { sleep(1h); });
    const auto waits = pool.apply_async([] { return 3; });
    yield();
    pool.resize(3);  // hands it a slot
    EXPECT_TRUE(pool.discard(waits));
    EXPECT_TRUE(pool.add(waits));  // with another one
    EXPECT_EQ(waits.get(), 3);
    holder.kill();
    pool.join();
    EXPECT_EQ(pool.running(), 0u) << "a slot is lost, and the end of the Pool would wait for it";
}

TENDRIL_TEST(GroupAsync, AGroupMayBeginWithMembers) {
    auto a = spawn([] { sleep(never); });
    auto b = spawn([] { sleep(never); });
    {
        Group group{a};
        EXPECT_TRUE(group.contains(a));
        EXPECT_THROW((Group{b, a}), std::logic_error) << "a is a member of `group`";
        yield();
        EXPECT_FALSE(b.ready()) << "the Group that was not made has not killed it";
        group.kill();
    }
    EXPECT_TRUE(a.killed());
    Group other{b};
    EXPECT_EQ(other.size(), 1u);
    other.kill();
}

struct Stop : std::runtime_error {
    Stop() : std::runtime_error("stop") {}
};

TENDRIL_TEST(GroupAsync, KillNowaitKillsThePresentMembersAtTheNextYield) {
    Group group;
    int stopped = 0;
    const auto member = [&] {
        try {
            sleep(never);
        } catch (const Stop&) {
            ++stopped;
        }
    };
    auto a = group.spawn(member);
    auto b = group.spawn(member);
    yield();
    group.kill_nowait(std::make_exception_ptr(Stop()));
    EXPECT_EQ(stopped, 0) << "it did not wait";
    EXPECT_EQ(group.size(), 2u);
    auto newcomer = group.spawn(member);
    group.join(0s) ? ADD_FAILURE() : static_cast<void>(0);
    yield();
    EXPECT_EQ(stopped, 2);
    EXPECT_TRUE(a.successful() && b.successful());
    EXPECT_FALSE(newcomer.ready()) << "it joined later";
    group.kill_one_nowait(newcomer);
    EXPECT_FALSE(newcomer.ready());
    EXPECT_TRUE(group.join(1s));
    EXPECT_TRUE(newcomer.killed());
    group.kill_nowait();
    EXPECT_NO_THROW(group.kill_one_nowait(newcomer)) << "it has ended";
    auto stranger = spawn([] { sleep(never); });
    EXPECT_THROW(group.kill_one_nowait(stranger), std::logic_error);
    stranger.kill();
}

TENDRIL_TEST(GroupAsync, AMemberThatKillsItsGroupGoesLast) {
    Group group;
    bool other_killed = false;
    bool went_on = false;
    auto other = group.spawn([&] {
        try {
            sleep(never);
        } catch (const GreenletExit&) {
            other_killed = true;
            throw;
        }
    });
    auto self = group.spawn([&] {
        group.kill_nowait();
        went_on = true;
    });
    group.join();
    EXPECT_TRUE(other_killed);
    EXPECT_TRUE(self.killed());
    EXPECT_FALSE(went_on);
}

// gevent's apply_async(f, callback=), apply_cb, map_async and map_cb.
TENDRIL_TEST(GroupAsync, LinksStandForTheCallbackForms) {
    Pool pool(2);
    std::vector<int> got;
    int failed = 0;
    const auto square = [](int n) { return n > 0 ? n * n : throw std::runtime_error("negative"); };

    auto applied = pool.apply_async(square, 3);
    applied.link_value([&](const AnyGreenlet&) { got.push_back(applied.get()); }).keep();
    auto fails = pool.apply_async(square, -1);
    fails.link_value([&](const AnyGreenlet&) { ADD_FAILURE(); }).keep();
    fails.link_exception([&](const AnyGreenlet&) { ++failed; }).keep();
    EXPECT_THROW(fails.get(), std::runtime_error);

    const std::vector<int> numbers{1, 2, 3, 4};
    auto mapped = spawn([&] { return pool.map(square, numbers); });
    mapped.link_value([&](const AnyGreenlet&) { got.push_back(static_cast<int>(mapped.get().size())); }).keep();
    EXPECT_EQ(mapped.get(), (std::vector{1, 4, 9, 16}));
    yield();
    EXPECT_EQ(got, (std::vector{9, 4}));
    EXPECT_EQ(failed, 1);

    auto endless = spawn([&] {
        return pool.map(
            [](int) {
                sleep(never);
                return 0;
            },
            numbers);
    });
    yield();
    yield();
    endless.kill();
    EXPECT_TRUE(pool.join(1s)) << "its jobs were killed with it";
}

}  // namespace
}  // namespace tendril
