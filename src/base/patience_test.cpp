// SPDX-License-Identifier: MIT

#include "base/patience.hpp"

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

TEST(Patience, SpinsOnlyAfterSeveralShortWaitsInARow) {
    Patience patience;
    EXPECT_FALSE(patience.spins());
    for (int i = 0; i < 3; ++i) {
        patience.slept(Patience::longest_ns);
    }
    patience.slept(Patience::longest_ns + 1);
    for (int i = 0; i < 3; ++i) {
        patience.slept(1'000);
        EXPECT_FALSE(patience.spins());
    }
    patience.slept(1'000);
    EXPECT_TRUE(patience.spins());
}

TEST(Patience, StopsAfterMissesAndThenNeedsTwiceAsMuch) {
    Patience patience;
    int needed = 4;
    for (int round = 0; round < 20; ++round) {
        int seen = 0;
        for (; !patience.spins(); ++seen) {
            patience.slept(1'000);
        }
        EXPECT_EQ(seen, needed);
        patience.spun(Patience::longest_ns, false);
        EXPECT_TRUE(patience.spins());
        patience.spun(Patience::longest_ns, false);
        EXPECT_FALSE(patience.spins());
        needed = std::min(needed * 2, 4096);
    }
}

TEST(Patience, QuickSpinsKeepItAndForgetTheMisses) {
    Patience patience;
    for (int i = 0; i < 4; ++i) {
        patience.slept(30'000);
    }
    for (int i = 0; i < 1'000; ++i) {
        patience.spun(Patience::quick_ns + 1, true);  // the other side may be about to spin, too
        patience.spun(Patience::quick_ns + 1, true);
        patience.spun(Patience::quick_ns + 1, true);
        patience.spun(Patience::quick_ns, true);
        EXPECT_TRUE(patience.spins());
    }
    for (int i = 0; i < 4; ++i) {
        patience.spun(Patience::quick_ns + 1, true);
    }
    EXPECT_FALSE(patience.spins());
}

}  // namespace
}  // namespace tendril::detail
