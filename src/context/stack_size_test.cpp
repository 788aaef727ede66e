// SPDX-License-Identifier: MIT

#include <tendril/stack_size.hpp>

#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>

#include "context/os_thread.hpp"
#include "context/stack_pool.hpp"

namespace tendril {
namespace {

class Owner final : public detail::StackOwner {
public:
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};

std::size_t size_of_a_new_stack() {
    detail::StackPool pool;
    const Owner owner;
    detail::StackTop& stack = pool.acquire(0, owner);
    const std::size_t size = stack.size;
    pool.release(stack);
    return size;
}

TEST(StackSize, IsWhatTheProgramSays) {
    const std::size_t before = default_stack_size();
    set_default_stack_size(100'000);
    EXPECT_EQ(default_stack_size(), std::size_t{128} << 10);
    EXPECT_EQ(size_of_a_new_stack(), std::size_t{128} << 10);
    set_default_stack_size(std::size_t{1} << 20);
    EXPECT_EQ(size_of_a_new_stack(), std::size_t{1} << 20);
    EXPECT_THROW(set_default_stack_size(1024), std::invalid_argument);
    EXPECT_THROW(set_default_stack_size(std::size_t{2} << 30), std::invalid_argument);
    EXPECT_EQ(default_stack_size(), std::size_t{1} << 20) << "nothing has changed";
    set_default_stack_size(0);
    EXPECT_EQ(default_stack_size(), detail::StackPool::default_size);
    set_default_stack_size(before);
}

#ifndef TENDRIL_TEST_UNDER_EMULATOR  // where a program cannot start itself again

// In a process of its own, which has not looked at the environment yet.
std::size_t size_with(const char* text) {
    ::setenv("TENDRIL_STACK_SIZE", text, 1);
    return default_stack_size();
}

TEST(StackSizeDeathTest, IsWhatTheEnvironmentSays) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(std::_Exit(size_with("512K") == std::size_t{512} << 10 ? 0 : 1), ::testing::ExitedWithCode(0), "^$");
    EXPECT_EXIT(std::_Exit(size_with("1m") == std::size_t{1} << 20 ? 0 : 1), ::testing::ExitedWithCode(0), "^$");
    EXPECT_EXIT(std::_Exit(size_with("33000") == std::size_t{64} << 10 ? 0 : 1), ::testing::ExitedWithCode(0), "^$");
    for (const char* bad : {"12", "2048M", "x", "64Q", "99999999999999999999", "-65536", "K", "64Kx"}) {
        EXPECT_EXIT(std::_Exit(size_with(bad) == detail::StackPool::default_size ? 0 : 1), ::testing::ExitedWithCode(0),
                    "TENDRIL_STACK_SIZE is not a size")
            << bad;
    }
}

TEST(StackSizeDeathTest, TheProgramOverridesTheEnvironment) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto both = [] {
        ::setenv("TENDRIL_STACK_SIZE", "512K", 1);
        set_default_stack_size(std::size_t{64} << 10);
        return detail::OsThread::current().serial != 0 && default_stack_size() == std::size_t{64} << 10;
    };
    EXPECT_EXIT(std::_Exit(both() ? 0 : 1), ::testing::ExitedWithCode(0), "^$");
}

#endif

}  // namespace
}  // namespace tendril
