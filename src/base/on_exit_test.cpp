// SPDX-License-Identifier: MIT

#include "base/on_exit.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace tendril::detail {
namespace {

TEST(OnExit, CallsAtTheEndOfItsScopeInReverse) {
    std::string log;
    {
        const OnExit first([&] { log += '1'; });
        const OnExit second([&] { log += '2'; });
        log += '0';
    }
    EXPECT_EQ(log, "021");
}

TEST(OnExit, CallsWhenTheScopeIsLeftByAnException) {
    bool called = false;
    const auto leave = [&] {
        const OnExit noted([&] { called = true; });
        throw std::runtime_error("left");
    };
    EXPECT_THROW(leave(), std::runtime_error);
    EXPECT_TRUE(called);
}

TEST(OnExit, OwnsWhatItsFunctionOwns) {
    auto owned = std::make_unique<int>(1);
    int* const there = owned.get();
    int seen = 0;
    {
        const OnExit reads([&seen, there, kept = std::move(owned)] { seen = *there; });
    }
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace tendril::detail
