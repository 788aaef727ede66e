// SPDX-License-Identifier: MIT
//
// Barrier, Latch and WaitGroup in every order: nobody goes on alone, nobody waits once all have come, and one that is
// killed or late is not counted.

#include <tendril/barrier.hpp>
#include <tendril/latch.hpp>
#include <tendril/wait_group.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>

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
    } catch (const BrokenBarrier&) {
        return "broken";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

// Of a Barrier of two: how often its wait() returned 0 and 1.
struct Meeting {
    Barrier barrier{2};
    std::size_t numbers[2] = {0, 0};

    bool meet(Deadline deadline = never) {
        const std::optional<std::size_t> number = barrier.wait(deadline);
        if (!number) {
            return false;
        }
        EXPECT_LT(*number, 2u);
        ++numbers[*number];
        return true;
    }
    void balance(std::size_t phases) {
        EXPECT_EQ(numbers[0], phases);
        EXPECT_EQ(numbers[1], phases);
        EXPECT_EQ(barrier.waiting(), 0u);
        EXPECT_FALSE(barrier.broken());
    }
};

TEST(ModelBarrier, APartyIsKilled) {
    const auto explored = explore("barrier: a party is killed", [](Order& order) {
        Meeting meeting;
        std::string end = "never began";
        auto dies = order.go("dies", [&] { end = ending([&] { return meeting.meet(); }); });
        order.go("a", [&] { meeting.meet(); });
        order.go("b", [&] { meeting.meet(); });
        order.go("killer", [&] { dies.kill(); });
        order.go("backstop", [&] {
            dies.join();
            if (end == "done") {
                meeting.meet();
            }
        });
        order.finish();
        order.saw(end);
        meeting.balance(end == "done" ? 2 : 1);
    });
    explored.expect_outcomes("done, killed, never began");
}

TEST(ModelBarrier, DeadlineAndTimeout) {
    const auto explored = explore("barrier: deadline and Timeout", [](Order& order) {
        Meeting meeting;
        std::string ends[2];
        order.go("timed", [&] { ends[0] = ending([&] { return meeting.meet(order.at(1)); }); });
        order.go("limited", [&] {
            ends[1] = ending([&] {
                Timeout limit(order.at(2));
                return meeting.meet();
            });
        });
        order.go("a", [&] { meeting.meet(); });
        std::size_t helped = 0;
        order.finish([&] {
            EXPECT_EQ(meeting.barrier.waiting(), 1u);
            ++helped;
            return meeting.meet();
        });
        order.saw("timed: " + ends[0]);
        order.saw("limited: " + ends[1]);
        const std::size_t came = (ends[0] == "done" ? 1 : 0) + (ends[1] == "done" ? 1 : 0) + 1 + helped;
        EXPECT_EQ(came % 2, 0u);
        meeting.balance(came / 2);
    });
    explored.expect_outcomes("limited: done, limited: expired, timed: done, timed: late");
}

TEST(ModelBarrier, AnActionThatWaitsAndAKill) {
    const auto explored = explore("barrier: an action that waits and a kill", [](Order& order) {
        int acting = 0;
        int acted = 0;
        Barrier barrier(2, [&] {
            EXPECT_EQ(++acting, 1);
            const struct Leaves {
                int& count;
                ~Leaves() { --count; }
            } leaves{acting};
            order.pause();
            ++acted;
        });
        std::string ends[3] = {"never began", "", ""};
        const auto wait = [&](int i) {
            ends[i] = ending([&] {
                const int before = acted;
                barrier.wait();
                EXPECT_GT(acted, before);
                return true;
            });
        };
        auto dies = order.go("dies", [&] { wait(0); });
        order.go("a", [&] { wait(1); });
        order.go("b", [&] { wait(2); });
        order.go("killer", [&] { dies.kill(); });
        order.finish([&] {
            EXPECT_EQ(barrier.waiting(), 1u);
            barrier.abort();
            return true;
        });
        EXPECT_EQ(barrier.waiting(), 0u);
        EXPECT_EQ(acting, 0);
        order.saw("dies: " + ends[0]);
        order.saw("a: " + ends[1]);
    });
    explored.expect_outcomes("a: broken, a: done, dies: done, dies: killed, dies: never began");
}

TEST(ModelBarrier, AbortResetAndDroppingOut) {
    explore("barrier: abort, reset and dropping out", [](Order& order) {
        Barrier barrier(3);
        std::string ends[2];
        order.go("a", [&] {
            ends[0] = ending([&] {
                barrier.wait();
                return true;
            });
        });
        order.go("b", [&] {
            ends[1] = ending([&] {
                barrier.wait();
                return true;
            });
        });
        order.go("drops", [&] { barrier.arrive_and_drop(); });
        order.go("breaks", [&] {
            order.pause();
            barrier.abort();
            order.pause();
            barrier.reset();
        });
        order.finish([&] {
            EXPECT_EQ(barrier.waiting(), 1u) << "the other was broken off";
            barrier.wait();
            return true;
        });
        EXPECT_EQ(barrier.parties(), 2u);
        EXPECT_EQ(barrier.waiting(), 0u);
        EXPECT_FALSE(barrier.broken());
        order.saw(ends[0]);
    });
}

TEST(ModelLatch, KillAndDeadline) {
    const auto explored = explore("latch: kill and deadline", [](Order& order) {
        Latch latch(2);
        std::string ends[2] = {"never began", ""};
        auto dies = order.go("dies", [&] { ends[0] = ending([&] { return latch.wait(); }); });
        order.go("timed", [&] { ends[1] = ending([&] { return latch.wait(order.at(1)); }); });
        order.go("arrives", [&] { latch.arrive_and_wait(); });
        order.go("counts", [&] {
            order.pause();
            latch.count_down();
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_TRUE(latch.try_wait());
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
    });
    explored.expect_outcomes("dies: done, dies: killed, dies: never began, timed: done, timed: late");
}

TEST(ModelWaitGroup, AMemberAndAWaiterAreKilled) {
    const auto explored = explore("wait group: a member and a waiter are killed", [](Order& order) {
        WaitGroup group;
        int working = 0;
        std::string end = "never began";
        auto dies = order.go("dies", [&, token = WaitGroup::Token(group)] {
            ++working;
            const struct Leaves {
                int& count;
                ~Leaves() { --count; }
            } leaves{working};
            order.pause();
        });
        auto waiter = order.go("waiter", [&] {
            end = ending([&] {
                const bool waited = group.wait();
                EXPECT_EQ(working, 0);
                return waited;
            });
        });
        order.go("killer", [&] { dies.kill_nowait(); });
        order.go("killer of the waiter", [&] { waiter.kill_nowait(); });
        order.go("main", [&] {
            EXPECT_EQ(group.count() > 1, !dies.ready());
            group.done();
        });
        group.add();
        order.finish();
        EXPECT_EQ(group.count(), 0u);
        order.saw(end);
    });
    explored.expect_outcomes("done, killed, never began");
}

}  // namespace
}  // namespace tendril
