// SPDX-License-Identifier: MIT

#include <tendril/detail/base/mutex.hpp>

#include <gtest/gtest.h>

#include <mutex>

namespace tendril::detail {
namespace {

TEST(Mutex, IsTakenInTheOrderOfRanks) {
    Mutex outer(Rank::team);
    Mutex inner(Rank::mailbox);
    for (int i = 0; i < 2; ++i) {
        const std::lock_guard first(outer);
        const std::lock_guard second(inner);
    }
    const std::lock_guard alone(inner);
}

#ifndef NDEBUG
TEST(Mutex, InTheWrongOrderAbortsAndNamesBoth) {
    Mutex outer(Rank::team);
    Mutex inner(Rank::mailbox);
    EXPECT_DEATH(
        {
            const std::lock_guard first(inner);
            const std::lock_guard second(outer);
        },
        "takes a lock of rank team while it holds one of rank mailbox");
}

TEST(Mutex, TwoOfOneRankAbort) {
    Mutex one(Rank::shared);
    Mutex other(Rank::shared);
    EXPECT_DEATH(
        {
            const std::lock_guard first(one);
            const std::lock_guard second(other);
        },
        "takes a lock of rank shared while it holds one of rank shared");
}
#endif

}  // namespace
}  // namespace tendril::detail
