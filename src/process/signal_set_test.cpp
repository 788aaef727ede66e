// SPDX-License-Identifier: MIT
//
// SignalSet and wait_signal(): signals in line.

#include <csignal>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/signal.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(SignalSet, SaysWhichCame) {
    SignalSet signals({SIGUSR1, SIGUSR2, SIGTERM});
    auto waits = spawn([&] { return signals.wait(); });
    testing::until_keeping_alive(1);
    std::raise(SIGUSR2);
    EXPECT_EQ(waits.get(), SIGUSR2);
    std::raise(SIGTERM);
    EXPECT_EQ(signals.wait(), SIGTERM);
    EXPECT_FALSE(signals.take().has_value());
}

TENDRIL_TEST(SignalSet, LosesNothingBetweenTwoCalls) {
    SignalSet signals({SIGUSR1, SIGUSR2});
    std::raise(SIGUSR2);
    sleep(1ms);
    std::raise(SIGUSR1);
    std::raise(SIGUSR2);  // is kept already: the same signal
    sleep(1ms);
    EXPECT_TRUE(signals.ready());
    EXPECT_EQ(signals.wait(), SIGUSR2);
    EXPECT_EQ(signals.wait(0s), SIGUSR1);
    EXPECT_FALSE(signals.ready());
}

TENDRIL_TEST(SignalSet, ADeadlineOrAKillTakesNothing) {
    SignalSet signals({SIGUSR1});
    try {
        signals.wait(1ms);
        ADD_FAILURE();
    } catch (const TimeoutError& e) {
        EXPECT_NE(std::string(e.what()).find("of signals " + std::to_string(SIGUSR1)), std::string::npos) << e.what();
    }
    EXPECT_FALSE(with_timeout(1ms, [&] { signals.wait(1h); }));
    auto killed = spawn([&] { signals.wait(); });
    testing::until_keeping_alive(1);
    std::raise(SIGUSR1);
    EXPECT_TRUE(killed.kill());
    EXPECT_EQ(signals.wait(10s), SIGUSR1) << "the killed one took nothing";
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
}

TENDRIL_TEST(SignalSet, OfSeveralWaitersOneGetsIt) {
    SignalSet signals({SIGUSR1, SIGUSR2});
    auto first = spawn([&] { return signals.wait(); });
    auto second = spawn([&] { return signals.wait(); });
    testing::until_keeping_alive(2);
    std::raise(SIGUSR1);
    const auto ready = wait({&first, &second}, 1ms, 1);
    EXPECT_LE(ready.size(), 1u);
    std::raise(SIGUSR2);
    EXPECT_EQ(first.get() + second.get(), SIGUSR1 + SIGUSR2);
}

TENDRIL_TEST(SignalSet, IsWaitableAndMovable) {
    SignalSet signals({SIGUSR1});
    SignalSet moved(std::move(signals));
    EXPECT_THROW(signals.wait(), std::logic_error);
    EXPECT_FALSE(signals.take().has_value());
    EXPECT_EQ(wait({&moved}, 1ms).size(), 0u);
    std::raise(SIGUSR1);
    EXPECT_EQ(wait({&moved}, 10s).size(), 1u);
    EXPECT_EQ(moved.take(), SIGUSR1);
}

TENDRIL_TEST(SignalSet, SigintThrowsNoKeyboardInterrupt) {
    SignalSet signals({SIGINT});
    std::raise(SIGINT);
    std::raise(SIGINT);
    EXPECT_EQ(signals.wait(10s), SIGINT);
}

TENDRIL_TEST(SignalSet, RefusesWhatCannotBe) {
    EXPECT_THROW(SignalSet({}), std::invalid_argument);
    EXPECT_THROW(SignalSet({SIGUSR1, SIGUSR1}), std::invalid_argument);
    EXPECT_THROW(SignalSet({SIGUSR1, SIGKILL}), std::invalid_argument);
    EXPECT_THROW(wait_signal({SIGSEGV}), std::invalid_argument);
    struct sigaction now {};
    ::sigaction(SIGUSR1, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL) << "the first one of the list is not watched any more";
}

TENDRIL_TEST(SignalSet, WaitSignalWatchesOnlyMeanwhile) {
    auto waits = spawn([] { return wait_signal({SIGUSR1, SIGUSR2}); });
    testing::until_keeping_alive(1);
    std::raise(SIGUSR1);
    EXPECT_EQ(waits.get(), SIGUSR1);
    struct sigaction now {};
    ::sigaction(SIGUSR1, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
    EXPECT_THROW(wait_signal({SIGUSR1}, 1ms), TimeoutError);
}

TENDRIL_TEST(SignalSet, WatchesAgainInTheChildOfAFork) {
    SignalSet signals({SIGUSR1});
    const pid_t pid = fork();
    if (pid == 0) {
        auto waits = spawn([&] { return signals.wait(); });
        testing::until_keeping_alive(1);
        std::raise(SIGUSR1);
        ::_exit(waits.get() == SIGUSR1 ? 7 : 1);
    }
    EXPECT_EQ(wait_pid(pid), 7);
    EXPECT_FALSE(signals.take().has_value());
}

// Woken with the first one, which took the signal.
TENDRIL_TEST(SignalSet, DestroyedWhileAnotherWaitsItSaysSo) {
    auto set = std::make_unique<SignalSet>(std::initializer_list<int>{SIGUSR1});
    const auto first = spawn([&] {
        EXPECT_EQ(set->wait(), SIGUSR1);
        set.reset();
    });
    const auto second = spawn([&] { EXPECT_THROW(set->wait(), std::logic_error); });
    yield();
    std::raise(SIGUSR1);
    first.join();
    second.join();
}

}  // namespace
}  // namespace tendril
