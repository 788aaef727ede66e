// SPDX-License-Identifier: MIT
//
// Fifo, the ring that a Queue keeps its items in.

#include <tendril/detail/sync/queue_store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

struct Counted {
    static inline int live = 0;
    int number;
    explicit Counted(int n) : number(n) { ++live; }
    Counted(Counted&& other) noexcept : number(std::exchange(other.number, -1)) { ++live; }
    Counted& operator=(Counted&&) = delete;
    ~Counted() { --live; }
};

TEST(FifoStore, KeepsTheOrderWhileItGrowsWrapsAndShrinks) {
    std::mt19937 random(1);  // NOLINT: the same walk each time
    Fifo<Counted> items;
    int in = 0;
    int out = 0;
    for (int phase = 0; phase < 40; ++phase) {
        const bool filling = phase % 2 == 0;
        for (auto steps = random() % 4000; steps > 0; --steps) {
            if (random() % 4 != 0 ? filling : !filling) {
                items.push(Counted(in++));
            } else if (items.size() != 0) {
                std::optional<Counted> item;
                items.take(item);
                ASSERT_EQ(item->number, out++);
            }
            ASSERT_EQ(items.size(), static_cast<std::size_t>(in - out));
            ASSERT_EQ(Counted::live, in - out);
        }
        if (phase % 10 == 9) {
            items.clear();
            out = in;
        }
    }
    items.push(Counted(in++));
    items.clear();
    EXPECT_EQ(items.size(), 0u);
    EXPECT_EQ(Counted::live, 0);
}

TEST(FifoStore, DestroysWhatIsLeft) {
    {
        Fifo<Counted> items;
        for (int i = 0; i < 3000; ++i) {
            items.push(Counted(i));
        }
        Fifo<Counted> moved(std::move(items));
        EXPECT_EQ(moved.size(), 3000u);
        EXPECT_EQ(moved.front().number, 0);
    }
    EXPECT_EQ(Counted::live, 0);
}

TEST(FifoStore, ADestructorOfADroppedItemFindsItEmpty) {
    struct Asks {
        Fifo<std::shared_ptr<Asks>>* items;
        std::size_t* seen;
        ~Asks() { *seen += items->size(); }
    };
    std::size_t seen = 0;
    Fifo<std::shared_ptr<Asks>> items;
    for (int i = 0; i < 3; ++i) {
        items.push(std::shared_ptr<Asks>(new Asks{&items, &seen}));
    }
    items.clear();
    EXPECT_EQ(seen, 0u);
}

TEST(FifoStore, AnItemMayDemandItsAlignment) {
    struct alignas(128) Line {
        int number;
    };
    Fifo<Line> items;
    for (int i = 0; i < 20; ++i) {
        items.push(Line{i});
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&items.front()) % 128, 0u);
    }
}

}  // namespace
}  // namespace tendril::detail
