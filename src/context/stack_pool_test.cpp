// SPDX-License-Identifier: MIT

#include "context/stack_pool.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/on_exit.hpp"
#include "base/sys.hpp"

namespace tendril::detail {
namespace {

constexpr std::size_t kib = 1024;

struct Nobody : StackOwner {
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};
const Nobody owner;

// While it lives, makes one kind of call fail, from the n-th on.
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

std::byte* bottom_of(const StackTop& stack) {
    return static_cast<std::byte*>(const_cast<void*>(stack.bounds.bottom));
}

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
    EXPECT_GE(stack.bounds.size, 64 * kib - 2 * kib - sizeof(StackTop));
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
    EXPECT_EQ(pool.guard_hit(bottom_of(second) - 1), &second);
    EXPECT_EQ(pool.guard_hit(bottom_of(second) - StackPool::large_guard), &second);
    EXPECT_EQ(pool.guard_hit(bottom_of(second)), nullptr);
    EXPECT_EQ(pool.guard_hit(bottom_of(first) - 1), &first);
    EXPECT_EQ(pool.guard_hit(&pool), nullptr);
    pool.release(second);
    EXPECT_EQ(pool.guard_hit(bottom_of(second) - 1), nullptr);  // free: no overflow
}

TEST(StackPool, TheFirstGuardsAreLargeAndAllAreAsLargeAsProbesNeed) {
    StackPool pool;
    for (std::size_t i = 0; i < StackPool::with_large_guard; ++i) {
        ASSERT_EQ(pool.acquire(0, owner).chunk->guard(), StackPool::large_guard) << i;
    }
    EXPECT_EQ(pool.acquire(0, owner).chunk->guard(), 64 * kib);
    EXPECT_EQ(pool.acquire(32 * kib, owner).chunk->guard(), StackPool::large_guard);  // a stack of another size
}

// Whether a byte can be read, as the system sees it. By a pipe, for emulators have no process_vm_readv().
bool readable(const std::byte* at) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const bool was_read = ::write(ends[1], at, 1) == 1;
    ::close(ends[0]);
    ::close(ends[1]);
    return was_read;
}

std::size_t madvise_calls = 0;

TEST(StackPool, ManyGetTheirGuardsAndFirstPagesTogether) {
    StackPool pool;
    std::vector<StackTop*> all;
    const auto take_some = [&](std::size_t n) {
        madvise_calls = 0;
        sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
            madvise_calls += call == sys::Call::madvise ? 1 : 0;
            return 0;
        });
        for (std::size_t i = 0; i < n; ++i) {
            all.push_back(&pool.acquire(0, owner));
        }
        sys::set_fault_hook(nullptr);
        return madvise_calls;
    };
    EXPECT_GE(take_some(StackPool::with_calls_each), pool.guards_cost_mappings() ? 1 : StackPool::with_calls_each);
    const std::size_t calls = take_some(128);
    EXPECT_TRUE(calls <= 8 || calls > 128 || pool.guards_cost_mappings()) << calls;  // in between: on no kernel
    for (StackTop* stack : all) {
        ASSERT_FALSE(readable(bottom_of(*stack) - 1));
        ASSERT_FALSE(readable(bottom_of(*stack) - 64 * kib));
        ASSERT_TRUE(readable(bottom_of(*stack)));
        *bottom_of(*stack) = std::byte{1};
    }
}

TEST(StackPool, EachGetsItsGuardAloneWhereTheyCannotBeHadTogether) {
    StackPool pool;
    static int together = 0;
    together = 0;
    for (std::size_t i = 0; i < StackPool::with_calls_each; ++i) {
        pool.acquire(0, owner);
    }
    if (pool.guards_cost_mappings()) {
        GTEST_SKIP() << "guards are mappings here";
    }
    std::vector<StackTop*> all;
    {
        const OnExit unhooked([] { sys::set_fault_hook(nullptr); });
        sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
            return call == sys::Call::madvise && ++together == 1 ? EPERM : 0;
        });
        for (int i = 0; i < 64; ++i) {
            all.push_back(&pool.acquire(0, owner));
        }
    }
    EXPECT_GE(together, 64);
    for (StackTop* stack : all) {
        ASSERT_FALSE(readable(bottom_of(*stack) - 1));
    }
}

