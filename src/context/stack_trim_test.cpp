// SPDX-License-Identifier: MIT
//
// The stacks that a StackPool gives back, and those it keeps. The test controls time: age() is the pool's only clock.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "base/sys.hpp"
#include "context/stack_pool.hpp"

namespace tendril::detail {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::int64_t no_hurry = INT64_MAX;

struct Nobody : StackOwner {
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};
const Nobody owner;

// While it lives, counts the calls that give pages back.
class Discards {
public:
    Discards() {
        count_ = 0;
        sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
            count_ += call == sys::Call::madvise || call == sys::Call::mmap;
            return 0;
        });
    }
    ~Discards() { sys::set_fault_hook(nullptr); }
    int count() const { return count_; }

private:
    static inline std::atomic<int> count_;
};

// Written memory that was given back reads as zeros.
bool given_back(const std::byte* bottom) {
    return *bottom == std::byte{0};
}

// Whether the system refuses to read there.
bool unreadable(const std::byte* at) {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    const bool refused = ::write(pipe[1], at, 1) == -1 && errno == EFAULT;
    ::close(pipe[0]);
    ::close(pipe[1]);
    return refused;
}

long page_tables_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmPTE:")) {
            return std::stol(line.substr(6));
        }
    }
    return 0;
}

struct Used {
    StackPool pool;
    std::vector<StackTop*> all;
    std::vector<const std::byte*> bottoms;

    explicit Used(std::size_t n, std::size_t size = 0) {
        for (std::size_t i = 0; i < n; ++i) {
            StackTop& stack = pool.acquire(size, owner);
            all.push_back(&stack);
            bottoms.push_back(static_cast<const std::byte*>(stack.bounds.bottom));
            *const_cast<std::byte*>(bottoms.back()) = std::byte{0x5a};
        }
    }
    void release(std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            pool.release(*all[i]);
        }
    }
    std::size_t count_given_back(std::size_t begin, std::size_t end) const {
        std::size_t n = 0;
        for (std::size_t i = begin; i < end; ++i) {
            n += given_back(bottoms[i]);
        }
        return n;
    }
    // Does what the hub does at the end of an interval.
    void interval() {
        EXPECT_TRUE(pool.give_back(no_hurry));
        pool.age();
    }
};

TEST(StackTrim, ABurstGoesWithItsMappingsButForWhatIsKept) {
    Used burst(2000);
    const std::size_t mapped = burst.pool.mapped_bytes();
    EXPECT_GT(mapped, 2000 * 256 * kib);
    burst.release(0, 2000);
    EXPECT_TRUE(burst.pool.surplus());
    burst.interval();
    EXPECT_EQ(burst.pool.mapped_bytes(), mapped);  // it was not free through a whole interval
    burst.interval();
    EXPECT_FALSE(burst.pool.surplus());
    EXPECT_EQ(burst.pool.free(), StackPool::kept_bytes / StackPool::default_size);
    EXPECT_LE(burst.pool.mapped_bytes(), mapped / 10);  // a chunk whose guards are large
}

// Whatever the order in which they ended: else each of those that are kept would hold page tables of its own.
TEST(StackTrim, WhatIsKeptLiesTogether) {
    Used burst(320);
    for (std::size_t i = 0; i < 320; ++i) {
        burst.release(i * 97 % 320, i * 97 % 320 + 1);
    }
    burst.interval();
    burst.interval();
    const std::byte* lowest = nullptr;
    const std::byte* highest = nullptr;
    for (std::size_t i = 0; i < StackPool::kept_bytes / StackPool::default_size; ++i) {
        const auto* stack = reinterpret_cast<const std::byte*>(&burst.pool.acquire(0, owner));
        lowest = lowest == nullptr ? stack : std::min(lowest, stack);
        highest = std::max(highest, stack);
    }
    EXPECT_LE(highest - lowest, static_cast<std::ptrdiff_t>(4 * (256 + 1024) * kib));
    EXPECT_EQ(burst.pool.free(), 0u);
    EXPECT_LE(burst.pool.mapped_bytes(), 32 * (256 + 1024) * kib);
}

TEST(StackTrim, SomeAreKeptAlsoWhereTheLowestChunksAreInUse) {
    Used some(320);
    some.release(64, 320);
    some.interval();
    some.interval();
    EXPECT_EQ(some.pool.free(), StackPool::kept_bytes / StackPool::default_size);
}

