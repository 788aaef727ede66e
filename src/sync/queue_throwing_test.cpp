// SPDX-License-Identifier: MIT
//
// A comparison that throws inside a PriorityQueue: what was put stays there, what was not stays with its putter, and
// the exception comes to the one whose item it was.

#include <tendril/channel.hpp>
#include <tendril/queue.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Item = std::unique_ptr<std::string>;

// Compares until `left` comparisons have been made, then throws once. Moved-from items must not be seen.
struct Less {
    int* left;
    bool operator()(const Item& a, const Item& b) const {
        EXPECT_TRUE(a != nullptr && b != nullptr);
        if (*left == 0) {
            *left = -1;
            throw std::runtime_error("compare");
        }
        *left -= *left > 0 ? 1 : 0;
        return *a < *b;
    }
};

using Throwing = PriorityQueue<Item, Less>;

struct Fixture {
    int left = -1;
    std::vector<std::string> inside;
    Throwing queue{unbounded, detail::Heap<Item, Less>(Less{&left})};

    explicit Fixture(unsigned size) {
        std::mt19937 random(size);  // NOLINT: the same each time
        for (unsigned i = 0; i < size; ++i) {
            inside.push_back(std::to_string(random() % 20));
            queue.put(std::make_unique<std::string>(inside.back()));
        }
        std::sort(inside.begin(), inside.end());
    }
    void expect_all_inside() {
        left = -1;
        ASSERT_EQ(queue.size(), inside.size());
        for (const std::string& each : inside) {
            ASSERT_EQ(*queue.get(), each);
        }
    }
};

// After how many comparisons a call on a queue of `size` can throw: as many as it makes.
template <class F>
void at_each_comparison(unsigned size, F f) {
    for (int n = 0;; ++n) {
        Fixture fixture(size);
        fixture.left = n;
        const bool threw = f(fixture);
        fixture.expect_all_inside();
        if (!threw || ::testing::Test::HasFatalFailure()) {
            return;
        }
    }
}

TENDRIL_TEST(QueueThrowing, AComparisonThatThrowsInPutChangesNothing) {
    for (unsigned size = 0; size < 18; ++size) {
        for (const char* text : {"", "11", "z"}) {
            at_each_comparison(size, [&](Fixture& f) {
                Item item = std::make_unique<std::string>(text);
                try {
                    f.queue.put(std::move(item));
                } catch (const std::runtime_error&) {
                    EXPECT_TRUE(item != nullptr && *item == text) << "moved, though the put failed";
                    return true;
                }
                f.inside.push_back(text);
                std::sort(f.inside.begin(), f.inside.end());
                return false;
            });
        }
    }
}

TENDRIL_TEST(QueueThrowing, AComparisonThatThrowsInGetLosesNoItem) {
    for (unsigned size = 1; size < 18; ++size) {
        at_each_comparison(size, [](Fixture& f) {
            try {
                EXPECT_EQ(*f.queue.get(), f.inside.front());
            } catch (const std::runtime_error&) {
                return true;
            }
            f.inside.erase(f.inside.begin());
            return false;
        });
    }
}

TENDRIL_TEST(QueueThrowing, AWaitingPuttersComparisonIsItsOwnMatter) {
    int left = -1;
    Throwing queue(2, detail::Heap<Item, Less>(Less{&left}));
    queue.put(std::make_unique<std::string>("b"));
    queue.put(std::make_unique<std::string>("c"));
    Item item = std::make_unique<std::string>("a");
    const auto failing = spawn([&] { queue.put(std::move(item)); });
    const auto waiting = spawn([&] { queue.put(std::make_unique<std::string>("d")); });
    yield();
    ASSERT_EQ(queue.putting(), 2u);
    left = 0;  // get() itself compares nothing here: one item is left
    EXPECT_EQ(*queue.get(), "b");
    EXPECT_EQ(left, -1) << "the putter's item was compared";
    EXPECT_EQ(queue.size(), 2u) << "the next putter has been let in";
    EXPECT_EQ(*queue.get(), "c");
    EXPECT_EQ(*queue.get(), "d");
    EXPECT_TRUE(failing.join(60s) && failing.successful()) << "it tried again, and now it went";
    EXPECT_TRUE(waiting.join(60s));
    EXPECT_EQ(*queue.get(), "a");
}

TENDRIL_TEST(QueueThrowing, APutterThatTriesAgainGetsItsException) {
    struct Always {
        bool* throws;
        bool operator()(int a, int b) const { return *throws ? throw std::runtime_error("compare") : a < b; }
    };
    bool throws = false;
    PriorityQueue<int, Always> queue(2, detail::Heap<int, Always>(Always{&throws}));
    queue.put(1);
    queue.put(2);
    const auto failing = spawn([&] { queue.put(3); });
    yield();
    throws = true;
    EXPECT_EQ(queue.get(), 1);
    EXPECT_THROW(failing.get(), std::runtime_error);
    throws = false;
    EXPECT_EQ(queue.get(), 2);
    EXPECT_TRUE(queue.empty());
}

TENDRIL_TEST(QueueThrowing, ADroppedItemsDestructorFindsTheQueueEmpty) {
    struct Asks {
        std::function<void()> ask;
        ~Asks() { ask(); }
    };
    using Ptr = std::shared_ptr<Asks>;
    LifoQueue<Ptr> newest;
    PriorityQueue<Ptr> smallest;
    std::size_t seen = 0;
    for (int i = 0; i < 3; ++i) {
        newest.put(Ptr(new Asks{[&] { seen += newest.size(); }}));
        smallest.put(Ptr(new Asks{[&] { seen += smallest.size(); }}));
    }
    newest.shutdown(true);
    smallest.shutdown(true);
    EXPECT_EQ(seen, 0u);
}

TENDRIL_TEST(QueueThrowing, AnItemWhoseCopyThrowsChangesNothing) {
    struct Copied {
        int number = 0;
        Copied(int n) : number(n) {}
        Copied(const Copied& other) : number(other.number) { throw std::runtime_error("copy"); }
        Copied(Copied&&) noexcept = default;
        Copied& operator=(Copied&&) = delete;
    };
    Queue<Copied> queue;
    Channel<Copied> channel;
    const auto getter = spawn([&] { return queue.get().number + channel.get().number; });
    yield();
    const Copied item(1);
    EXPECT_THROW(queue.put(item), std::runtime_error);
    EXPECT_THROW(channel.put(item), std::runtime_error);
    EXPECT_EQ(queue.getting(), 1u);
    queue.put(Copied(1));
    channel.put(Copied(2));
    EXPECT_EQ(getter.get(), 3);
}

}  // namespace
}  // namespace tendril