TEST(StackPool, FindsTheStackOfAnAddressAmongMany) {
    StackPool pool;
    std::vector<StackTop*> all;
    for (int i = 0; i < 300; ++i) {
        all.push_back(&pool.acquire(i % 3 == 0 ? 64 * kib : i % 3 == 1 ? 0 : std::size_t{16} << 20, owner));
    }
    for (StackTop* stack : all) {
        EXPECT_EQ(pool.find(bottom_of(*stack)), stack);
        EXPECT_EQ(pool.find(stack->top() - 1), stack);
        EXPECT_EQ(pool.find(bottom_of(*stack) - 1), stack);
    }
    EXPECT_EQ(pool.find(&pool), nullptr);
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

#ifndef TENDRIL_TSAN  // its fiber for each stack takes mappings of its own
std::size_t mappings() {
    std::ifstream maps("/proc/self/maps");
    return static_cast<std::size_t>(
        std::count(std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>(), '\n'));
}

// The kernel joins adjacent chunks, so that many stacks take few mappings.
TEST(StackPool, ManyStacksTakeFewMappings) {
    StackPool pool;
    const std::size_t before = mappings();
    for (int i = 0; i < 1024; ++i) {
        pool.acquire(0, owner);
    }
    EXPECT_LE(mappings(), before + (pool.guards_cost_mappings() ? 2048 + 64 : 64));
}
#endif

#ifndef TENDRIL_TEST_UNDER_EMULATOR  // which need not grant wishes
TEST(StackPool, StacksThatAreTakenInARowLieInARow) {
    StackPool pool;
    const StackTop* last = nullptr;
    for (int i = 0; i < 1024; ++i) {
        const StackTop& stack = pool.acquire(0, owner);
        EXPECT_GT(&stack, last) << i;
        last = &stack;
    }
}
#endif

TEST(StackPool, AChunkThatTheSystemRefusesIsTriedSmaller) {
    StackPool pool;
    static std::atomic<int> refusals;
    refusals = 3;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        return call == sys::Call::mmap && refusals-- > 0 ? ENOMEM : 0;
    });
    for (int i = 0; i < 4; ++i) {
        pool.acquire(0, owner);  // 32 slots become 4
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
        EXPECT_EQ(pool.guard_hit(bottom_of(stack) - 1), &stack);
        std::memset(const_cast<void*>(stack.bounds.bottom), 1, stack.bounds.size);
    }
    pool.acquire(0, owner);  // it does not ask the kernel twice
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
    EXPECT_EQ(&pool.acquire(0, owner), &first);  // a stack that has its guard is reused
    sys::set_fault_hook(nullptr);
    pool.acquire(0, owner);  // and the slot that had no guard gets one now
    EXPECT_EQ(pool.used(), 3u);
}

// Touches the guard as an overflow would. Uses fork() alone, so that the guard is what is seen under qemu too.
TEST(StackPoolDeath, BothKindsOfGuardsFault) {
    GTEST_FLAG_SET(death_test_style, "fast");
    for (const int error : {0, EINVAL}) {
        EXPECT_EXIT(
            {
                const Fault maybe_an_old_kernel(sys::Call::madvise, error);
                StackPool pool;
                StackTop& stack = pool.acquire(0, owner);
                std::signal(SIGSEGV, SIG_DFL);  // else a sanitizer's handler would end the process
                *const_cast<volatile std::byte*>(bottom_of(stack) - 1) = std::byte{1};
            },
            ::testing::KilledBySignal(SIGSEGV), "");
    }
}

}  // namespace
}  // namespace tendril::detail
