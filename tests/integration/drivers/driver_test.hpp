// SPDX-License-Identifier: MIT
//
// What every driver must do, as templates. A Driver has:
//     library              what is patched
//     Session              one connection; destroying it closes it
//     connect()            returns one; throws std::runtime_error with the driver's message
//     wait(session, ms)    waits that long in the server; returns whether the driver calls it a success
//     connect_to(port)     tries to connect to a port of loopback, with a limit of the driver's own of 1 s; returns the
//                          driver's message, or "" where it has connected
// connect() and wait() run in green threads, where ASSERT_* would leave the lambda only.

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "bad_peer.hpp"

namespace tendril::testing {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int crowd = 200;

inline int port_in(const char* variable) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::atoi(text) : 0;
}

inline std::size_t count_os_threads() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

// Returns what the driver's test of large values sends: `size` letters, others for each n.
inline std::string letters(std::size_t size, int n) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('a' + (i * 7 + static_cast<std::size_t>(n)) % 26);
    }
    return text;
}

// Runs f(i) for 0 <= i < n in a green thread each. Returns how long they took together.
template <class F>
Clock::duration in_green_threads(int n, F f) {
    const auto begin = Clock::now();
    Group group;
    for (int i = 0; i < n; ++i) {
        group.spawn([&f, i] { f(i); });
    }
    group.join();
    return Clock::now() - begin;
}

template <class Driver>
std::vector<typename Driver::Session> connect_all(int n) {
    std::vector<typename Driver::Session> sessions(static_cast<std::size_t>(n));
    in_green_threads(n, [&](int i) { sessions[static_cast<std::size_t>(i)] = Driver::connect(); });
    return sessions;
}

// 200 green threads wait 0.2 s each, all within 0.6 s on the only OS thread. ctest runs nothing else meanwhile.
template <class Driver>
void expect_together() {
    auto sessions = connect_all<Driver>(crowd);
    int succeeded = 0;
    std::size_t most_threads = 0;
    const auto took = in_green_threads(crowd, [&](int i) {
        succeeded += Driver::wait(sessions[static_cast<std::size_t>(i)], 200) ? 1 : 0;
        if (i % 50 == 0) {
            most_threads = std::max(most_threads, count_os_threads());
        }
    });
    std::printf("200 waits of 0.2 s took %lld ms\n", static_cast<long long>(took / 1ms));
    ASSERT_EQ(succeeded, crowd);
    ASSERT_EQ(most_threads, 1U);
    ASSERT_GE(took, 199ms);
    EXPECT_LE(took, 600ms);
}

// A Timeout around a driver's call: the driver fails, and then the Timeout is thrown, once.
template <class Driver>
void expect_timeout_inside() {
    const auto begin = Clock::now();
    bool expired = false;
    try {
        auto session = Driver::connect();
        Timeout limit(100ms);
        EXPECT_FALSE(Driver::wait(session, 20'000));
        patch::deliver();
    } catch (const Timeout::Expired&) {
        expired = true;
    }
    EXPECT_TRUE(expired);
    EXPECT_GE(Clock::now() - begin, 100ms);
    EXPECT_LE(Clock::now() - begin, 2s);

    // At the next wait instead, in a crowd; and the green threads go on.
    int thrown = 0;
    int afterwards = 0;
    in_green_threads(10, [&](int) {
        auto session = Driver::connect();
        try {
            Timeout limit(100ms);
            EXPECT_FALSE(Driver::wait(session, 20'000));
            sleep(1ms);
            ADD_FAILURE() << "the Timeout was lost";
        } catch (const Timeout::Expired&) {
            ++thrown;
        }
        session = Driver::connect();
        afterwards += Driver::wait(session, 10) ? 1 : 0;
    });
    EXPECT_EQ(thrown, 10);
    EXPECT_EQ(afterwards, 10);
}

// A kill: the same, and the driver's connection is closed while the green thread unwinds.
template <class Driver>
void expect_kill_inside() {
    bool waits = false;
    bool went_on = false;
    const auto victim = spawn([&] {
        auto session = Driver::connect();
        waits = true;
        EXPECT_FALSE(Driver::wait(session, 20'000));
        patch::deliver();
        went_on = true;
    });
    while (!waits && !victim.ready()) {
        sleep(1ms);
    }
    sleep(50ms);
    EXPECT_FALSE(victim.ready());
    EXPECT_TRUE(victim.kill(5s));
    EXPECT_TRUE(victim.killed());
    EXPECT_FALSE(went_on);

    auto session = Driver::connect();
    EXPECT_TRUE(Driver::wait(session, 10));
}

// A connection that is refused, one that is reset, and one on which the peer says nothing: the driver's own limit of
// 1 s ends that. Others run meanwhile.
template <class Driver>
void expect_errors_of_bad_peers() {
    for (const BadPeer::Kind kind : {BadPeer::refuses, BadPeer::resets, BadPeer::silent}) {
        SCOPED_TRACE(kind);
        BadPeer peer(kind);
        int failed = 0;
        int ticks = 0;
        const auto ticker = spawn([&] {
            for (;; ++ticks) {
                sleep(10ms);
            }
        });
        const auto took = in_green_threads(10, [&](int) {
            const std::string error = Driver::connect_to(peer.port());
            failed += error.empty() ? 0 : 1;
        });
        ticker.kill();
        EXPECT_EQ(failed, 10);
        EXPECT_LE(took, 5s);
        if (kind == BadPeer::silent) {
            EXPECT_GE(took, 900ms);
            EXPECT_GE(ticks, 20);
        }
    }
}

// Our Timeout instead of the driver's limit.
template <class Driver>
void expect_timeout_of_silence() {
    BadPeer peer(BadPeer::silent);
    bool expired = false;
    const auto begin = Clock::now();
    try {
        Timeout limit(100ms);
        EXPECT_NE(Driver::connect_to(peer.port()), "");
        patch::deliver();
    } catch (const Timeout::Expired&) {
        expired = true;
    }
    EXPECT_TRUE(expired);
    EXPECT_LE(Clock::now() - begin, 900ms);
}

}  // namespace tendril::testing

// The tests that all drivers have.
#define TENDRIL_DRIVER_TESTS(Driver)                                                 \
    struct Driver##Test : ::testing::Test {                                          \
        static void SetUpTestSuite() { ::tendril::patch::library(Driver::library); } \
    };                                                                               \
    TEST_F(Driver##Test, waits_in_200_green_threads) {                               \
        ::tendril::testing::expect_together<Driver>();                               \
    }                                                                                \
    TEST_F(Driver##Test, timeout_inside) {                                           \
        ::tendril::testing::expect_timeout_inside<Driver>();                         \
    }                                                                                \
    TEST_F(Driver##Test, kill_inside) {                                              \
        ::tendril::testing::expect_kill_inside<Driver>();                            \
    }                                                                                \
    TEST_F(Driver##Test, refused_reset_and_silent) {                                 \
        ::tendril::testing::expect_errors_of_bad_peers<Driver>();                    \
    }                                                                                \
    TEST_F(Driver##Test, timeout_while_the_peer_is_silent) {                         \
        ::tendril::testing::expect_timeout_of_silence<Driver>();                     \
    }
