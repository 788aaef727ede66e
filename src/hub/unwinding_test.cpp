// SPDX-License-Identifier: MIT
//
// Kills and hubs that end, met with code that unwinds, handles or waits: what goes wrong first when stacks are
// switched.

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shield.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

template <class F>
struct AtEnd {
    F f;
    ~AtEnd() noexcept(false) { f(); }
};
template <class F>
AtEnd(F) -> AtEnd<F>;

TENDRIL_TEST(Unwinding, UncaughtExceptionsAreCountedPerGreenThread) {
    std::vector<int> seen;
    const auto body = [&] {
        const auto watch = [&] {
            seen.push_back(std::uncaught_exceptions());
            yield();
            seen.push_back(std::uncaught_exceptions());
        };
        try {
            const AtEnd last{watch};
            throw 1;
        } catch (int) {
            seen.push_back(std::uncaught_exceptions());
        }
    };
    auto a = spawn(body);
    auto bystander = spawn([] {
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        yield();
        EXPECT_EQ(std::uncaught_exceptions(), 0);
    });
    join_all(std::vector<AnyGreenlet>{a, bystander});
    EXPECT_EQ(seen, (std::vector{1, 1, 0}));
    EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TENDRIL_TEST(Unwinding, AKillUnwindsWithOneUncaughtException) {
    std::vector<int> seen;
    auto victim = spawn([&] {
        const AtEnd last{[&] {
            seen.push_back(std::uncaught_exceptions());
            yield();
            seen.push_back(std::uncaught_exceptions());
        }};
        sleep(1h);
    });
    yield();
    EXPECT_TRUE(victim.kill());
    EXPECT_TRUE(victim.killed());
    EXPECT_EQ(seen, (std::vector{1, 1}));
}

// The kill that comes while a destructor waits comes after the unwinding, at the next wait.
TENDRIL_TEST(Unwinding, AKillWaitsForADestructorThatWaits) {
    std::string steps;
    auto victim = spawn([&] {
        try {
            const AtEnd last{[&] {
                steps += "enter ";
                yield();
                yield();
                steps += "leave ";
            }};
            throw std::runtime_error("first");
        } catch (const std::runtime_error&) {
            steps += "handled ";
        }
        yield();
        steps += "too far";
    });
    yield();
    EXPECT_EQ(steps, "enter ");
    victim.kill_nowait();
    EXPECT_TRUE(victim.join());
    EXPECT_EQ(steps, "enter leave handled ");
    EXPECT_TRUE(victim.killed());
}

TENDRIL_TEST(Unwinding, ASecondKillWaitsForTheDestructorsOfTheFirst) {
    int entered = 0;
    int left = 0;
    auto victim = spawn([&] {
        const AtEnd outer{[&] {
            ++entered;
            sleep(1ms);
            ++left;
        }};
        const AtEnd inner{[&] {
            ++entered;
            sleep(1ms);
            ++left;
        }};
        sleep(1h);
    });
    yield();
    victim.kill_nowait();
    yield();
    EXPECT_EQ(entered, 1);
    victim.kill_nowait();
    EXPECT_TRUE(victim.join());
    EXPECT_EQ(left, 2);
    EXPECT_TRUE(victim.killed());
}

// A destructor that waits outside any unwinding is interrupted like other code, unless it holds a Shield.
TENDRIL_TEST(Unwinding, AShieldedDestructorIsNotInterrupted) {
    bool done = false;
    auto victim = spawn([&] {
        {
            const AtEnd last{[&] {
                const Shield shield;
                yield();
                done = true;
            }};
        }
        yield();
        ADD_FAILURE() << "the kill was lost";
    });
    yield();
    EXPECT_TRUE(victim.kill());
    EXPECT_TRUE(done);
}

TENDRIL_TEST(Unwinding, AKillInsideAHandlerLeavesTheHandledExceptionIntact) {
    std::string what;
    auto victim = spawn([&] {
        try {
            throw std::runtime_error("kept");
        } catch (...) {
            try {
                yield();
            } catch (const GreenletExit&) {
            }
            try {
                throw;
            } catch (const std::runtime_error& e) {
                what = e.what();
            }
        }
    });
    yield();
    EXPECT_TRUE(victim.kill());
    EXPECT_EQ(what, "kept");
    EXPECT_TRUE(victim.successful());
}

// A destructor that runs during unwinding may use a raw context, which may wait: the kill keeps off all the same.
TENDRIL_TEST(Unwinding, AKillWaitsForADestructorThatWaitsInAContext) {
    bool waited = false;
    auto victim = spawn([&] {
        try {
            const AtEnd last{[&] {
                Context context([&](std::any) {
                    yield();
                    yield();
                    waited = true;
                    return std::any();
                });
                context.switch_to();
            }};
            throw 1;
        } catch (int) {
        }
        yield();
        ADD_FAILURE() << "the kill was lost";
    });
    yield();
    victim.kill_nowait();
    EXPECT_TRUE(victim.join());
    EXPECT_TRUE(waited);
    EXPECT_TRUE(victim.killed());
}

TENDRIL_TEST(Unwinding, AKillWaitsForAContextThatIsDestroyed) {
    bool waited = false;
    auto victim = spawn([&] {
        {
            Context context([&](std::any) {
                try {
                    current_context().parent().switch_to();
                } catch (const ContextExit&) {
                    yield();
                    waited = true;
                }
                return std::any();
            });
            context.switch_to();
        }
        yield();
        ADD_FAILURE() << "the kill was lost";
    });
    yield();
    victim.kill_nowait();
    EXPECT_TRUE(victim.join());
    EXPECT_TRUE(waited);
    EXPECT_TRUE(victim.killed());
}

TENDRIL_TEST(Unwinding, AKillInsideAContextLeavesItAndTheGreenThread) {
    std::string order;
    auto victim = spawn([&] {
        const AtEnd last{[&] { order += "thread"; }};
        Context context([&](std::any) {
            const AtEnd inner{[&] { order += "context "; }};
            sleep(1h);
            return std::any();
        });
        context.switch_to();
    });
    yield();
    EXPECT_TRUE(victim.kill());
    EXPECT_EQ(order, "context thread");
    EXPECT_TRUE(victim.killed());
}

TENDRIL_TEST(Unwinding, KilledBeforeItsFirstRunItOnlyDropsWhatItHolds) {
    bool ran = false;
    auto held = std::make_shared<int>(1);
    auto victim = spawn([&ran, held] { ran = true; });
    auto unborn = spawn_after(1h, [&ran, held] { ran = true; });
    EXPECT_EQ(held.use_count(), 3);
    EXPECT_TRUE(victim.kill());
    EXPECT_TRUE(unborn.kill());
    EXPECT_FALSE(ran);
    EXPECT_FALSE(victim.started());
    EXPECT_TRUE(victim.killed());
    EXPECT_TRUE(unborn.killed());
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(Unwinding, KilledBeforeItsFirstRunByAnErrorItFails) {
    auto victim = spawn([] { ADD_FAILURE() << "it ran"; });
    EXPECT_TRUE(victim.kill(std::make_exception_ptr(std::out_of_range("instead"))));
    EXPECT_THROW(victim.get(), std::out_of_range);
}

TEST(UnwindingThreads, AHubThatEndsUnwindsSuspendedOnesYoungestFirst) {
    std::string order;
    std::thread([&] {
        for (const char name : {'a', 'b', 'c'}) {
            spawn_n([&order, name] {
                const AtEnd last{[&] { order += name; }};
                sleep(1h);
            });
        }
        yield();
    }).join();
    EXPECT_EQ(order, "cba");
}

TEST(UnwindingThreads, WhenAHubEndsDestructorsMayWaitAndSpawn) {
    std::string steps;
    std::thread([&] {
        spawn_n([&] {
            const AtEnd last{[&] {
                auto helper = spawn([&] {
                    yield();
                    steps += "helped ";
                });
                helper.join();
                sleep(1ms);
                steps += "done";
            }};
            sleep(1h);
        });
        spawn_n([&] { steps += "never begun"; });
        spawn_n([] { sleep(1h); });
        sleep(1ms);
        steps.clear();
    }).join();
    EXPECT_TRUE(steps == "helped done" || steps == "done") << steps;  // the helper may be killed as well
}

TEST(UnwindingThreads, WhenAHubEndsAHandlerIsLeftProperly) {
    std::string what;
    std::thread([&] {
        spawn_n([&] {
            try {
                throw std::runtime_error("in flight");
            } catch (const std::runtime_error& e) {
                const AtEnd last{[&] { what = e.what(); }};
                sleep(1h);
            }
        });
        yield();
    }).join();
    EXPECT_EQ(what, "in flight");
}

// Each of many green threads is inside many try blocks, in handlers at every other level, when it is switched away
// from.
int nest(int id, int depth) {
    if (depth == 0) {
        yield();
        throw id;
    }
    try {
        if (depth % 2 == 0) {
            return nest(id, depth - 1);
        }
        try {
            throw depth;
        } catch (int mine) {
            EXPECT_EQ(mine, depth);
            return nest(id, depth - 1);
        }
    } catch (int passing) {
        EXPECT_EQ(passing, id);
        if (depth % 16 == 0) {
            yield();
        }
        throw;
    }
}

TENDRIL_TEST(Unwinding, ThousandsOfTryBlocksInManyGreenThreads) {
    constexpr int threads = 200;
    constexpr int blocks = 100;  // 20,000 in all, nested
    int right = 0;
    std::vector<Greenlet<void>> all;
    for (int id = 0; id < threads; ++id) {
        all.push_back(spawn([&right, id] {
            try {
                nest(1000 + id, blocks + id % 7);
            } catch (int reached) {
                right += reached == 1000 + id;
            }
            EXPECT_EQ(std::current_exception(), nullptr);
        }));
    }
    join_all(all);
    EXPECT_EQ(right, threads);
    EXPECT_EQ(std::current_exception(), nullptr);
}

}  // namespace
}  // namespace tendril
