// SPDX-License-Identifier: MIT
//
// A hand-off, a deadline and an interrupt that meet in one turn: who was first decides, and nothing is lost.

#include "hub/waiter.hpp"

#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril::detail {
namespace {

// As a poll would find it then.
void fire_timers_until(Deadline then) {
    HubCore& hub = HubCore::here();
    hub.timers.run(then.ns(), hub.ready);
}

// What a wait came to, and whether a kill was delivered at it or only at the next one.
struct Seen {
    Outcome outcome = Outcome::waiting;
    bool thrown_at_once = false;
    bool thrown_later = false;
};

// A green thread that waits, and what `meet` does to it, all before it runs again.
template <class F>
Seen meeting(Deadline deadline, F meet) {
    Seen seen;
    Waiter* waiter = nullptr;
    const auto g = spawn([&] {
        try {
            Waiter mine("the test");
            waiter = &mine;
            seen.outcome = mine.wait(deadline);
        } catch (const GreenletExit&) {
            seen.thrown_at_once = true;
        }
        try {
            yield();
        } catch (const GreenletExit&) {
            seen.thrown_later = true;
        }
    });
    yield();
    meet(*waiter, g);
    g.join();
    return seen;
}

TENDRIL_TEST(Waiter, HandedFirstThenKilledItCompletesAndTheKillComesLater) {
    const Seen seen = meeting(never, [](Waiter& w, const AnyGreenlet& g) {
        EXPECT_TRUE(w.resolve(Outcome::handed));
        g.kill_nowait();
    });
    EXPECT_EQ(seen.outcome, Outcome::handed);
    EXPECT_FALSE(seen.thrown_at_once);
    EXPECT_TRUE(seen.thrown_later);
}

TENDRIL_TEST(Waiter, KilledFirstItIsHandedNothing) {
    const Seen seen = meeting(never, [](Waiter& w, const AnyGreenlet& g) {
        g.kill_nowait();
        EXPECT_FALSE(w.resolve(Outcome::handed));
    });
    EXPECT_TRUE(seen.thrown_at_once);
    EXPECT_FALSE(seen.thrown_later);
}

TENDRIL_TEST(Waiter, SignalledFirstThenKilledItCompletesAndTheKillComesLater) {
    const Seen seen = meeting(never, [](Waiter& w, const AnyGreenlet& g) {
        EXPECT_TRUE(w.resolve(Outcome::signalled));
        g.kill_nowait();
    });
    EXPECT_EQ(seen.outcome, Outcome::signalled);
    EXPECT_FALSE(seen.thrown_at_once);
    EXPECT_TRUE(seen.thrown_later);
}

TENDRIL_TEST(Waiter, TimedOutFirstItIsHandedNothingAndAKillComesLater) {
    const Seen seen = meeting(1h, [](Waiter& w, const AnyGreenlet& g) {
        fire_timers_until(2h);
        EXPECT_FALSE(w.resolve(Outcome::handed));
        g.kill_nowait();
    });
    EXPECT_EQ(seen.outcome, Outcome::timed_out);
    EXPECT_FALSE(seen.thrown_at_once);
    EXPECT_TRUE(seen.thrown_later);
}

TENDRIL_TEST(Waiter, AStandInIsOpenAsLongAsTheWhole) {
    Waiter whole("the test");
    StandIn first(whole, nullptr);
    StandIn second(whole, nullptr);
    EXPECT_TRUE(first.open() && second.open());
    EXPECT_TRUE(second.resolve(Outcome::handed));
    EXPECT_FALSE(first.open());
    EXPECT_FALSE(first.resolve(Outcome::handed)) << "the wait is decided";
    EXPECT_EQ(second.outcome, Outcome::handed);
    EXPECT_EQ(whole.wait(never), Outcome::handed);
}

TENDRIL_TEST(Waiter, HandedFirstTheDeadlineComesTooLate) {
    const Seen seen = meeting(1h, [](Waiter& w, const AnyGreenlet&) {
        EXPECT_TRUE(w.resolve(Outcome::handed));
        fire_timers_until(2h);
    });
    EXPECT_EQ(seen.outcome, Outcome::handed);
}

TENDRIL_TEST(Waiter, InAShieldAKillDoesNotBreakOffTheWait) {
    Waiter* waiter = nullptr;
    bool completed = false;
    const auto g = spawn([&] {
        {
            const Shield shield;
            Waiter mine("the test");
            waiter = &mine;
            EXPECT_EQ(mine.wait(never), Outcome::signalled);
        }
        completed = true;
        yield();
        ADD_FAILURE() << "the kill was lost";
    });
    yield();
    EXPECT_FALSE(g.kill(1ms));
    EXPECT_TRUE(waiter->resolve(Outcome::signalled));
    g.join();
    EXPECT_TRUE(completed);
    EXPECT_TRUE(g.killed());
}

// The pattern that every primitive follows: pop waiters until one lets itself be resolved.
TENDRIL_TEST(Waiter, DeadOnesInAQueueNeverTakeAnItem) {
    List<Waiter> queue;
    int items = 0;
    std::string takers;
    const auto take = [&](const char* name, Deadline deadline) {
        Waiter mine("the test");
        queue.push_back(mine);
        if (mine.wait(deadline) == Outcome::handed) {
            takers += name;
        }
    };
    const auto killed = spawn([&] { take("killed ", never); });
    const auto late = spawn([&] { take("late ", 0s); });
    const auto first = spawn([&] { take("first ", never); });
    const auto second = spawn([&] { take("second ", never); });
    yield();
    late.join();
    killed.kill_nowait();
    for (int i = 0; i < 3; ++i) {
        Waiter* waiter = nullptr;
        do {
            waiter = queue.pop_front();
        } while (waiter != nullptr && !waiter->resolve(Outcome::handed));
        items += waiter != nullptr ? 0 : 1;
    }
    join_all(std::vector{killed, first, second});
    EXPECT_EQ(takers, "first second ");
    EXPECT_EQ(items, 1) << "the third found nobody and stays with the giver";
    EXPECT_TRUE(killed.killed());
}

}  // namespace
}  // namespace tendril::detail
