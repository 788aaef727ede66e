// SPDX-License-Identifier: MIT
//
// Green threads in every order: join, get, kill, cancel, links, Timeouts around them, Shields; AsyncResult, wait and
// iwait.

#include <tendril/greenlet.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

template <class F>
std::string ending(F f) {
    try {
        return f();
    } catch (const TimeoutError&) {
        return "late";
    } catch (const GreenletKilled&) {
        return "was killed";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

TEST(ModelGreenlet, JoinGetAndKill) {
    const auto explored = explore("greenlet: join, get and two kills", [](Order& order) {
        std::string end = "never began";
        std::string answers[2];
        auto target = order.go("target", [&] {
            end = "killed";
            order.pause();
            end = "done";
            return 5;
        });
        order.go("joiner", [&] { answers[0] = target.join(order.at(1)) ? "joined" : "late"; });
        order.go("getter", [&] {
            answers[1] = ending([&] {
                EXPECT_EQ(target.get(), 5);
                return "got";
            });
        });
        order.go("killer", [&] { EXPECT_TRUE(target.kill()); });
        auto hasty = order.go("hasty killer", [&] { target.kill_nowait(); });
        order.go("killer of the killer", [&] { hasty.kill(); });
        order.finish();
        EXPECT_TRUE(target.ready());
        EXPECT_EQ(target.killed(), end != "done");
        EXPECT_EQ(answers[1], end == "done" ? "got" : "was killed");
        order.saw(end);
        order.saw(answers[0]);
    });
    explored.expect_outcomes("done, joined, killed, late, never began");
}

TEST(ModelGreenlet, OneThatCatchesAKillLivesOn) {
    explore("greenlet: catches a kill and lives on", [](Order& order) {
        int caught = 0;
        auto target = order.go("target", [&] {
            for (int i = 0; i < 2; ++i) {
                try {
                    order.pause();
                    yield();
                } catch (const GreenletExit&) {
                    ++caught;
                }
            }
            return 1;
        });
        order.go("killer", [&] { EXPECT_TRUE(target.kill()); });
        order.go("other killer", [&] {
            target.kill_nowait();
            order.pause();
            target.kill_nowait();
        });
        order.finish();
        EXPECT_LE(caught, 2);
        EXPECT_TRUE(target.successful() || (target.killed() && !target.started()))
            << "it catches what comes once it began";
    });
}

TEST(ModelGreenlet, LinksRunOnce) {
    const auto explored = explore("greenlet: links, one unlinked", [](Order& order) {
        int runs = 0;
        int value = 0;
        int error = 0;
        int unlinked = 0;
        bool too_late = false;
        auto target = order.go("target", [&] { order.pause(); });
        Link any = target.link([&](const AnyGreenlet&) { ++runs; });
        Link on_value = target.link_value([&](const AnyGreenlet&) { ++value; });
        Link on_error = target.link_exception([&](const AnyGreenlet&) { ++error; });
        Link gone = target.link([&](const AnyGreenlet&) { ++unlinked; });
        order.go("killer", [&] { target.kill(); });
        order.go("unlinker", [&] {
            too_late = unlinked != 0;
            gone.unlink();
        });
        Event over;
        Link last;
        order.go("late linker", [&] {
            target.join();
            last = target.link([&](const AnyGreenlet&) { over.set(); });
            over.wait();
        });
        order.finish();
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(value, target.successful() ? 1 : 0);
        EXPECT_EQ(value + error, 1);
        EXPECT_EQ(unlinked, too_late ? 1 : 0);
        order.saw(too_late ? "unlinked too late" : "unlinked in time");
        order.saw(target.successful() ? "done" : "killed");
    });
    explored.expect_outcomes("done, killed, unlinked in time, unlinked too late");
}

TEST(ModelGreenlet, SpawnAfterCancelAndKill) {
    const auto explored = explore("greenlet: spawn_after, cancel, kill", [](Order& order) {
        bool ran = false;
        bool cancelled = false;
        auto later = spawn_after(order.at(1), [&] {
            ran = true;
            order.pause();
        });
        order.go("canceller", [&] { cancelled = later.cancel(); });
        order.go("killer", [&] { later.kill(); });
        order.go("joiner", [&] { EXPECT_TRUE(later.join()); });
        order.finish();
        EXPECT_FALSE(cancelled && ran);
        EXPECT_EQ(later.started(), ran);
        order.saw(cancelled ? "cancelled" : later.killed() ? (ran ? "killed" : "never began") : "done");
    });
    explored.expect_outcomes("cancelled, done, killed, never began");
}

TEST(ModelGreenlet, ShieldKeepsInterruptsOut) {
    const auto explored = explore("shield: a kill and a Timeout wait outside", [](Order& order) {
        Event event;
        std::string end = "never began";
        bool inside_over = false;
        auto target = order.go("target", [&] {
            end = ending([&] {
                Timeout limit(order.at(1));
                {
                    const Shield shield;
                    event.wait();
                    order.pause();
                    inside_over = true;
                }
                order.pause();
                return "done";
            });
        });
        order.go("killer", [&] { target.kill(); });
        order.go("other killer", [&] { target.kill_nowait(); });
        order.go("setter", [&] { event.set(); });
        order.finish();
        EXPECT_TRUE(inside_over || end == "never began");
        order.saw(end);
    });
    explored.expect_outcomes("done, expired, killed, never began");
}

// Each expiry is thrown separately, even if both have come; a kill is thrown before them.
TEST(ModelTimeout, NestedOnesAndAKill) {
    const auto explored = explore("timeout: nested, cancelled by another, a kill", [](Order& order) {
        std::string end = "never began";
        Timeout* inner_one = nullptr;
        Event event;
        auto target = order.go("target", [&] {
            end = "killed";
            Timeout outer(order.at(2));
            try {
                Timeout inner(order.at(1 + 2 * static_cast<int>(order.choose(2))));
                inner_one = &inner;
                const struct Gone {
                    Timeout*& pointer;
                    ~Gone() { pointer = nullptr; }
                } gone{inner_one};
                try {
                    end = event.wait() ? "done" : "late";
                } catch (const Timeout::Expired& e) {
                    EXPECT_NE(inner.threw(e), outer.threw(e));
                    EXPECT_EQ(inner.expired(), inner.threw(e));
                    end = inner.threw(e) ? "inner" : "outer";
                }
            } catch (const GreenletExit&) {
                end = "killed";
                throw;
            }
        });
        order.go("killer", [&] { target.kill(); });
        order.go("setter", [&] { event.set(); });
        order.go("canceller", [&] {
            if (inner_one != nullptr) {
                inner_one->cancel();
            }
        });
        order.finish();
        order.saw(end);
    });
    explored.expect_outcomes("done, inner, killed, never began, outer");
}

TEST(ModelTimeout, AroundJoin) {
    const auto explored = explore("timeout: around a join of one that is killed", [](Order& order) {
        std::string end;
        auto target = order.go("target", [&] { sleep(order.at(4)); });
        order.go("waits", [&] {
            end = ending([&]() -> std::string {
                Timeout limit(order.at(1 + 2 * static_cast<int>(order.choose(2))));
                return target.join(order.at(2)) ? "joined" : "late";
            });
        });
        order.go("killer", [&] { target.kill(order.at(2)); });
        order.finish();
        order.saw(end);
    });
    explored.expect_outcomes("expired, joined, late");
}

TEST(ModelGreenlet, JoinAllAndKillAll) {
    const auto explored = explore("join_all with raise_error, kill_all", [](Order& order) {
        auto a = order.go("a", [&] { order.pause(); });
        auto b = order.go("b", [&] { sleep(order.at(2)); });
        const std::vector<AnyGreenlet> both{a, b};
        std::string end;
        order.go("joins all", [&] {
            end = ending([&]() -> std::string {
                const std::size_t ended = join_all(both, {.deadline = order.at(1), .raise_error = true});
                EXPECT_LE(ended, 2u);
                return std::to_string(ended) + " ended";
            });
        });
        order.go("joins one", [&] { EXPECT_GE(join_all(both, {.count = 1}), 1u); });
        order.go("kills all", [&] { EXPECT_EQ(kill_all(both), 0u); });
        order.finish();
        order.saw(end);
    });
    explored.expect_outcomes("0 ended, 1 ended, 2 ended, was killed");
}

TEST(ModelAsyncResult, TwoSettersAndThoseWhoWait) {
    const auto explored = explore("async result: two setters, get, kill, deadline", [](Order& order) {
        AsyncResult<int> result;
        int sets = 0;
        int got = 0;
        std::string ends[2] = {"never began", ""};
        const auto set = [&](int value) {
            try {
                result.set(value);
                ++sets;
            } catch (const std::logic_error&) {
            }
        };
        order.go("sets 1", [&] { set(1); });
        order.go("sets 2", [&] { set(2); });
        order.go("gets", [&] { got = result.get(); });
        auto dies = order.go("dies", [&] {
            ends[0] = ending([&] {
                static_cast<void>(result.get());
                return "got";
            });
        });
        order.go("timed", [&] { ends[1] = result.wait(order.at(1)) ? "got" : "late"; });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_EQ(sets, 1);
        EXPECT_EQ(got, result.get());
        order.saw("dies: " + ends[0]);
        order.saw("timed: " + ends[1]);
    });
    explored.expect_outcomes("dies: got, dies: killed, dies: never began, timed: got, timed: late");
}

TEST(ModelWait, IwaitThatIsLeftEarlyOrKilled) {
    const auto explored = explore("iwait: left early, killed, late", [](Order& order) {
        AsyncResult<int> result;
        Event event;
        auto green = order.go("green", [&] { order.pause(); });
        const std::vector<AnyWaitable> things{AnyWaitable(result), AnyWaitable(event), AnyWaitable(green)};
        const std::size_t leave_after = 1 + order.choose(3);
        std::string end = "never began";
        auto dies = order.go("waits", [&] {
            std::size_t came = 0;
            end = ending([&]() -> std::string {
                for (const AnyWaitable& thing : iwait(things, order.at(1))) {
                    EXPECT_TRUE(thing.ready());
                    order.pause();
                    if (++came == leave_after) {
                        return "left";
                    }
                }
                return "late";
            });
            EXPECT_LE(came, leave_after);
        });
        order.go("sets the result", [&] { result.set(1); });
        order.go("sets the event", [&] { event.set(); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw(end);
    });
    explored.expect_outcomes("killed, late, left, never began");
}

TEST(ModelWait, WaitForTwoOfThree) {
    const auto explored = explore("wait: two of three", [](Order& order) {
        Event events[3];
        const std::vector<Event*> all{&events[0], &events[1], &events[2]};
        order.go("waits", [&] {
            const std::vector<Event*> came = wait(all, order.at(1), 2);
            for (const Event* each : came) {
                EXPECT_TRUE(each->is_set());
            }
            EXPECT_TRUE(came.size() < 2 || came[0] != came[1]);
            order.saw(std::to_string(came.size()) + " came");
        });
        for (Event& each : events) {
            order.go("sets", [&] { each.set(); });
        }
        order.finish();
    });
    explored.expect_outcomes("0 came, 1 came, 2 came");
}

}  // namespace
}  // namespace tendril
