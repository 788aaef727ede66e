// SPDX-License-Identifier: MIT

#include "context/slabs.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/sys.hpp"
#include "faults.hpp"

namespace tendril::detail {
namespace {

constexpr std::size_t size = 192;
constexpr std::int64_t no_hurry = INT64_MAX;

std::vector<void*> take(Slabs& slabs, std::size_t n) {
    std::vector<void*> all;
    for (std::size_t i = 0; i < n; ++i) {
        all.push_back(slabs.allocate());
        std::memset(all.back(), 1, size);
    }
    return all;
}

// Returns how many objects a block has.
std::size_t per_block() {
    Slabs slabs(size);
    std::vector<void*> all;
    while (slabs.blocks() < 2) {
        all.push_back(slabs.allocate());
    }
    std::for_each(all.begin(), all.end(), &Slabs::free);
    return all.size() - 1;
}

TEST(Slabs, ObjectsAreApartAndAligned) {
    for (const std::size_t bytes : {64u, 192u, 512u}) {
        Slabs slabs(bytes);
        std::set<std::byte*> all;
        while (slabs.blocks() < 3) {
            all.insert(static_cast<std::byte*>(slabs.allocate()));
        }
        EXPECT_GE(all.size(), 2 * (Slabs::block_bytes - 1024) / bytes);
        const std::byte* last = nullptr;
        for (std::byte* each : all) {
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(each) % Slabs::granule, 0u);
            EXPECT_TRUE(last == nullptr || each - last >= static_cast<std::ptrdiff_t>(bytes));
            last = each;
        }
        std::for_each(all.begin(), all.end(), &Slabs::free);
        EXPECT_EQ(slabs.blocks(), 1u);
    }
}

TEST(Slabs, EmptyBlocksAreUnmappedAndTheOldestIsKept) {
    const std::size_t n = per_block();
    for (const bool backwards : {false, true}) {
        Slabs slabs(size);
        std::vector<void*> all = take(slabs, 4 * n);
        EXPECT_EQ(slabs.blocks(), 4u);
        void* const first = all.front();
        if (backwards) {
            std::reverse(all.begin(), all.end());
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            Slabs::free(all[i]);
            EXPECT_EQ(slabs.blocks(), std::max<std::size_t>(1, 4 - (i + 1) / n + (i + 1 >= n ? 1 : 0)));
        }
        EXPECT_EQ(slabs.allocate(), first) << backwards;
        Slabs::free(first);
    }
}

TEST(Slabs, IdlePlacesServeBeforeNewBlocksAndTheLowestFirst) {
    const std::size_t n = per_block();
    Slabs slabs(size);
    const std::vector<void*> all = take(slabs, 2 * n);
    for (const std::size_t i : {std::size_t{90}, std::size_t{7}, std::size_t{300}}) {
        Slabs::free(all[i]);
    }
    for (const std::size_t i : {std::size_t{7}, std::size_t{90}, std::size_t{300}}) {
        EXPECT_EQ(slabs.allocate(), all[i]);
    }
    EXPECT_EQ(slabs.blocks(), 2u);
    std::for_each(all.begin(), all.end(), &Slabs::free);
}

// Each hundredth lives on: it keeps its page, and its value.
TEST(Slabs, IdlePagesOfABlockInUseAreGivenBackOnce) {
    const std::size_t n = per_block();
    Slabs slabs(size);
    std::vector<void*> all = take(slabs, n);
    for (std::size_t i = 0; i < n; ++i) {
        if (i % 100 != 50) {
            Slabs::free(all[i]);
        }
    }
    const auto discard = [&] { slabs.discard(no_hurry); };
    EXPECT_GE(testing::count_calls(sys::Call::madvise, discard), sys::page_size() == 4096 ? n / 100 : 0);
    EXPECT_EQ(testing::count_calls(sys::Call::madvise, discard), 0u);
    for (std::size_t i = 50; i < n; i += 100) {
        EXPECT_EQ(static_cast<const char*>(all[i])[size - 1], 1);
        Slabs::free(all[i]);
    }
    EXPECT_EQ(testing::count_calls(sys::Call::madvise, discard), 1u);  // all but kept_bytes of the last block
    EXPECT_EQ(testing::count_calls(sys::Call::madvise, discard), 0u);
}

TEST(Slabs, GivesPagesBackInSlices) {
    const std::size_t n = per_block();
    Slabs slabs(size);
    const std::vector<void*> all = take(slabs, 3 * n);
    for (const std::size_t i : {std::size_t{100}, n + 100, 2 * n + 100}) {
        Slabs::free(all[i]);
    }
    EXPECT_FALSE(slabs.discard(0));
    EXPECT_FALSE(slabs.discard(0));
    EXPECT_FALSE(slabs.discard(0));
    EXPECT_TRUE(slabs.discard(0));
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i % n != 100) {
            Slabs::free(all[i]);
        }
    }
    EXPECT_EQ(slabs.blocks(), 1u);
}

TEST(Slabs, AnObjectMayOutliveThem) {
    const std::size_t n = per_block();
    auto slabs = std::make_unique<Slabs>(size);
    const std::vector<void*> all = take(*slabs, n + 2);  // a full block and another
    Slabs::free(all[n]);
    slabs.reset();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != n) {
            EXPECT_EQ(*static_cast<const char*>(all[i]), 1);
            Slabs::free(all[i]);
        }
    }
}

TEST(Slabs, WithoutMemoryTheyThrowAndRecover) {
    Slabs slabs(size);
    {
        const testing::Faults faults({{.call = sys::Call::mmap, .fault = ENOMEM}});
        EXPECT_THROW(slabs.allocate(), std::bad_alloc);
        EXPECT_EQ(faults.happened(), 1u);
    }
    EXPECT_EQ(slabs.blocks(), 0u);
    Slabs::free(slabs.allocate());
    EXPECT_EQ(slabs.blocks(), 1u);
}

}  // namespace
}  // namespace tendril::detail
