// SPDX-License-Identifier: MIT

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include "green_test.hpp"
#include "hub/here.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(RemoteThreads, WhatIsPostedRunsInOrderAndNothingIsMerged) {
    constexpr int senders = 4;
    constexpr int posts = 300;
    std::vector<std::vector<int>> seen(senders);
    int left = senders * posts;
    const Async alive([] {});
    std::vector<std::thread> threads;
    for (int t = 0; t < senders; ++t) {
        threads.emplace_back([&, t, remote = Hub::current().remote()] {
            for (int i = 0; i < posts; ++i) {
                EXPECT_TRUE(remote.post_threadsafe([&, t, i] {
                    seen[static_cast<std::size_t>(t)].push_back(i);
                    --left;
                }));
            }
        });
    }
    while (left != 0) {
        sleep(1ms);
    }
    for (std::thread& each : threads) {
        each.join();
    }
    for (const std::vector<int>& each : seen) {
        ASSERT_EQ(each.size(), static_cast<std::size_t>(posts));
        for (int i = 0; i < posts; ++i) {
            ASSERT_EQ(each[static_cast<std::size_t>(i)], i);
        }
    }
}

TENDRIL_TEST(RemoteThreads, WakesAHubThatSleeps) {
    const auto sleeper = spawn([] { sleep(1h); });
    std::thread([&, remote = Hub::current().remote()] {
        remote.post_threadsafe([&] { spawn_n([&] { sleeper.kill(); }); });
    }).join();
    sleeper.join();
}

TENDRIL_TEST(Remote, TakesWhatCanOnlyBeMoved) {
    int seen = 0;
    Hub::current().remote().post_threadsafe([&, value = std::make_unique<int>(7)] { seen = *value; });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(seen, 7);
}

TENDRIL_TEST(Remote, RunsBeforeALoopExit) {
    int seen = 0;
    std::thread([&] {
        Hub::current().remote().post_threadsafe([&] { ++seen; });
        EXPECT_THROW(sleep(never), LoopExit);
    }).join();
    EXPECT_EQ(seen, 1);
}

TENDRIL_TEST(Remote, ThrowsIntoTheErrorHandlerAndMustNotWait) {
    const Hub::Remote remote = Hub::current().remote();
    remote.post_threadsafe([] { throw std::runtime_error("on purpose"); });
    remote.post_threadsafe([] { sleep(1ms); });
    EXPECT_TRUE(Hub::current().run_until_idle());
    const std::vector<std::string> unhandled = testing::take_unhandled();
    ASSERT_EQ(unhandled.size(), 2u);
    EXPECT_EQ(unhandled[0], "posted function: std::runtime_error: on purpose");
    EXPECT_NE(unhandled[1].find("posted function: "), std::string::npos) << unhandled[1];
}

// Counts those that live.
struct Counted {
    explicit Counted(std::atomic<int>& n) : count(&n) { ++*count; }
    Counted(const Counted& other) : count(other.count) { ++*count; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*count; }
    std::atomic<int>* count;
};

TENDRIL_TEST(RemoteThreads, OutlivesTheHubWhichDestroysWhatItHasNotRun) {
    std::atomic<int> alive{0};
    std::optional<Hub::Remote> remote;
    std::thread([&] {
        remote = Hub::current().remote();
        EXPECT_TRUE(remote->post_threadsafe([counted = Counted(alive)] { ADD_FAILURE() << "the hub had no turn"; }));
        EXPECT_EQ(alive, 1);
    }).join();
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE(remote->post_threadsafe([counted = Counted(alive)] {}));
    EXPECT_EQ(alive, 0);
}

TENDRIL_TEST(Remote, BelongsToTheHubsOsThread) {
    Hub& hub = Hub::current();
    std::thread([&] { EXPECT_THROW(hub.remote(), WrongThread); }).join();
}

TENDRIL_TEST(RemoteThreads, InAForksChildTheParentsIsClosedAndTheChildsOwnWorks) {
    const Hub::Remote remote = Hub::current().remote();
    int seen = 0;
    remote.post_threadsafe([&] { ++seen; });
    const pid_t child = detail::here::fork();
    if (child == 0) {
        const bool closed = !remote.post_threadsafe([] {});
        Hub::current().remote().post_threadsafe([&] { seen += 10; });
        Hub::current().run_until_idle();
        ::_exit(closed && seen == 10 ? 7 : 8);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace tendril
