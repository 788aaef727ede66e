// SPDX-License-Identifier: MIT
//
// A Group or Pool kills each member once.

#include <exception>
#include <stdexcept>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/pool.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// A green thread that counts and survives its kills until it is told to end.
struct Survivor {
    Event end;
    int kills = 0;
    void operator()() {
        for (;;) {
            try {
                end.wait();
                return;
            } catch (const GreenletExit&) {
                ++kills;
            }
        }
    }
};

TENDRIL_TEST(GroupKill, ASurvivorIsNotKilledAgain) {
    Group group;
    Survivor first;
    Survivor second;
    group.spawn([&] { first(); });
    group.spawn([&] { second(); });
    yield();
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(group.kill(1ms));
    }
    const auto late = group.spawn([] { sleep(1h); });
    yield();
    EXPECT_FALSE(group.kill(1ms));
    EXPECT_TRUE(late.killed()) << "it came after the others were killed";
    EXPECT_EQ(first.kills, 1);
    EXPECT_EQ(second.kills, 1);
    first.end.set();
    second.end.set();
    EXPECT_TRUE(group.kill());
}

TENDRIL_TEST(GroupKill, LeavingTheScopeByAnExceptionKillsOnceToo) {
    Survivor survivor;
    try {
        Group group;
        group.spawn([&] { survivor(); });
        yield();
        EXPECT_FALSE(group.kill(1ms));
        spawn_n([&] { survivor.end.set(); });
        throw std::runtime_error("leaves");
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(survivor.kills, 1);
}

TENDRIL_TEST(GroupKill, KillOneEndsOneMember) {
    Pool pool(5);
    const auto first = pool.spawn([] { sleep(1h); });
    const auto second = pool.spawn([] { sleep(1h); });
    Survivor survivor;
    const auto third = pool.spawn([&] { survivor(); });
    yield();
    EXPECT_TRUE(pool.kill_one(first));
    EXPECT_TRUE(first.killed());
    EXPECT_FALSE(second.ready());
    EXPECT_TRUE(pool.kill_one(first)) << "it has ended";
    EXPECT_TRUE(pool.kill_one(second, std::make_exception_ptr(std::runtime_error("enough"))));
    EXPECT_THROW(second.get(), std::runtime_error);
    EXPECT_FALSE(pool.kill_one(third, 1ms));
    EXPECT_FALSE(pool.kill_one(third, 1ms));
    EXPECT_FALSE(pool.kill(1ms));
    EXPECT_EQ(survivor.kills, 1);
    survivor.end.set();
    EXPECT_TRUE(pool.kill_one(third));
    const auto stranger = spawn([] { sleep(1h); });
    EXPECT_THROW(pool.kill_one(stranger), std::logic_error);
    EXPECT_THROW(pool.kill_one(AnyGreenlet()), std::logic_error);
    stranger.kill();
}

TENDRIL_TEST(GroupKill, AMemberMayKillItself) {
    Group group;
    bool went_on = false;
    const auto self = group.spawn([&] {
        group.kill_one(current());
        went_on = true;
    });
    EXPECT_TRUE(self.join(60s));
    EXPECT_TRUE(self.killed());
    EXPECT_FALSE(went_on);
}

}  // namespace
}  // namespace tendril
