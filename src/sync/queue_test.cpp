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
