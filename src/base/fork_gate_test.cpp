// SPDX-License-Identifier: MIT

#include "base/fork_gate.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <tendril/detail/base/mutex.hpp>

namespace tendril {
namespace {

using detail::NoFork;
namespace fork_gate = detail::fork_gate;

// Fork handlers like those of a library that locks in one handler and unlocks in the other. Installed before tendril's,
// so they run with the gate closed.
struct OtherHandlers {
    static inline std::optional<NoFork> section;
    static inline bool wanted = false;
    [[gnu::constructor(101)]] static void install() {
        ::pthread_atfork(
            [] {
                if (wanted) {
                    section.emplace();
                }
            },
            [] { section.reset(); }, [] { section.reset(); });
    }
};

// Returns whether `body` ends in a child. A plain fork(), because its handlers are under test.
template <class F>
bool ends_in_child(F body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::alarm(60);
        body();
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    return status == 0;
}

void use_gate() {
    const NoFork section;
    EXPECT_TRUE(ends_in_child([] { const NoFork another; }));
}

TEST(ForkGate, AForkInASectionWhileAnotherOsThreadForks) {
    std::optional<NoFork> section(std::in_place);
    std::thread other([] { EXPECT_TRUE(ends_in_child([] { use_gate(); })); });
    while (!fork_gate::is_closed()) {  // from now on it waits for our section
        const timespec moment{0, 1'000'000};
        ::nanosleep(&moment, nullptr);
    }
    EXPECT_TRUE(ends_in_child([&] {
        section.reset();
        use_gate();
        if (!ends_in_child([] { use_gate(); }) || fork_gate::is_closed()) {
            ::_exit(1);
        }
    }));
    section.reset();
    other.join();
    EXPECT_FALSE(fork_gate::is_closed());
}

TEST(ForkGate, OtherForkHandlersMayHaveSections) {
    OtherHandlers::wanted = true;
    EXPECT_TRUE(ends_in_child([] {
        OtherHandlers::wanted = false;
        if (!ends_in_child([] { use_gate(); })) {
            ::_exit(1);
        }
    }));
    OtherHandlers::wanted = false;
    std::thread([] { EXPECT_TRUE(ends_in_child([] { use_gate(); })); }).join();  // waits until no OS thread is inside
}

// More than have a part of their own: the later ones share some.
TEST(ForkGate, AForkWaitsForManyOsThreads) {
    constexpr int count = 100;
    std::atomic<int> inside{0};
    std::atomic<bool> end{false};
    std::atomic<std::uint64_t> sections{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            while (!end) {
                const NoFork section;
                ++inside;
                ++sections;
                --inside;
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t before = sections;
        while (sections < before + 10) {
            std::this_thread::yield();
        }
        EXPECT_TRUE(ends_in_child([&] {
            if (inside != 0) {
                ::_exit(1);
            }
            use_gate();
        }));
    }
    end = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (int i = 0; i < count; ++i) {  // those that ended gave their parts back
        std::thread([] { use_gate(); }).join();
    }
    EXPECT_TRUE(ends_in_child([] { use_gate(); }));
}

}  // namespace
}  // namespace tendril
