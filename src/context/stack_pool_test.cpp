// SPDX-License-Identifier: MIT

#include "context/stack_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/sys.hpp"

namespace tendril::detail {
namespace {

constexpr std::size_t kib = 1024;

struct Nobody : StackOwner {
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};
const Nobody owner;

// Makes one kind of call fail while it lives, from the n-th on.
class Fault {
public:
    Fault(sys::Call call, int error, int after = 0) {
        call_ = call;
        error_ = error;
        left_ = after;
        sys::set_fault_hook(
            [](sys::Call c, int) noexcept -> sys::Fault { return c == call_ && left_-- <= 0 ? error_.load() : 0; });
    }
    ~Fault() { sys::set_fault_hook(nullptr); }

private:
    static inline std::atomic<sys::Call> call_;
    static inline std::atomic<int> error_;
    static inline std::atomic<int> left_;
};

TEST(StackPool, RoundsSizesUpToPowersOfTwo) {
    StackPool pool;
    EXPECT_EQ(pool.acquire(0, owner).size, 256 * kib);
    EXPECT_EQ(pool.acquire(32 * kib, owner).size, 32 * kib);
    EXPECT_EQ(pool.acquire(32 * kib + 1, owner).size, 64 * kib);
    EXPECT_EQ(pool.acquire(100'000, owner).size, 128 * kib);
    EXPECT_EQ(pool.acquire(StackPool::maximum_size, owner).size, StackPool::maximum_size);
    EXPECT_EQ(pool.used(), 5u);
}

TEST(StackPool, RefusesSizesOutOfBounds) {
    StackPool pool;
    for (const std::size_t size :
         {std::size_t{1}, StackPool::minimum_size - 1, StackPool::maximum_size + 1, SIZE_MAX}) {
        try {
            pool.acquire(size, owner);
            ADD_FAILURE() << size;
        } catch (const std::invalid_argument& e) {
            EXPECT_NE(std::string(e.what()).find(std::to_string(size)), std::string::npos) << e.what();
            EXPECT_NE(std::string(e.what()).find("at least 32768 and at most"), std::string::npos) << e.what();
        }
    }
    EXPECT_EQ(pool.used(), 0u);
}

TEST(StackPool, AStackIsUsableFromItsGuardToItsTop) {
    StackPool pool;
    StackTop& stack = pool.acquire(64 * kib, owner);
    auto* bottom = static_cast<std::byte*>(const_cast<void*>(stack.bounds.bottom));
    EXPECT_EQ(bottom + stack.bounds.size, stack.top());
    EXPECT_GE(stack.bounds.size, 64 * kib - 16 * kib - 2 * kib - sizeof(StackTop));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(stack.top()) % 64, 0u);
    std::memset(bottom, 0x5a, stack.bounds.size);
    EXPECT_EQ(stack.owner, &owner);
    EXPECT_TRUE(pool.holds(bottom));
    EXPECT_FALSE(pool.holds(&pool));
}

TEST(StackPool, ColoursNeighboursDifferently) {
    StackPool pool;
    std::set<std::uintptr_t> places;  // within the page
    for (int i = 0; i < 32; ++i) {
        places.insert(reinterpret_cast<std::uintptr_t>(pool.acquire(0, owner).top()) % 4096);
    }
    EXPECT_EQ(places.size(), 32u);
}

TEST(StackPool, UsesTheLastFreedFirst) {
    StackPool pool;
    StackTop& a = pool.acquire(0, owner);
    StackTop& b = pool.acquire(0, owner);
    StackTop& other_size = pool.acquire(64 * kib, owner);
    pool.release(a);
    pool.release(b);
    pool.release(other_size);
    EXPECT_EQ(pool.free(), 3u);
    EXPECT_EQ(a.owner, nullptr);
    EXPECT_EQ(&pool.acquire(0, owner), &b);
    EXPECT_EQ(&pool.acquire(0, owner), &a);
    EXPECT_EQ(&pool.acquire(64 * kib, owner), &other_size);
    EXPECT_EQ(pool.free(), 0u);
    EXPECT_EQ(pool.used(), 3u);
}

TEST(StackPool, KnowsWhoseGuardWasHit) {
    StackPool pool;
    StackTop& first = pool.acquire(0, owner);
    StackTop& second = pool.acquire(0, owner);
    EXPECT_EQ(pool.guard_hit(second.base), &second);
    EXPECT_EQ(pool.guard_hit(second.base + 16 * kib - 1), &second);
    EXPECT_EQ(pool.guard_hit(second.base + 16 * kib), nullptr);
    EXPECT_EQ(pool.guard_hit(first.base), &first);
    EXPECT_EQ(pool.guard_hit(&pool), nullptr);
    pool.release(second);
    EXPECT_EQ(pool.guard_hit(second.base), nullptr);  // free: nobody's overflow
}

TEST(StackPool, VisitsTheUsedOnes) {
    StackPool pool;
    std::vector<StackTop*> all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(&pool.acquire(i % 2 == 0 ? 0 : 64 * kib, owner));
    }
    pool.release(*all[10]);
    pool.release(*all[11]);
    std::set<StackTop*> seen;
    pool.for_each_used([&](StackTop& stack) { seen.insert(&stack); });
    EXPECT_EQ(seen.size(), 98u);
    EXPECT_EQ(seen.count(all[10]), 0u);
}

// Regions double, so that many stacks take few mappings: addresses of one region are a stack's size apart.
TEST(StackPool, RegionsDouble) {
    StackPool pool;
    std::vector<std::byte*> bases;
    for (int i = 0; i < 1024; ++i) {
        bases.push_back(pool.acquire(0, owner).base);
    }
    std::size_t breaks = 0;
    for (std::size_t i = 1; i < bases.size(); ++i) {
        breaks += bases[i] != bases[i - 1] + 256 * kib;
    }
    EXPECT_LE(breaks, 4u);  // 64, 64, 128, 256, 512
    for (const std::size_t begin : {std::size_t{64}, std::size_t{128}, std::size_t{256}, std::size_t{512}}) {
        for (std::size_t i = begin + 1; i < begin * 2; ++i) {
            ASSERT_EQ(bases[i], bases[i - 1] + 256 * kib) << i;
        }
    }
}

TEST(StackPool, ARegionThatTheSystemRefusesIsTriedSmaller) {
    StackPool pool;
    static std::atomic<int> refusals;
    refusals = 3;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        return call == sys::Call::mmap && refusals-- > 0 ? ENOMEM : 0;
    });
    std::vector<std::byte*> bases;
    for (int i = 0; i < 8; ++i) {
        bases.push_back(pool.acquire(0, owner).base);  // 64 slots become 8
    }
    EXPECT_EQ(refusals, -1);
    pool.acquire(0, owner);
    EXPECT_EQ(refusals, -2);
    sys::set_fault_hook(nullptr);
}