TEST(StackTrim, OfChunksInUseThePagesGoInFewCalls) {
    Used some(64);
    some.release(0, 5);  // one stays in each of two chunks
    some.release(6, 60);
    some.release(61, 64);
    some.interval();
    const std::size_t mapped = some.pool.mapped_bytes();
    const Discards discards;
    some.interval();
    EXPECT_EQ(some.pool.mapped_bytes(), mapped);
    const std::size_t kept = some.pool.free();
    EXPECT_EQ(kept, 4u);
    EXPECT_EQ(some.count_given_back(0, 5) + some.count_given_back(6, 60) + some.count_given_back(61, 64), 62 - kept);
    EXPECT_LE(discards.count(), 4);  // runs of neighbours
    EXPECT_EQ(some.count_given_back(5, 6) + some.count_given_back(60, 61), 0u);
}

// For kernels before 6.13, where each guard is a mapping of its own.
TEST(StackTrim, PagesBetweenGuardsByMprotectGoToo) {
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::madvise ? EINVAL : 0; });
    Used some(40);
    sys::set_fault_hook(nullptr);
    ASSERT_TRUE(some.pool.guards_cost_mappings());
    some.release(0, 31);
    some.interval();
    some.interval();
    EXPECT_EQ(some.count_given_back(0, 31), 31 - some.pool.free());
    EXPECT_EQ(some.count_given_back(31, 40), 0u);
    for (int i = 0; i < 31; ++i) {
        StackTop& again = some.pool.acquire(0, owner);
        std::memset(const_cast<void*>(again.bounds.bottom), 1, again.bounds.size);
    }
}

TEST(StackTrim, SlotsOfChunksInUseServeAgainBeforeNewChunks) {
    Used some(320);
    some.release(0, 300);
    some.interval();
    some.interval();
    // The chunk in use, and the one that has what is kept: they are the same if the system placed it lowest.
    constexpr std::size_t per_chunk = 32;
    constexpr std::size_t smallest = per_chunk * (256 + 64) * kib;
    const std::size_t mapped = some.pool.mapped_bytes();
    const std::size_t slots = mapped == smallest ? per_chunk : 2 * per_chunk;
    for (std::size_t i = 320 - 300; i < slots; ++i) {
        some.pool.acquire(0, owner);
    }
    EXPECT_EQ(some.pool.mapped_bytes(), mapped);
}

TEST(StackTrim, WhatIsUsedInEveryIntervalStays) {
    Used load(500);
    const std::size_t mapped = load.pool.mapped_bytes();
    for (int second = 0; second < 5; ++second) {
        load.release(0, 500);
        load.interval();
        const Discards discards;
        for (std::size_t i = 0; i < 500; ++i) {
            load.all[i] = &load.pool.acquire(0, owner);
        }
        load.interval();
        EXPECT_EQ(discards.count(), 0);
    }
    EXPECT_EQ(load.count_given_back(0, 500), 0u);
    EXPECT_EQ(load.pool.mapped_bytes(), mapped);
}

TEST(StackTrim, TheLastFreedIsUsedFirstAcrossAges) {
    Used some(4);
    some.release(0, 2);
    some.pool.age();
    some.release(2, 4);
    for (const std::size_t i : {3u, 2u, 1u, 0u}) {
        EXPECT_EQ(&some.pool.acquire(0, owner), some.all[i]);
    }
}

// One of a chunk's stacks lives on.
TEST(StackTrim, TheirPageTablesGoWithThem) {
    Used some(32);
    some.release(0, 31);
    some.interval();
    const long before = page_tables_kib();
    some.interval();
    EXPECT_LE(page_tables_kib(), before - 12 * 4);  // of 20 for 32 guards of a megabyte; 4 stacks are kept
    EXPECT_EQ(some.count_given_back(0, 31), 27u);
}

TEST(StackTrim, WhereTheSystemRefusesAMappingThePagesGoAndTheGuardsStay) {
    Used some(32);
    some.release(0, 31);
    some.interval();
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::mmap ? ENOMEM : 0; });
    some.interval();
    sys::set_fault_hook(nullptr);
    EXPECT_EQ(some.count_given_back(0, 31), 27u);
    for (int i = 0; i < 31; ++i) {
        const StackTop& again = some.pool.acquire(0, owner);
        EXPECT_TRUE(unreadable(static_cast<const std::byte*>(again.bounds.bottom) - 1)) << i;
    }
}

