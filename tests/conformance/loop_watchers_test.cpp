// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md sections 1.C and 3.C: watchers, and running until idle.

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/select.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Pipe;

TENDRIL_TEST(ConformanceC, TC02_AnErrorInAWatcherIsReportedAndTheLoopGoesOn) {
    std::string order;
    const Pipe pipe;
    pipe.write();
    Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents) {
        pipe.drain();
        throw std::runtime_error("bad");
    });
    Timer bad(0s, [] { throw std::runtime_error("bad"); });
    Timer good(2ms, [&] { order += "good "; });
    sleep(4ms);
    order += "slept";
    EXPECT_EQ(order, "good slept");
    EXPECT_EQ(testing::take_unhandled().size(), 2u);
}

TENDRIL_TEST(ConformanceC, TC04_RunUntilIdleAgainAndAgain) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(Hub::current().run_until_idle());
        const auto one = spawn([] { sleep(1ms); });
        const auto stuck = spawn([] { sleep(never); });  // nobody can wake it: it does not count
        EXPECT_TRUE(Hub::current().run_until_idle());
        EXPECT_TRUE(one.ready());
        EXPECT_FALSE(stuck.ready());
        EXPECT_TRUE(Hub::current().run_until_idle(1h));
        stuck.kill();
    }
}

TENDRIL_TEST(ConformanceC, TC04_SeveralMayWaitForTheSameIdleness) {
    int idle = 0;
    const auto wait = [&] { idle += Hub::current().run_until_idle(1h) ? 1 : 0; };
    const auto first = spawn(wait);
    const auto second = spawn(wait);
    const auto work = spawn([] { sleep(1ms); });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_TRUE(work.ready());
    first.join();
    second.join();
    EXPECT_EQ(idle, 2);
}

TENDRIL_TEST(ConformanceC, TC05_RunUntilIdleSaysTrueOnlyWhenReallyIdle) {
    Hub& hub = Hub::current();
    const Pipe pipe;
    {
        const auto waiter = spawn([&] { wait_readable(pipe.reader.get()); });
        EXPECT_FALSE(hub.run_until_idle(1ms));
        pipe.write();
        EXPECT_TRUE(hub.run_until_idle(1h));
        EXPECT_TRUE(waiter.ready());
    }
    {
        int ticks = 0;
        Timer repeating(1ms, [&] { ++ticks; }, {.repeat = 1ms});
        EXPECT_FALSE(hub.run_until_idle(4ms));
        EXPECT_GT(ticks, 0);
        repeating.set_ref(false);
        EXPECT_TRUE(hub.run_until_idle(1h)) << "an unref'd timer does not keep it busy";
        repeating.set_ref(true);
        EXPECT_FALSE(hub.run_until_idle(0s));
    }
    {
        const Io io(pipe.reader.get(), IoEvents::priority, [](IoEvents) {});
        EXPECT_FALSE(hub.run_until_idle(1ms));
    }
    {
        const Idle unref([] {}, {.ref = false});
        const Prepare prepare([] {}, {.ref = false});
        const Check check([] {}, {.ref = false});
        EXPECT_TRUE(hub.run_until_idle(1h));
    }
    int runs = 0;
    Timer once(1ms, [&] { ++runs; });
    EXPECT_TRUE(hub.run_until_idle(1h));
    EXPECT_EQ(runs, 1) << "what is due is done";
}

TENDRIL_TEST(ConformanceC, TC05_KilledAndTimedOutInRunUntilIdleIsNoIdleness) {
    Hub& hub = Hub::current();
    const Timer busy(1h, [] {});
    const auto victim = spawn([&] { hub.run_until_idle(); });
    yield();
    victim.kill();
    EXPECT_TRUE(victim.killed());
    Timeout outer(1ms);
    EXPECT_THROW(hub.run_until_idle(1h), Timeout::Expired);
}