TEST(StackPool, WithoutAddressSpaceItSaysSo) {
    StackPool pool;
    {
        const Fault no_memory(sys::Call::mmap, ENOMEM);
        try {
            pool.acquire(0, owner);
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::not_enough_memory);
            EXPECT_NE(std::string(e.what()).find("ulimit -v"), std::string::npos) << e.what();
        }
    }
    EXPECT_EQ(pool.used(), 0u);
    pool.acquire(0, owner);  // it recovers
    EXPECT_EQ(pool.used(), 1u);
}

TEST(StackPool, FallsBackToGuardsByMprotect) {
    StackPool pool;
    {
        const Fault old_kernel(sys::Call::madvise, EINVAL);
        StackTop& stack = pool.acquire(0, owner);
        EXPECT_TRUE(pool.guards_cost_mappings());
        EXPECT_EQ(pool.guard_hit(stack.base), &stack);
        std::memset(const_cast<void*>(stack.bounds.bottom), 1, stack.bounds.size);
    }
    pool.acquire(0, owner);  // the kernel is not asked twice
    EXPECT_TRUE(pool.guards_cost_mappings());
}

TEST(StackPool, TheMappingLimitIsNamed) {
    StackPool pool;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        static int guards = 0;
        return call == sys::Call::madvise ? EINVAL : call == sys::Call::mprotect && ++guards > 2 ? ENOMEM : 0;
    });
    StackTop& first = pool.acquire(0, owner);
    pool.acquire(0, owner);
    try {
        pool.acquire(0, owner);
        ADD_FAILURE() << "nothing was thrown";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::not_enough_memory);
        const std::string what = e.what();
        EXPECT_NE(what.find("after 2 of them"), std::string::npos) << what;
        EXPECT_NE(what.find("vm.max_map_count"), std::string::npos) << what;
        EXPECT_NE(what.find("Linux 6.13"), std::string::npos) << what;
    }
    EXPECT_EQ(pool.used(), 2u);
    pool.release(first);
    EXPECT_EQ(&pool.acquire(0, owner), &first);  // a stack that has its guard serves on
    sys::set_fault_hook(nullptr);
    pool.acquire(0, owner);  // and the slot that had none gets one now
    EXPECT_EQ(pool.used(), 3u);
}

// Touches the guard as an overflow would. By fork alone, so that it is the guard that is seen under qemu as well.
TEST(StackPoolDeath, BothKindsOfGuardsFault) {
    GTEST_FLAG_SET(death_test_style, "fast");
    for (const int error : {0, EINVAL}) {
        EXPECT_EXIT(
            {
                const Fault maybe_an_old_kernel(sys::Call::madvise, error);
                StackPool pool;
                StackTop& stack = pool.acquire(0, owner);
                std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would end the process otherwise
                *const_cast<volatile std::byte*>(stack.base + 16 * kib - 1) = std::byte{1};
            },
            ::testing::KilledBySignal(SIGSEGV), "");
    }
}

}  // namespace
}  // namespace tendril::detail