TEST(StackTrim, GoesInSlices) {
    Used burst(2000);
    burst.release(0, 2000);
    burst.interval();
    int slices = 1;
    for (std::size_t before = burst.pool.mapped_bytes(); !burst.pool.give_back(0); ++slices) {
        EXPECT_LE(before - burst.pool.mapped_bytes(), 32 * (256 + 1024) * kib);  // one chunk at most
        before = burst.pool.mapped_bytes();
    }
    EXPECT_GT(slices, 2000 / 32 / 2);
    EXPECT_FALSE(burst.pool.surplus());
}

TEST(StackTrim, StacksTakenAmidTheSlicesAreWhole) {
    Used burst(200);
    burst.release(0, 200);
    burst.interval();
    std::vector<StackTop*> taken;
    while (!burst.pool.give_back(0)) {
        taken.push_back(&burst.pool.acquire(0, owner));
        std::memset(const_cast<void*>(taken.back()->bounds.bottom), 0x77, taken.back()->bounds.size);
        EXPECT_EQ(burst.pool.guard_hit(static_cast<const std::byte*>(taken.back()->bounds.bottom) - 1), taken.back());
    }
    EXPECT_FALSE(taken.empty());
    for (const StackTop* stack : taken) {
        EXPECT_EQ(*static_cast<const unsigned char*>(stack->bounds.bottom), 0x77);
    }
    EXPECT_EQ(burst.pool.used(), taken.size());
}

// One stack larger than what a slice may unmap is given back in pieces.
TEST(StackTrim, ALargeOneGoesInPieces) {
    Used one(1, std::size_t{64} << 20);
    one.release(0, 1);
    EXPECT_TRUE(one.pool.surplus());
    one.interval();
    int slices = 1;
    for (; !one.pool.give_back(0); ++slices) {
    }
    EXPECT_GE(slices, 8);
    EXPECT_EQ(one.pool.mapped_bytes(), 0u);
}

TEST(StackTrim, ManySmallOnesAreKeptByTheirBytes) {
    Used small(1000, 32 * kib);
    small.release(0, 1000);
    small.interval();
    small.interval();
    EXPECT_EQ(small.pool.free(), StackPool::kept_bytes / (32 * kib));
}

TEST(StackTrim, OneThatWasGivenBackServesAgainWithItsGuard) {
    Used some(33);
    some.release(0, 31);  // the first chunk stays for one of its slots
    some.interval();
    some.interval();
    std::vector<StackTop*> again;
    for (int i = 0; i < 31; ++i) {
        again.push_back(&some.pool.acquire(0, owner));
        const auto* bottom = static_cast<const std::byte*>(again.back()->bounds.bottom);
        std::memset(const_cast<void*>(again.back()->bounds.bottom), 1, again.back()->bounds.size);
        EXPECT_TRUE(unreadable(bottom - 1)) << i;
        EXPECT_TRUE(unreadable(bottom - again.back()->chunk->guard())) << i << " " << again.back()->chunk->guard();
    }
    GTEST_FLAG_SET(death_test_style, "fast");
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, SIG_DFL);
            for (StackTop* stack : again) {
                if (some.pool.guard_hit(static_cast<const std::byte*>(stack->bounds.bottom) - 1) != stack) {
                    std::_Exit(1);
                }
            }
            auto* bottom = static_cast<volatile std::byte*>(const_cast<void*>(again.back()->bounds.bottom));
            bottom[-1] = std::byte{1};
        },
        ::testing::KilledBySignal(SIGSEGV), "");
}

#ifndef TENDRIL_TEST_UNDER_EMULATOR  // its mincore() fails

TEST(StackTrim, AFreeSlotThatIsGivenBackHoldsNoPageAtAll) {
    Used some(40);
    StackTop& stays = *some.all[39];
    some.release(0, 39);
    some.interval();
    some.interval();
    // The lower chunk was unmapped whole, or surrounds what is kept; checked from the system's side.
    const auto resident = [](const void* from, std::size_t size) {
        std::vector<unsigned char> in_core(size / sys::page_size());
        EXPECT_EQ(::mincore(const_cast<void*>(from), size, in_core.data()), 0);
        std::size_t n = 0;
        for (const unsigned char page : in_core) {
            n += page & 1u;
        }
        return n;
    };
    const StackChunk& chunk = *stays.chunk;
    EXPECT_LE(resident(chunk.base(), chunk.bytes()), 2 * (some.pool.used() + some.pool.free()));
}

#endif

}  // namespace
}  // namespace tendril::detail
