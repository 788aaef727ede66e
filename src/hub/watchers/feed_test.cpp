// SPDX-License-Identifier: MIT
//
// Events that the program reports itself, the order of callbacks, once(), and new times for a Timer.

#include <tendril/feed.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/once.hpp>
#include <tendril/watchers.hpp>

#include "become_due.hpp"
#include "green_test.hpp"
#include "hub/descriptor.hpp"
#include "hub/here.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::let_become_due;
using testing::Pipe;
using testing::take_unhandled;

template <class Condition>
void until(Condition holds) {
    while (!holds()) {
        sleep(100us);
    }
}

TENDRIL_TEST(Feed, AWatcherRunsAlthoughNoEventHasCome) {
    int runs = 0;
    Timer timer(1h, [&] { ++runs; });
    timer.feed();
    timer.feed();
    EXPECT_TRUE(timer.pending());
    EXPECT_EQ(runs, 0) << "in the hub's own green thread, not here";
    until([&] { return runs > 0; });
    EXPECT_EQ(runs, 1);
    EXPECT_TRUE(timer.active()) << "its time has not come";
    EXPECT_GT(timer.remaining(), 59min);
    timer.stop();
    timer.feed();
    sleep(1ms);
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(Feed, ARealEventIsNotLostToAFedOne) {
    const Pipe pipe;
    std::vector<IoEvents> came;
    Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents what) {
        came.push_back(what);
        pipe.drain();
    });
    io.feed();
    pipe.write();
    until([&] { return !came.empty(); });
    EXPECT_EQ(came.front(), IoEvents::read);
    came.clear();
    pipe.write();
    until([&] { return !came.empty(); });
}

TENDRIL_TEST(Feed, InvokeCallsHereAndNow) {
    const AnyGreenlet me = current();
    int runs = 0;
    std::optional<Timer> timer;
    timer.emplace(1h, [&] {
        EXPECT_EQ(current(), me);
        sleep(1ms);  // this green thread's business
        if (++runs == 2) {
            timer.reset();
        }
    });
    timer->invoke();
    EXPECT_EQ(runs, 1);
    EXPECT_TRUE(timer->active());
    timer->invoke();  // destroys itself meanwhile
    EXPECT_EQ(runs, 2);
    Idle throwing([] { throw std::runtime_error("mine"); }, {.ref = false});
    EXPECT_THROW(throwing.invoke(), std::runtime_error);
    throwing.stop();
    static_cast<void>(take_unhandled());
}

// The calls may overlap, since an invoked one may wait: what they use goes with the last of them.
TENDRIL_TEST(Feed, DestroyedWhileAnInvokedCallWaitsItGoesAfterThat) {
    for (const bool by_event : {true, false}) {
        bool go = false;
        int begun = 0;
        const auto used = std::make_shared<int>(0);
        std::optional<Timer> timer;
        timer.emplace(1h, [&, used] {
            if (++begun != 2) {
                while (!go) {
                    yield();
                }
            }
        });
        const auto waits = spawn([&] { timer->invoke(); });
        yield();
        if (by_event) {
            timer->feed();
        } else {
            timer->invoke();
        }
        while (begun < 2) {
            yield();
        }
        yield();
        timer.reset();
        EXPECT_EQ(used.use_count(), 2) << "the first call still uses it";
        go = true;
        waits.join();
        EXPECT_EQ(used.use_count(), 1);
    }
}

TENDRIL_TEST(Feed, AStatOnlyLooks) {
    Stat stat("/proc/self/no such file", [](const StatChange&) { ADD_FAILURE() << "nothing has changed"; });
    stat.feed();
    sleep(1ms);
    stat.invoke();
    stat.stop();
    stat.invoke();
    EXPECT_FALSE(stat.active());
    EXPECT_EQ(stat.path(), "/proc/self/no such file");
    EXPECT_FALSE(stat.previous().exists);
}

TENDRIL_TEST(Feed, InvokeIsKilledLikeAnyCall) {
    Timer timer(1h, [] { sleep(1h); });
    const auto g = spawn([&] { timer.invoke(); });
    yield();
    g.kill();
    EXPECT_TRUE(g.killed());
    EXPECT_TRUE(timer.active());
}

