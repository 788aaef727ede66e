// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.C: what the hub runs, in which order, and what disturbs it.

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using detail::Outcome;
using detail::Waiter;

TENDRIL_TEST(ConformanceC, TC02_AnErrorInACallbackIsReportedAndTheLoopGoesOn) {
    std::string order;
    const auto g = spawn([] {});
    const Link bad = g.link([](const AnyGreenlet&) { throw std::runtime_error("bad callback"); });
    const Link good = g.link([&](const AnyGreenlet&) { order += "good "; });
    const auto timer = spawn_after(1ms, [&] { order += "timer "; });
    timer.join();
    EXPECT_EQ(order, "good timer ");
    EXPECT_EQ(testing::take_unhandled(),
              std::vector<std::string>{"link callback of green thread: std::runtime_error: bad callback"});
}

TENDRIL_TEST(ConformanceC, TC03_AWaiterIsResolvedOnce) {
    Waiter before("the test");
    EXPECT_TRUE(before.resolve(Outcome::handed));
    EXPECT_FALSE(before.resolve(Outcome::closed));
    EXPECT_EQ(before.wait(never), Outcome::handed) << "a value before the wait";

    Waiter after("the test");
    const auto giver = spawn([&] {
        EXPECT_TRUE(after.resolve(Outcome::signalled));
        EXPECT_FALSE(after.resolve(Outcome::handed));
    });
    EXPECT_EQ(after.wait(never), Outcome::signalled) << "a wait before the value";
    giver.join();

    const AnyGreenlet me = current();
    const auto killer = spawn([&] { me.kill_nowait(); });
    Waiter thrown("the test");
    EXPECT_THROW(thrown.wait(never), GreenletExit);
    EXPECT_FALSE(thrown.resolve(Outcome::handed));
    killer.join();
}

TENDRIL_TEST(ConformanceC, TC06_OneThatOnlyYieldsCannotStarveATimer) {
    bool done = false;
    const auto sleeper = spawn([&] {
        sleep(1ms);
        done = true;
    });
    while (!done) {
        yield();
    }
    sleeper.join();
}

TENDRIL_TEST(ConformanceC, TC07_AWakeUpThatNobodyAskedForWakesNobody) {
    Waiter earlier("the test");
    EXPECT_EQ(earlier.wait(0s), Outcome::timed_out);
    const auto late = spawn([&] { EXPECT_FALSE(earlier.resolve(Outcome::signalled)); });
    const auto begin = std::chrono::steady_clock::now();
    sleep(2ms);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 2ms);
    late.join();
}

TENDRIL_TEST(ConformanceC, TC08_IdleComesBackWhenNothingElseIsReady) {
    std::string order;
    const auto busy = spawn([&] {
        yield();
        yield();
        order += "busy ";
    });
    const auto other = spawn([&] {
        idle();
        order += "second idler ";
    });
    sleep(0s);
    idle();
    order += "first idler ";
    other.join();
    EXPECT_EQ(order, "busy second idler first idler ");
}

// What only the main green thread sees runs in an OS thread of its own.
TEST(ConformanceC, TC15_ABrokenBackendIsThrownInTheMainGreenThread) {
    std::thread([] {
        Hub::current();
        sys::set_fault_hook(
            [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::epoll_wait ? EBADF : 0; });
        try {
            sleep(1h);
            ADD_FAILURE() << "it slept";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code().value(), EBADF);
        }
        sys::set_fault_hook(nullptr);
        sleep(1ms);  // and goes on
    }).join();
}

TEST(ConformanceC, TC19_AfterALoopExitTheHubGoesOn) {
    std::thread([] {
        const auto stuck = spawn([] { sleep(never); });
        for (int i = 0; i < 2; ++i) {
            EXPECT_THROW(stuck.join(), LoopExit);
            EXPECT_FALSE(with_timeout(1ms, [&] { static_cast<void>(stuck.join(1h)); }));
            EXPECT_EQ(Hub::current().stats().timers, 0u) << "a stale timer would resume the wrong one";
            EXPECT_EQ(spawn([] { return 1; }).get(), 1);
        }
        EXPECT_TRUE(stuck.kill());
    }).join();
}

TENDRIL_TEST(ConformanceC, TC20_TimersFireByDeadlineThenByCreation) {
    const auto base = std::chrono::steady_clock::now() + 1ms;
    std::vector<int> order;
    std::vector<AnyGreenlet> all;
    const auto at = [&](int id, std::chrono::milliseconds after) {
        all.push_back(spawn_after(Deadline(base + after), [&order, id] { order.push_back(id); }));
    };
    at(5, 2ms);
    at(1, 0ms);
    at(2, 0ms);
    at(4, 1ms);
    at(3, 0ms);
    join_all(all);
    EXPECT_EQ(order, (std::vector{1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace tendril
