// SPDX-License-Identifier: MIT

#include "hub/signals.hpp"

#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void* handler_of(int number) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    return reinterpret_cast<void*>(now.sa_handler);
}

TENDRIL_TEST(SignalWatcher, RunsInTheHubAndGivesTheSignalBack) {
    void* const before = handler_of(SIGUSR1);
    {
        std::vector<int> came;
        const Signal a(SIGUSR1, [&](int n) { came.push_back(n); });
        const Signal b(SIGUSR1, [&](int n) { came.push_back(-n); });
        EXPECT_NE(handler_of(SIGUSR1), before);
        ::raise(SIGUSR1);
        EXPECT_TRUE(came.empty()) << "not in the handler";
        sleep(5ms);
        EXPECT_EQ(came, (std::vector{SIGUSR1, -SIGUSR1}));
    }
    EXPECT_EQ(handler_of(SIGUSR1), before);
}

TENDRIL_TEST(SignalWatcher, EndsTheHubsSleep) {
    bool came = false;
    const auto sleeper = spawn([] { sleep(60s); });
    const Signal watcher(SIGUSR1, [&](int) {
        came = true;
        sleeper.kill_nowait();
    });
    const pid_t self = ::getpid();
    std::thread other([self] {
        std::this_thread::sleep_for(20ms);
        ::kill(self, SIGUSR1);
    });
    sleeper.join();
    EXPECT_TRUE(came);
    other.join();
}

// Those that come before the callback has run are one.
TENDRIL_TEST(SignalWatcher, Coalesces) {
    int runs = 0;
    const Signal watcher(SIGUSR1, [&](int) { ++runs; });
    for (int i = 0; i < 5; ++i) {
        ::raise(SIGUSR1);
    }
    sleep(5ms);
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(SignalWatcher, StoppedAndStartedAgain) {
    int runs = 0;
    Signal watcher(SIGUSR1, [&](int) { ++runs; });
    const Signal keeps_the_process_alive(SIGUSR1, [](int) {});
    watcher.stop();
    ::raise(SIGUSR1);
    sleep(2ms);
    EXPECT_EQ(runs, 0);
    watcher.start();
    ::raise(SIGUSR1);
    sleep(2ms);
    EXPECT_EQ(runs, 1);
}

TENDRIL_TEST(SignalWatcher, RefusesWhatCannotBeWatched) {
    for (const int number : {0, -1, 65, SIGKILL, SIGSTOP, SIGSEGV, SIGABRT}) {
        EXPECT_THROW(Signal(number, [](int) {}), std::invalid_argument) << number;
    }
    EXPECT_THROW(Signal(SIGUSR1, nullptr), std::invalid_argument);
}

// What the program installed itself meanwhile, is its own.
TENDRIL_TEST(SignalWatcher, LeavesAnothersHandlerAlone) {
    std::optional<Signal> watcher(std::in_place, SIGUSR1, [](int) {});
    ::signal(SIGUSR1, SIG_IGN);
    watcher.reset();
    EXPECT_EQ(handler_of(SIGUSR1), reinterpret_cast<void*>(SIG_IGN));
    ::signal(SIGUSR1, SIG_DFL);
}

// In every hub that watches it; each hub comes and goes while signals arrive.
TEST(SignalThreads, ManyHubsHearOneSignal) {
    constexpr int threads = 4;
    std::atomic<int> heard{0};
    std::atomic<int> ready{0};
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) {
        all.emplace_back([&] {
            const auto sleeper = spawn([] { sleep(60s); });
            const Signal watcher(SIGUSR2, [&](int) {
                ++heard;
                sleeper.kill_nowait();
            });
            ++ready;
            sleeper.join();
        });
    }
    while (ready != threads) {
        std::this_thread::yield();
    }
    ::kill(::getpid(), SIGUSR2);
    for (std::thread& each : all) {
        each.join();
    }
    EXPECT_EQ(heard, threads);
}

// qemu-user 7.2 jumps to address 1, SIG_IGN, when the signal was on its way as that took effect; in any program.
#ifndef TENDRIL_TEST_UNDER_EMULATOR
TEST(SignalThreads, HubsEndWhileSignalsCome) {
    ::signal(SIGUSR2, SIG_IGN);
    std::atomic<bool> stop{false};
    std::thread sender([&] {
        while (!stop) {
            ::kill(::getpid(), SIGUSR2);
            std::this_thread::yield();
        }
    });
    for (int i = 0; i < 50; ++i) {
        std::thread([] {
            const Signal watcher(SIGUSR2, [](int) {});
            sleep(100us);
        }).join();
    }
    stop = true;
    sender.join();
    ::signal(SIGUSR2, SIG_DFL);
}
#endif

}  // namespace
}  // namespace tendril
