// SPDX-License-Identifier: MIT
//
// StackPool::trim(): which pages go, and which stay.

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <vector>

#include "base/sys.hpp"
#include "context/stack_pool.hpp"

namespace tendril::detail {
namespace {

struct Nobody : StackOwner {
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};
const Nobody owner;

std::size_t page_size() {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Memory that was written and has been given back reads as zeros.
std::size_t pages_given_back(const StackTop& stack) {
    const auto* page = static_cast<const unsigned char*>(stack.bounds.bottom);
    std::size_t n = 0;
    for (std::size_t at = 0; at + page_size() <= stack.bounds.size; at += page_size()) {
        n += page[at] == 0;
    }
    return n;
}

struct Dirty {
    StackPool pool;
    std::vector<StackTop*> all;

    explicit Dirty(int n, std::size_t size = 0) {
        for (int i = 0; i < n; ++i) {
            all.push_back(&pool.acquire(size, owner));
            std::memset(const_cast<void*>(all.back()->bounds.bottom), 0x5a, all.back()->bounds.size);
        }
    }
    void release_all() {
        for (StackTop* stack : all) {
            pool.release(*stack);
        }
    }
};

TEST(StackTrim, GivesBackAllButTheTop) {
    Dirty stacks(2);
    stacks.release_all();
    EXPECT_EQ(pages_given_back(*stacks.all[0]), 0u);
    EXPECT_EQ(stacks.pool.trim(100, 0), 2u);
    EXPECT_EQ(pages_given_back(*stacks.all[0]), stacks.all[0]->bounds.size / page_size());
    EXPECT_EQ(pages_given_back(*stacks.all[1]), stacks.all[1]->bounds.size / page_size());
    EXPECT_EQ(stacks.pool.free(), 2u);
    EXPECT_EQ(stacks.pool.trim(100, 0), 0u);  // done once
}

// Looked at from the system's side.
TEST(StackTrim, ThePagesAreNoLongerResident) {
    Dirty stacks(1, std::size_t{1} << 20);
    StackTop& stack = *stacks.all[0];
    stacks.release_all();
    const auto resident = [&] {
        std::vector<unsigned char> in_core((stack.bounds.size + page_size() - 1) / page_size());
        EXPECT_EQ(::mincore(const_cast<void*>(stack.bounds.bottom), stack.bounds.size, in_core.data()), 0);
        std::size_t n = 0;
        for (const unsigned char page : in_core) {
            n += page & 1u;
        }
        return n;
    };
    EXPECT_GE(resident(), (std::size_t{1} << 20) / page_size() * 9 / 10);
    stacks.pool.trim(100, 0);
    EXPECT_LE(resident(), 1u);  // the page of the control block
}

TEST(StackTrim, KeepsTheLastUsedWhole) {
    Dirty stacks(5);
    stacks.release_all();
    EXPECT_EQ(stacks.pool.trim(100, 2), 3u);
    for (const std::size_t i : {0u, 1u, 2u}) {
        EXPECT_NE(pages_given_back(*stacks.all[i]), 0u) << i;
    }
    for (const std::size_t i : {3u, 4u}) {
        EXPECT_EQ(pages_given_back(*stacks.all[i]), 0u) << i;
    }
    EXPECT_EQ(&stacks.pool.acquire(0, owner), stacks.all[4]);  // and they are used first
    EXPECT_EQ(&stacks.pool.acquire(0, owner), stacks.all[3]);
    stacks.pool.acquire(0, owner);
    EXPECT_EQ(stacks.pool.free(), 2u);
}

TEST(StackTrim, DoesNoMoreAtOnceThanAsked) {
    Dirty stacks(5);
    stacks.release_all();
    EXPECT_EQ(stacks.pool.trim(2, 0), 2u);
    EXPECT_EQ(stacks.pool.trim(2, 0), 2u);
    EXPECT_EQ(stacks.pool.trim(2, 0), 1u);
}

TEST(StackTrim, LeavesUsedOnesAlone) {
    Dirty stacks(2);
    stacks.pool.release(*stacks.all[0]);
    EXPECT_EQ(stacks.pool.trim(100, 0), 1u);
    EXPECT_EQ(pages_given_back(*stacks.all[1]), 0u);
}

TEST(StackTrim, ATrimmedOneServesAgainWithItsGuard) {
    Dirty stacks(1);
    stacks.release_all();
    stacks.pool.trim(100, 0);
    StackTop& again = stacks.pool.acquire(0, owner);
    EXPECT_EQ(&again, stacks.all[0]);
    EXPECT_EQ(stacks.pool.guard_hit(again.base), &again);
    std::memset(const_cast<void*>(again.bounds.bottom), 1, again.bounds.size);
    GTEST_FLAG_SET(death_test_style, "fast");
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, SIG_DFL);
            *const_cast<volatile std::byte*>(again.base + (16 << 10) - 1) = std::byte{1};
        },
        ::testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace tendril::detail