TENDRIL_TEST(Feed, OfThoseDueTogetherTheHighestPriorityRunsFirst) {
    std::string order;
    const auto letter = [&](char which) { return [&order, which] { order += which; }; };
    Timer low(1h, letter('l'), {.priority = -2});
    Timer normal(1h, letter('n'));
    Timer high(1h, letter('h'), {.priority = 1});
    Timer highest(1h, letter('H'), {.priority = 2});
    Timer second(1h, letter('m'));
    for (Timer* each : {&low, &normal, &high, &highest, &second}) {
        each->feed();
    }
    until([&] { return order.size() == 5; });
    EXPECT_EQ(order, "Hhnml");
    order.clear();
    low.set_priority(0);
    low.feed();
    normal.feed();
    until([&] { return order.size() == 2; });
    EXPECT_EQ(order, "ln");
    EXPECT_THROW(low.set_priority(3), std::invalid_argument);
    EXPECT_THROW(Timer(1h, [] {}, {.priority = -3}), std::invalid_argument);
}

TENDRIL_TEST(Feed, AHighPriorityStarvesNobody) {
    int others = 0;
    std::optional<Timer> greedy;
    greedy.emplace(
        1h, [&] { greedy->feed(); }, TimerOptions{.priority = 2});
    greedy->feed();
    Timer patient(0s, [&] { ++others; }, {.repeat = 100us, .priority = -2});
    until([&] { return others >= 3; });
    greedy.reset();
}

TENDRIL_TEST(Feed, AWatcherKnowsWhereItWasMade) {
    const Timer timer(1h, [] {});
    EXPECT_EQ(timer.where().line, __LINE__ - 1);
    EXPECT_EQ(std::string_view(timer.where().file), __FILE__);
    const Pipe pipe;
    Io io(pipe.reader.get(), IoEvents::read | IoEvents::priority, [](IoEvents) {});
    EXPECT_EQ(io.where().line, __LINE__ - 1);
    EXPECT_EQ(io.fd(), pipe.reader.get());
    EXPECT_EQ(io.events(), IoEvents::read | IoEvents::priority);
}

TENDRIL_TEST(Feed, WakesThoseThatWaitForTheDescriptor) {
    const Pipe pipe;
    auto& descriptors = detail::here::descriptors();
    int wakes = 0;
    const auto waiter = spawn([&] {
        for (int i = 0; i < 2; ++i) {
            if (descriptors.wait(pipe.reader.get(), detail::Direction::read, "test", 10s) ==
                detail::Outcome::signalled) {
                ++wakes;
            }
        }
    });
    yield();
    EXPECT_TRUE(feed_fd_event(pipe.reader.get(), IoEvents::read));
    sleep(1ms);
    EXPECT_EQ(wakes, 0) << "it asked the system, and waits on";
    pipe.write();
    waiter.join();
    EXPECT_EQ(wakes, 2);
    EXPECT_FALSE(feed_fd_event(pipe.reader.get(), IoEvents::read)) << "nobody waits";
    EXPECT_FALSE(feed_fd_event(-1, IoEvents::read));
    EXPECT_THROW(feed_fd_event(0, IoEvents::closed), std::invalid_argument);
    EXPECT_THROW(feed_fd_event(0, IoEvents::none), std::invalid_argument);
}

TENDRIL_TEST(Feed, RunsAnIoThatStillSeesItsRealEvents) {
    const Pipe pipe;
    int runs = 0;
    const Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents) {
        ++runs;
        pipe.drain();
    });
    for (int i = 1; i <= 3; ++i) {
        EXPECT_TRUE(feed_fd_event(pipe.reader.get(), IoEvents::read));
        until([&] { return runs == 2 * i - 1; });
        pipe.write();
        until([&] { return runs == 2 * i; });
    }
}