// ★ TC06, C5
TENDRIL_TEST(ConformanceC, TC06_OneThatOnlyYieldsStarvesNoWatcher) {
    const Pipe pipe;
    pipe.write();
    int io_runs = 0;
    int timer_runs = 0;
    int prepares = 0;
    int checks = 0;
    int sent = 0;
    const Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents) { ++io_runs; });
    const Timer timer(0s, [&] { ++timer_runs; }, {.repeat = 10us});
    const Prepare prepare([&] { ++prepares; });
    const Check check([&] { ++checks; });
    const Async async([&] { ++sent; });
    async.send_threadsafe();
    const auto receiver = spawn([&] { wait_readable(pipe.reader.get()); });
    const auto sleeper = spawn([] { sleep(1ms); });
    while (io_runs < 3 || timer_runs < 3 || prepares < 3 || checks < 3 || sent < 1 || !receiver.ready() ||
           !sleeper.ready()) {
        yield();
    }
}

// A watcher that is always due starves nobody either.
TENDRIL_TEST(ConformanceC, TC06_AWatcherThatIsAlwaysDueStarvesNobody) {
    const Pipe pipe;
    std::optional<Timer> eager;
    eager.emplace(0s, [&] { eager->start(); });
    const Io io(pipe.writer.get(), IoEvents::write, [](IoEvents) {});
    int yields = 0;
    const auto other = spawn([&] {
        for (int i = 0; i < 100; ++i) {
            ++yields;
            yield();
        }
    });
    sleep(2ms);
    other.join();
    EXPECT_EQ(yields, 100);
    eager->stop();
}

TENDRIL_TEST(ConformanceC, TC09_WhatIsDueRunsOnce) {
    int runs = 0;
    Async async([&] { ++runs; }, {.ref = false});
    async.send_threadsafe();
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(ConformanceThreads, TC12_AnAsyncFromAnotherOsThreadWakesTheLoopOnce) {
    int runs = 0;
    const Async async([&] { ++runs; });
    std::thread other([sender = async.sender()] { sender.send_threadsafe(); });
    while (runs == 0) {
        sleep(1ms);
    }
    other.join();
    sleep(1ms);
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(ConformanceThreads, TC22_ASecondHubWithItsOwnWatchers) {
    const std::string backend = Hub::current().backend();
    int here = 0;
    const Timer mine(0s, [&] { ++here; }, {.repeat = 100us});
    std::atomic<int> there{0};
    std::thread other([&] {
        EXPECT_EQ(Hub::current().backend(), backend);
        Timer timer(0s, [&] { ++there; }, {.repeat = 100us});
        while (there < 3) {
            sleep(1ms);
        }
        timer.stop();
        EXPECT_TRUE(Hub::current().run_until_idle());
    });
    while (here < 3 || there < 3) {
        sleep(1ms);
    }
    other.join();
}

// C9
TENDRIL_TEST(ConformanceC, C9_AnIoBesideARecvOnTheSameSocket) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    int runs = 0;
    std::optional<Io> io(std::in_place, client.fd(), IoEvents::read, [&](IoEvents) { ++runs; });
    for (int i = 0; i < 3; ++i) {
        const auto reader = spawn([&] {
            char c = 0;
            return client.recv({&c, 1});
        });
        sleep(1ms);
        const int before = runs;
        server.send_all("x");
        EXPECT_EQ(reader.get(), 1u);
        sleep(1ms);
        EXPECT_LE(runs - before, 3) << "it is not readable any more";
    }
    server.send_all("x");
    runs = 0;
    while (runs < 3) {
        sleep(1ms);
    }
    io.reset();
    char c = 0;
    EXPECT_EQ(client.recv({&c, 1}), 1u);
    IoEvents last = IoEvents::none;
    const Io closed(client.fd(), IoEvents::read, [&](IoEvents what) { last = what; });
    client.close();
    sleep(1ms);
    EXPECT_EQ(last, IoEvents::closed);
}

}  // namespace
}  // namespace tendril
