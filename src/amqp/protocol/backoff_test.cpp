// SPDX-License-Identifier: MIT
//
// TQ47: the intervals between attempts.

#include "amqp/protocol/backoff.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace tendril::amqp::detail {
namespace {

using namespace std::chrono_literals;

double milliseconds(Duration d) {
    return static_cast<double>(d.count()) / 1e6;
}

TEST(AmqpBackoff, DoublesToTheLongest) {
    Backoff backoff(200ms, 1s, 1);
    for (const double wanted : {200, 400, 800, 1000, 1000, 1000}) {
        EXPECT_NEAR(milliseconds(backoff.next()), wanted, 0.2 * wanted + 1);
    }
    backoff.reset();
    EXPECT_NEAR(milliseconds(backoff.next()), 200, 41);
}

TEST(AmqpBackoff, Differs) {
    std::set<std::int64_t> seen;
    for (unsigned seed = 1; seed <= 20; ++seed) {
        Backoff backoff(200ms, 1s, seed);
        seen.insert(backoff.next().count());
        seen.insert((backoff.next().count() / 2));
    }
    EXPECT_GT(seen.size(), 30u);
}

TEST(AmqpBackoff, TakesExtremes) {
    Backoff none(0s, 0s, 1);
    EXPECT_EQ(none.next().count(), 0);
    EXPECT_EQ(none.next().count(), 0);
    Backoff shorter(2s, 1s, 1);
    EXPECT_NEAR(milliseconds(shorter.next()), 1000, 201);
    Backoff forever_long(1s, forever, 1);
    for (int i = 0; i < 100; ++i) {
        EXPECT_GE(forever_long.next().count(), 800'000'000);
    }
}

}  // namespace
}  // namespace tendril::amqp::detail