TENDRIL_TEST(FeedThreads, ASignalNeedNotCome) {
    std::vector<int> came;
    Signal signal(SIGUSR1, [&](int number) { came.push_back(number); }, {.ref = true});
    EXPECT_TRUE(feed_signal(SIGUSR1));
    until([&] { return came.size() == 1; });
    std::thread([] { feed_signal(SIGUSR1); }).join();
    until([&] { return came.size() == 2; });
    EXPECT_EQ(came, (std::vector<int>{SIGUSR1, SIGUSR1}));
    EXPECT_EQ(signal.number(), SIGUSR1);
    EXPECT_FALSE(feed_signal(0));
    EXPECT_FALSE(feed_signal(65));
    EXPECT_TRUE(feed_signal(SIGUSR2)) << "nobody watches it";
}

TENDRIL_TEST(Once, RunsForTheFirstOfItsEvents) {
    const Pipe pipe;
    std::vector<IoEvents> came;
    const auto note = [&](IoEvents what) { came.push_back(what); };
    once(pipe.reader.get(), IoEvents::read, 1h, note);
    EXPECT_EQ(Hub::current().stats().keeping_alive, 2u);
    pipe.write();
    until([&] { return !came.empty(); });
    sleep(1ms);
    EXPECT_EQ(came, std::vector{IoEvents::read}) << "once, though it is readable still";
    pipe.drain();
    once(pipe.reader.get(), IoEvents::read, 1ms, note);
    once(-1, IoEvents::none, 1ms, note);
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(came, (std::vector{IoEvents::read, IoEvents::none, IoEvents::none}));
}

TENDRIL_TEST(Once, RefusesWhatCannotBe) {
    EXPECT_THROW(once(-1, IoEvents::none, never, [](IoEvents) {}), std::invalid_argument);
    EXPECT_THROW(once(-1, IoEvents::read, 1s, [](IoEvents) {}), std::invalid_argument);
    EXPECT_THROW(once(0, IoEvents::read, 1s, nullptr), std::invalid_argument);
    EXPECT_THROW(once(1 << 20, IoEvents::read, 1s, [](IoEvents) {}), std::system_error);
    once(-1, IoEvents::none, 0s, [](IoEvents) { throw std::runtime_error("mine"); });
    until([] { return Hub::current().stats().keeping_alive == 0; });
    EXPECT_EQ(take_unhandled(), std::vector<std::string>{"a Timer's callback: std::runtime_error: mine"});
}

TENDRIL_TEST(OnceThreads, GoesWithItsHub) {
    const auto held = std::make_shared<int>(1);
    const Pipe pipe;
    std::thread([&] {
        once(pipe.reader.get(), IoEvents::read, 1h, [held](IoEvents) { ADD_FAILURE(); });
        yield();
        EXPECT_EQ(held.use_count(), 2);
    }).join();
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(Timer, SetGivesAnActiveOneNewTimes) {
    int runs = 0;
    Timer timer(1h, [&] { ++runs; });
    timer.set(1ms);
    EXPECT_TRUE(timer.active());
    EXPECT_LE(timer.remaining(), 1ms);
    until([&] { return runs == 1; });
    EXPECT_FALSE(timer.active());
    timer.set(1ms, 2ms);
    EXPECT_FALSE(timer.active());
    EXPECT_EQ(timer.repeat().count(), 2'000'000);
    timer.start();
    until([&] { return runs >= 3; });
    let_become_due(timer);
    timer.set(1h);
    EXPECT_FALSE(timer.pending());
    const int before = runs;
    sleep(3ms);
    EXPECT_EQ(runs, before) << "what was due is put off, too";
    EXPECT_GT(timer.remaining(), 59min);
    EXPECT_THROW(timer.set(-1ms), std::invalid_argument);
}

TENDRIL_TEST(Timer, SetInItsOwnCallback) {
    int runs = 0;
    std::optional<Timer> timer;
    timer.emplace(
        0s, [&] { timer->set(1ms, ++runs == 1 ? Duration(1ms) : Duration(1h)); }, TimerOptions{.repeat = 1ms});
    until([&] { return runs >= 3; });
    EXPECT_TRUE(timer->active());
}

}  // namespace
}  // namespace tendril
