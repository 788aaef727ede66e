// SPDX-License-Identifier: MIT

#include "hub/grace.hpp"

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

constexpr std::int64_t ms = 1'000'000;

TEST(Grace, BeginsAnewWheneverFewerAreLeft) {
    Grace grace(100, 0, 0);
    std::int64_t now = 0;
    for (std::size_t left = 99; left > 0; --left) {
        now += Grace::grace_ns - ms;
        EXPECT_FALSE(grace.is_over(left, now, now));
    }
    EXPECT_FALSE(grace.is_over(1, now + Grace::grace_ns - ms, now + Grace::grace_ns - ms));
    EXPECT_TRUE(grace.is_over(1, now + Grace::grace_ns, now + Grace::grace_ns));
}

TEST(Grace, OnesThatAreReplacedAreNoProgress) {
    Grace grace(3, 0, 0);
    bool over = false;
    for (int i = 1; i <= 2000 && !over; ++i) {
        over = grace.is_over(i % 2 == 0 ? 3 : 4, i * ms, 0);
    }
    EXPECT_TRUE(over);
}

TEST(Grace, ManyThatRunHaveTurnsAndNotTime) {
    Grace grace(300'000, 0, 0);
    for (int turn = 1; turn < Grace::least_turns; ++turn) {
        EXPECT_FALSE(grace.is_over(300'000, turn * Grace::grace_ns, 0)) << "each such turn takes a second";
    }
    EXPECT_TRUE(grace.is_over(300'000, Grace::least_turns * Grace::grace_ns, 0));
}

TEST(Grace, OneThatOnlyYieldsHasTheTime) {
    Grace grace(1, 0, 0);
    for (int turn = 1; turn < 10'000; ++turn) {
        EXPECT_FALSE(grace.is_over(1, turn * 1000, 0));
    }
    EXPECT_TRUE(grace.is_over(1, Grace::grace_ns, 0));
}

}  // namespace
}  // namespace tendril::detail
