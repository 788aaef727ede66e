// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.D: one Timeout: what it throws, when, and when not.

#include <optional>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace tendril {
namespace {

struct Custom : std::runtime_error {
    Custom() : runtime_error("custom") {}
};

std::size_t timers() {
    return Hub::current().stats().timers;
}

TENDRIL_TEST(ConformanceD, TD01_EveryFormOfTheException) {
    try {
        Timeout limit(0s);
        sleep(1h);
        ADD_FAILURE() << "it did not expire";
    } catch (const Timeout::Expired& e) {
        const std::string text = e.what();
        EXPECT_TRUE(text.starts_with("a Timeout of 0 s (timeout_scope_test.cpp:31) expired before green thread "))
            << text;
    }
    const auto with_error = [](auto error) {
        Timeout limit(0s, std::make_exception_ptr(error));
        sleep(1h);
    };
    EXPECT_THROW(with_error(Custom()), Custom);
    EXPECT_THROW(with_error(42), int);
    EXPECT_THROW(static_cast<void>(Timeout(1s, std::exception_ptr())), std::invalid_argument);
    EXPECT_FALSE(with_timeout(0s, [] { sleep(1h); })) << "the silent form is swallowed by its own scope";
}

TENDRIL_TEST(ConformanceD, TD01_ExpiryIsNotAStdException) {
    EXPECT_FALSE(with_timeout(0s, [] {
        try {
            sleep(1h);
        } catch (const std::exception&) {
            ADD_FAILURE() << "swallowed by a handler of ordinary errors";
        }
    }));
}

TENDRIL_TEST(ConformanceD, TD02_ACancelledOneNeverFires) {
    Timeout limit(1ms);
    EXPECT_TRUE(limit.pending());
    limit.cancel();
    limit.cancel();
    EXPECT_FALSE(limit.pending());
    sleep(2ms);
    EXPECT_FALSE(limit.expired());

    Timeout due(0s);
    EXPECT_TRUE(due.pending()) << "expired, but not thrown yet";
    due.cancel();
    yield();
    EXPECT_FALSE(due.expired());
}

TENDRIL_TEST(ConformanceD, TD02_WithTimeoutGivesTheResultOrTheFallback) {
    EXPECT_EQ(with_timeout(
                  1h, [](int a) { return a + 1; }, 2),
              std::optional(3));
    EXPECT_EQ(with_timeout(0s,
                           [] {
                               sleep(1h);
                               return 3;
                           }),
              std::nullopt);
    EXPECT_TRUE(with_timeout(1h, [] { yield(); }));
    const auto slow = [] {
        sleep(1h);
        return std::string("result");
    };
    EXPECT_EQ(with_timeout(0s, slow, "fallback"), "fallback");
    EXPECT_EQ(with_timeout(
                  1h, [] { return std::string("result"); }, "fallback"),
              "result");
    EXPECT_THROW(with_timeout(1h, [] { throw Custom(); }), Custom);
}

TENDRIL_TEST(ConformanceD, TD05_ADeadlineCountsFromNowNotFromTheLoopsClock) {
    yield();
    const auto begin = Clock::now();
    while (Clock::now() - begin < 20ms) {
    }
    const auto before = Clock::now();
    EXPECT_FALSE(with_timeout(10ms, [] { sleep(1h); }));
    EXPECT_GE(Clock::now() - before, 10ms);

    const auto again = Clock::now();
    sleep(5ms);
    EXPECT_GE(Clock::now() - again, 5ms) << "never shorter";
}

TENDRIL_TEST(ConformanceD, TD06_LeavingTheScopeCancels) {
    {
        Timeout limit(1h);
        EXPECT_EQ(timers(), 1u);
    }
    EXPECT_EQ(timers(), 0u) << "a cancelled timer leaves nothing behind";
    try {
        Timeout limit(1h);
        throw Custom();
    } catch (const Custom&) {
    }
    EXPECT_EQ(timers(), 0u);
    { Timeout due(0s); }
    yield();
}

TENDRIL_TEST(ConformanceD, TD06_NeverNeverFires) {
    Timeout limit(never);
    EXPECT_FALSE(limit.pending());
    EXPECT_EQ(timers(), 0u);
    EXPECT_TRUE(with_timeout(never, [] { sleep(1ms); }));
    EXPECT_FALSE(limit.expired());
}

}  // namespace
}  // namespace tendril
