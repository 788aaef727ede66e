// SPDX-License-Identifier: MIT

#include <tendril/queue.hpp>
#include <tendril/shared_event.hpp>

#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Queue, RefusesACapacityOfZeroAndNamesChannel) {
    try {
        Queue<int> queue(0);
        ADD_FAILURE();
    } catch (const std::invalid_argument& e) {
        EXPECT_NE(std::string(e.what()).find("tendril::Channel"), std::string::npos) << e.what();
    }
}

TENDRIL_TEST(Queue, AFailedPutLeavesItsArgumentUnmoved) {
    Queue<std::unique_ptr<int>> queue(1);
    queue.put(std::make_unique<int>(1));
    auto second = std::make_unique<int>(2);
    EXPECT_THROW(queue.put(std::move(second), 1ms), Full);
    EXPECT_FALSE(queue.try_put(std::move(second)));
    EXPECT_FALSE(with_timeout(1ms, [&] { queue.put(std::move(second)); }));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(*queue.get(), 1);
    queue.put(std::move(second));
    EXPECT_EQ(second, nullptr);
}

TENDRIL_TEST(Queue, LifoGivesTheNewestFirst) {
    LifoQueue<int> queue;
    for (int i : {1, 2, 3}) {
        queue.put(i);
    }
    EXPECT_EQ(queue.get(), 3);
    EXPECT_EQ(queue.get(), 2);
    EXPECT_EQ(queue.get(), 1);
}

TENDRIL_TEST(Queue, PriorityGivesTheSmallestFirstAndIsStable) {
    struct Job {
        int priority;
        char name;
        bool operator<(const Job& other) const { return priority < other.priority; }
    };
    PriorityQueue<Job> queue;
    for (const Job& job : {Job{2, 'a'}, Job{1, 'b'}, Job{2, 'c'}, Job{1, 'd'}, Job{2, 'e'}}) {
        queue.put(job);
    }
    std::string order;
    while (!queue.empty()) {
        order += queue.get().name;
    }
    EXPECT_EQ(order, "bdace");
}

TENDRIL_TEST(Queue, ManyPuttersAndGettersLoseAndDoubleNothing) {
    Queue<int> queue(3);
    std::vector<int> seen(1000);
    std::vector<Greenlet<void>> all;
    for (int p = 0; p < 10; ++p) {
        all.push_back(spawn([&, p] {
            for (int i = 0; i < 100; ++i) {
                queue.put(p * 100 + i);
                if (i % 7 == 0) {
                    yield();
                }
            }
        }));
    }
    for (int g = 0; g < 5; ++g) {
        all.push_back(spawn([&] {
            for (int i = 0; i < 200; ++i) {
                ++seen[static_cast<std::size_t>(queue.get())];
                if (i % 5 == 0) {
                    yield();
                }
            }
        }));
    }
    join_all(all, {.raise_error = true});
    EXPECT_EQ(seen, std::vector<int>(1000, 1));
}

TENDRIL_TEST(QueueThreads, AForeignOsThreadIsRefused) {
    Queue<int> queue;
    queue.put(1);
    std::thread([&] { EXPECT_THROW(queue.put(2), WrongThread); }).join();
    EXPECT_EQ(queue.get(), 1);
}

void destroy_while_waited_for() {
    auto event = std::make_unique<Event>();
    spawn_n([&] { event->wait(); });
    yield();
    event.reset();
}

void destroy_while_waited_for_by_many() {
    auto event = std::make_unique<SharedEvent>();
    for (int i = 0; i < 30; ++i) {
        spawn_n([&] { event->wait(); });
    }
    yield();
    event.reset();
}

TEST(WaitQueueDeathTest, DestroyingWhatIsWaitedForNamesTheWaiters) {
    EXPECT_DEATH(destroy_while_waited_for(), "an Event was destroyed while green threads waited for it: [0-9]+");
    EXPECT_DEATH(destroy_while_waited_for_by_many(), "waited for it: ([0-9]+, ){19}[0-9]+ and 10 more;");
}

TENDRIL_TEST(Queue, NegativeSizesAreRefusedAndNameTheNumber) {
    try {
        const Queue<int> queue(-2);
        ADD_FAILURE();
    } catch (const std::invalid_argument& e) {
        EXPECT_NE(std::string(e.what()).find("-2"), std::string::npos) << e.what();
    }
    Queue<int> queue(2);
    EXPECT_THROW(queue.resize(-1), std::invalid_argument);
    EXPECT_EQ(queue.capacity(), 2u);
    EXPECT_THROW(Semaphore(-1), std::invalid_argument);
    EXPECT_THROW(BoundedSemaphore(-1), std::invalid_argument);
    Semaphore semaphore;
    EXPECT_THROW(semaphore.release(-1), std::invalid_argument);
    EXPECT_EQ(semaphore.available(), 1u);
}

