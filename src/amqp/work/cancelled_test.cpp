// SPDX-License-Identifier: MIT

#include "amqp/work/cancelled.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tendril::amqp::detail {
namespace {

using namespace std::chrono_literals;

TEST(AmqpCancelled, IsBoundedByTimeAndNumber) {
    Cancelled cancelled;
    const Cancelled::Clock::time_point start{};
    cancelled.add("a", start);
    cancelled.add("a", start);
    EXPECT_TRUE(cancelled.has("a"));
    EXPECT_FALSE(cancelled.has("b"));
    EXPECT_EQ(cancelled.size(), 1u);
    cancelled.add("b", start + 59min);
    EXPECT_TRUE(cancelled.has("a"));
    cancelled.add("c", start + 1h);
    EXPECT_FALSE(cancelled.has("a"));
    EXPECT_TRUE(cancelled.has("b"));
    for (std::size_t i = 0; i < Cancelled::most; ++i) {
        cancelled.add(std::to_string(i), start + 1h);
    }
    EXPECT_EQ(cancelled.size(), Cancelled::most);
    EXPECT_FALSE(cancelled.has("b"));
    EXPECT_TRUE(cancelled.has("0"));
}

}  // namespace
}  // namespace tendril::amqp::detail
