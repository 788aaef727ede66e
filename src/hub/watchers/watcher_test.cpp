// SPDX-License-Identifier: MIT
//
// What all watchers have in common, tried with whichever kind is at hand.

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/watchers.hpp>

#include "become_due.hpp"
#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::let_become_due;
using testing::Pipe;
using testing::take_unhandled;

TENDRIL_TEST(Watcher, IsActiveUntilItsOneEvent) {
    int runs = 0;
    Timer timer(1ms, [&] { ++runs; });
    EXPECT_TRUE(timer.active());
    EXPECT_FALSE(timer.pending());
    sleep(3ms);
    EXPECT_EQ(runs, 1);
    EXPECT_FALSE(timer.active());
    timer.start();
    timer.start();
    sleep(3ms);
    EXPECT_EQ(runs, 2);
}

TENDRIL_TEST(Watcher, StoppedWhileItIsDueItDoesNotRun) {
    int runs = 0;
    Timer timer(0s, [&] { ++runs; });
    let_become_due(timer);
    timer.stop();
    EXPECT_FALSE(timer.pending());
    EXPECT_FALSE(timer.active());
    sleep(1ms);
    EXPECT_EQ(runs, 0);
}

TENDRIL_TEST(Watcher, DestroyedWhileItIsDueItDoesNotRun) {
    int runs = 0;
    {
        const Timer timer(0s, [&] { ++runs; });
        let_become_due(timer);
    }
    sleep(1ms);
    EXPECT_EQ(runs, 0);
}

TENDRIL_TEST(Watcher, RunsWhereverItIsMoved) {
    int runs = 0;
    Timer first(0s, [&] { ++runs; });
    let_become_due(first);
    Timer second = std::move(first);
    EXPECT_FALSE(first.active());
    EXPECT_THROW(first.start(), std::logic_error);
    first.stop();
    sleep(1ms);
    EXPECT_EQ(runs, 1);

    bool replaced = false;
    second = Timer(1ms, [&] { replaced = true; });
    Timer third(1h, [] {});
    third = std::move(second);  // which stops the one of an hour
    sleep(3ms);
    EXPECT_TRUE(replaced);
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(Watcher, MayDestroyItselfInItsCallback) {
    std::unique_ptr<Idle> idle;
    const auto large = std::make_shared<std::string>(100, 'x');
    std::string seen;
    idle = std::make_unique<Idle>([&, large] {
        idle.reset();
        seen = *large;  // what the callback holds lives until it returns
    });
    while (seen.empty()) {
        sleep(1ms);  // an Idle runs only if nothing is ready, so not if the millisecond has passed by then
    }
    EXPECT_EQ(seen.size(), 100u);
    EXPECT_EQ(large.use_count(), 1);
}

TENDRIL_TEST(Watcher, MayMoveStopAndStartItselfInItsCallback) {
    int runs = 0;
    std::optional<Idle> from;
    std::optional<Idle> to;
    from.emplace([&] {
        switch (++runs) {
        case 1:
            to = std::move(*from);
            break;
        case 2:
            to->stop();
            to->start();
            break;
        default:
            to->stop();
        }
    });
    while (runs < 3) {
        sleep(1ms);
    }
    EXPECT_FALSE(to->active());
    to->start();
    while (runs == 3) {
        sleep(1ms);
    }
    EXPECT_EQ(runs, 4);
}

TENDRIL_TEST(Watcher, MayDestroyAnotherThatIsDue) {
    std::unique_ptr<Timer> victim;
    const auto destroy = [&] { victim.reset(); };
    Timer before(0s, destroy);
    victim = std::make_unique<Timer>(0s, [] { ADD_FAILURE() << "it was destroyed"; });
    let_become_due(*victim);
    sleep(1ms);
    EXPECT_EQ(victim, nullptr);
}

TENDRIL_TEST(Watcher, MayStopAndRestartAnotherThatIsDue) {
    int runs = 0;
    std::optional<Timer> other;
    Timer before(0s, [&] {
        EXPECT_TRUE(other->pending());
        other->stop();
        other->start();
        EXPECT_FALSE(other->pending());
    });
    other.emplace(0s, [&] { ++runs; });
    let_become_due(*other);
    while (runs == 0) {
        yield();
    }
    sleep(1ms);
    EXPECT_EQ(runs, 1);
}

// C18, TC02
TENDRIL_TEST(Watcher, ReportsWhatItsCallbackThrowsAndGoesOn) {
    int runs = 0;
    Timer timer(0s,
                [&] {
                    if (++runs == 3) {
                        timer.stop();
                    }
                    throw std::runtime_error("no " + std::to_string(runs));
                },
                {.repeat = 100us});
    while (timer.active()) {
        sleep(1ms);
    }
    EXPECT_EQ(take_unhandled(), (std::vector<std::string>{"a Timer's callback: std::runtime_error: no 1",
                                                          "a Timer's callback: std::runtime_error: no 2",
                                                          "a Timer's callback: std::runtime_error: no 3"}));
}

TENDRIL_TEST(Watcher, CallbacksMaySpawnButNotWait) {
    Greenlet<int> spawned;
    Timer timer(0s, [&] {
        spawned = spawn([] {
            sleep(1ms);
            return 7;
        });
        sleep(0s);
    });
    sleep(1ms);
    EXPECT_EQ(spawned.get(), 7);
    const auto errors = take_unhandled();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("must not wait"), std::string::npos);
}