template <class Q>
std::vector<int> drained(Q& queue) {
    std::vector<int> all;
    while (const auto item = queue.try_get()) {
        all.push_back(*item);
    }
    return all;
}

template <class Q>
void check_copies(const std::vector<int>& order) {
    static_assert(!std::is_copy_constructible_v<Q>, "only by name");
    Q queue(3, {2, 3, 1, 3});
    EXPECT_EQ(queue.items(), order);
    Q copy = queue.copy();
    EXPECT_EQ(copy.capacity(), 3u);
    EXPECT_EQ(copy.items(), order);
    EXPECT_EQ(drained(copy), order);
    EXPECT_EQ(copy.items(), std::vector<int>());
    EXPECT_EQ(queue.size(), 4u) << "its own";

    const auto putter = spawn([&] { queue.put(0); });
    yield();
    EXPECT_EQ(queue.items(), order) << "not yet in it";
    Q later = queue.copy();
    EXPECT_EQ(later.putting(), 0u);
    queue.shutdown();
    EXPECT_THROW(putter.get(), ShutDown);
    EXPECT_EQ(queue.copy().is_shut_down(), false);
    EXPECT_EQ(drained(later), order);
    EXPECT_EQ(drained(queue), order);
}

TENDRIL_TEST(Queue, IsCopiedByNameWithItsItemsInTheirOrder) {
    check_copies<Queue<int>>({2, 3, 1, 3});
    check_copies<LifoQueue<int>>({3, 1, 3, 2});
    check_copies<PriorityQueue<int>>({1, 2, 3, 3});
    check_copies<PriorityQueue<int, std::greater<>>>({3, 3, 2, 1});
}

// The ring of a Queue that went round; and equal items of a PriorityQueue stay in the order of their coming.
TENDRIL_TEST(Queue, ACopyIsInTheSameState) {
    Queue<int> queue;
    for (int i = 0; i < 12; ++i) {
        queue.put(i);
        if (i >= 6) {
            EXPECT_EQ(queue.get(), i - 6);
        }
    }
    EXPECT_EQ(queue.items(), (std::vector{6, 7, 8, 9, 10, 11}));
    Queue<int> copy = queue.copy();
    copy.put(12);
    EXPECT_EQ(drained(copy), (std::vector{6, 7, 8, 9, 10, 11, 12}));

    using Pair = std::pair<int, char>;
    const auto by_number = [](const Pair& a, const Pair& b) { return a.first < b.first; };
    using Ranked = PriorityQueue<Pair, bool (*)(const Pair&, const Pair&)>;
    Ranked ranked(unbounded, {{1, 'a'}, {0, 'b'}, {1, 'c'}, {0, 'd'}},
                  detail::Heap<Pair, bool (*)(const Pair&, const Pair&)>(by_number));
    Ranked other = ranked.copy();
    other.put({1, 'e'});
    std::string letters;
    for (const Pair& each : other.items()) {
        letters += each.second;
    }
    EXPECT_EQ(letters, "bdace");
}

TENDRIL_TEST(Queue, ACopyThatFailsChangesNothing) {
    struct Fragile {
        int* copies_left;
        explicit Fragile(int* left) : copies_left(left) {}
        Fragile(Fragile&&) noexcept = default;
        Fragile(const Fragile& other) : copies_left(other.copies_left) {
            if (--*copies_left < 0) {
                throw std::runtime_error("no copy");
            }
        }
    };
    int left = 100;
    Queue<Fragile> queue;
    for (int i = 0; i < 3; ++i) {
        queue.put(Fragile(&left));
    }
    left = 2;
    EXPECT_THROW(static_cast<void>(queue.items()), std::runtime_error);
    left = 2;
    EXPECT_THROW(static_cast<void>(queue.copy()), std::runtime_error);
    EXPECT_EQ(queue.size(), 3u);
    left = 3;
    EXPECT_EQ(queue.copy().size(), 3u);
}

TENDRIL_TEST(QueueThreads, IsCopiedByItsOwnOsThread) {
    Queue<int> queue(unbounded, {1});
    queue.put(2);
    std::thread([&] { EXPECT_THROW(static_cast<void>(queue.copy()), WrongThread); }).join();
    std::thread([&] { EXPECT_THROW(static_cast<void>(queue.items()), WrongThread); }).join();
}

TENDRIL_TEST(Queue, IsAnInputRange) {
    static_assert(std::ranges::input_range<Queue<std::unique_ptr<int>>>);
    Queue<int> queue;
    queue.put(1);
    queue.put(2);
    queue.shutdown();
    const auto end = queue.end();
    auto it = queue.begin();
    EXPECT_EQ(*it, 1);
    it++;
    EXPECT_EQ(*it, 2);
    ++it;
    EXPECT_TRUE(it == end);
}

}  // namespace
}  // namespace tendril