TENDRIL_TEST(Watcher, KeepsTheHubAliveIfItIsToldTo) {
    const Pipe pipe;
    const auto kept = [] { return Hub::current().stats().keeping_alive; };
    {
        Io io(pipe.reader.get(), IoEvents::read, [](IoEvents) {});
        EXPECT_EQ(kept(), 1u);
        io.set_ref(false);
        EXPECT_EQ(kept(), 0u);
        io.set_ref(true);
        io.set_ref(true);
        EXPECT_EQ(kept(), 1u);
        io.stop();
        EXPECT_EQ(kept(), 0u);
        io.set_ref(false);
        io.start();
        EXPECT_EQ(kept(), 0u);
        const Prepare unref([] {}, {.ref = false});
        const Check ref([] {});
        EXPECT_EQ(kept(), 1u);
    }
    EXPECT_EQ(kept(), 0u);
}

TENDRIL_TEST(Watcher, RefusesToBeNothing) {
    EXPECT_THROW(Idle(nullptr), std::invalid_argument);
    EXPECT_THROW(Prepare(nullptr), std::invalid_argument);
    EXPECT_THROW(Check(nullptr), std::invalid_argument);
    EXPECT_THROW(Fork(nullptr), std::invalid_argument);
    EXPECT_THROW(Cleanup(nullptr), std::invalid_argument);
    EXPECT_THROW(Timer(1s, nullptr), std::invalid_argument);
    EXPECT_THROW(Child(1, nullptr), std::invalid_argument);
    EXPECT_THROW(Io(0, IoEvents::read, nullptr), std::invalid_argument);
}

TENDRIL_TEST(WatcherThreads, BelongsToItsOsThread) {
    Timer timer(1h, [] {});
    std::thread([&] {
        EXPECT_THROW(timer.start(), WrongThread);
        EXPECT_THROW(timer.set_ref(false), WrongThread);
        timer.stop();  // is refused, and reported
        EXPECT_TRUE(timer.active());
    }).join();
    EXPECT_TRUE(timer.active());
}

TENDRIL_TEST(WatcherThreads, OneThatOutlivesItsHubDoesNothing) {
    const Pipe pipe;
    std::vector<Watcher> left;
    std::thread([&] {
        left.push_back(Timer(1h, [] {}));
        left.push_back(Idle([] {}));
        left.push_back(Io(pipe.reader.get(), IoEvents::read, [](IoEvents) {}));
        spawn([] { sleep(1ms); }).join();
    }).join();
    for (Watcher& each : left) {
        EXPECT_FALSE(each.active());
        EXPECT_FALSE(each.pending());
        each.stop();
        EXPECT_THROW(each.start(), WrongThread);
    }
}

// Only the main green thread sees a LoopExit: an OS thread of its own.
template <class F>
bool exits(F make) {
    bool exited = false;
    std::thread([&] {
        const auto watcher = make();
        try {
            sleep(never);
        } catch (const LoopExit&) {
            exited = true;
        }
    }).join();
    return exited;
}

TEST(WatcherThreads, WithoutRefDoesNotHideALoopExit) {
    const Pipe pipe;
    EXPECT_TRUE(exits([&] { return Io(pipe.reader.get(), IoEvents::read, [](IoEvents) {}, {.ref = false}); }));
    EXPECT_TRUE(exits([] { return Timer(1h, [] {}, {.ref = false}); }));
    EXPECT_TRUE(exits([] { return Idle([] {}, {.ref = false}); }));
    EXPECT_TRUE(exits([] { return Prepare([] {}, {.ref = false}); }));
    EXPECT_TRUE(exits([] { return Check([] {}, {.ref = false}); }));
    EXPECT_TRUE(exits([] { return Fork([] {}); }));
}

TEST(WatcherThreads, WithRefKeepsTheHubAsleepInsteadOfALoopExit) {
    std::thread([] {
        int ticks = 0;
        const AnyGreenlet main = current();
        Timer timer(1ms,
                    [&] {
                        if (++ticks == 3) {
                            main.kill_nowait();
                        }
                    },
                    {.repeat = 1ms});
        EXPECT_THROW(sleep(never), GreenletExit);
        timer.stop();
        EXPECT_THROW(sleep(never), LoopExit) << "nothing is left";
    }).join();
}

}  // namespace
}  // namespace tendril
