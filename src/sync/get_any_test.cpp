// SPDX-License-Identifier: MIT

#include <tendril/get_any.hpp>

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(GetAny, TakesFromTheOneThatHasAnItem) {
    Queue<int> numbers;
    Queue<std::string> words;
    PriorityQueue<int> smallest;
    Channel<int> channel;
    words.put("word");
    auto item = get_any(numbers, words, smallest, channel);
    ASSERT_EQ(item.index(), 1u);
    EXPECT_EQ(std::get<1>(item), "word");
    EXPECT_EQ(try_get_any(numbers, words), std::nullopt);
    smallest.put(2);
    smallest.put(1);
    EXPECT_EQ(std::get<2>(get_any(1s, numbers, words, smallest)), 1);
    const auto putter = spawn([&] { channel.put(7); });
    yield();
    EXPECT_EQ(std::get<1>(get_any(numbers, channel)), 7);
    EXPECT_TRUE(putter.join(60s));
}

TENDRIL_TEST(GetAny, WaitsInTheLineOfEach) {
    Queue<std::unique_ptr<int>> first;
    Channel<std::unique_ptr<int>> second;
    std::vector<std::string> order;
    const auto early = spawn([&] {
        first.get();
        order.emplace_back("get");
    });
    const auto any = spawn([&] {
        const auto item = get_any(second, first);
        order.push_back("any " + std::to_string(item.index()));
    });
    const auto late = spawn([&] {
        first.get();
        order.emplace_back("late");
    });
    yield();
    EXPECT_EQ(first.getting(), 3u);
    EXPECT_EQ(second.getting(), 1u);
    for (int i = 0; i < 3; ++i) {
        first.put(std::make_unique<int>(i));
    }
    EXPECT_EQ(join_all({early, any, late}), 3u);
    EXPECT_EQ(order, (std::vector<std::string>{"get", "any 1", "late"}));
    EXPECT_EQ(second.getting(), 0u);
    EXPECT_FALSE(second.try_put(std::make_unique<int>(9))) << "nobody waits there any more";
}

TENDRIL_TEST(GetAny, ATryPutIntoAChannelSeesIt) {
    Channel<int> channel;
    Queue<int> queue;
    const auto any = spawn([&] { return std::get<0>(get_any(channel, queue)); });
    yield();
    EXPECT_TRUE(channel.try_put(5));
    queue.put(6);
    EXPECT_EQ(any.get(), 5);
    EXPECT_EQ(queue.size(), 1u) << "one item is taken, not two";
}

TENDRIL_TEST(GetAny, TakesNothingWhenTheDeadlineOrAnInterruptComesFirst) {
    Queue<int> a;
    Queue<int> b;
    SharedQueue<int> c;
    EXPECT_THROW(get_any(1ms, a, b, c), Empty);
    EXPECT_THROW(get_any(0s, a, b), Empty);
    EXPECT_FALSE(with_timeout(1ms, [&] { get_any(a, b, c); }));
    const auto killed = spawn([&] { get_any(a, b, c); });
    yield();
    killed.kill();
    a.put(1);
    b.put(2);
    c.put(3);
    EXPECT_EQ(a.size() + b.size() + c.size(), 3u);
    EXPECT_EQ(a.getting() + b.getting() + c.getting(), 0u);
}

TENDRIL_TEST(GetAny, IsFairToAllThatHaveSomething) {
    std::array<Queue<int>, 3> queues;
    for (auto& each : queues) {
        for (int i = 0; i < 300; ++i) {
            each.put(i);
        }
    }
    std::map<std::size_t, int> taken;
    for (int i = 0; i < 300; ++i) {
        const auto [which, item] = get_any(queues);
        ++taken[which];
    }
    for (std::size_t i = 0; i < queues.size(); ++i) {
        EXPECT_GE(taken[i], 90) << i;
    }
}

TENDRIL_TEST(GetAny, OfARangeOfQueuesOrPointers) {
    Queue<int> a;
    Queue<int> b;
    const std::vector<Queue<int>*> both{&a, &b};
    b.put(4);
    EXPECT_EQ(get_any(both), (std::pair<std::size_t, int>(1, 4)));
    EXPECT_EQ(try_get_any(both), std::nullopt);
    EXPECT_THROW(get_any(both, 1ms), Empty);
    const auto waiter = spawn([&] { return get_any(both); });
    yield();
    a.put(3);
    EXPECT_EQ(waiter.get(), (std::pair<std::size_t, int>(0, 3)));
    EXPECT_THROW(get_any(std::vector<Queue<int>*>()), std::invalid_argument);
    EXPECT_THROW(get_any(std::vector<Queue<int>*>{&a, nullptr}), std::invalid_argument);
}

TENDRIL_TEST(GetAny, AQueueThatIsShutDownEndsItOnceNoneHasAnItem) {
    Queue<int> jobs;
    Queue<int> stop;
    jobs.put(1);
    const auto waiter = spawn([&] {
        int got = 0;
        EXPECT_THROW(
            for (;;) {
                get_any(stop, jobs);
                ++got;
            },
            ShutDown);
        return got;
    });
    yield();
    stop.shutdown();
    jobs.put(2);
    EXPECT_EQ(waiter.get(), 2) << "what is there goes first";
    jobs.put(3);
    EXPECT_EQ(get_any(stop, jobs).index(), 1u);
    EXPECT_THROW(static_cast<void>(try_get_any(stop, jobs)), ShutDown);
}

// A queue that another OS thread puts into, and shuts down, between two looks.
struct PutBetweenLooks {
    bool is_shut_down = false;
    bool has_item = false;

    detail::ChoiceSource source(std::optional<int>& slot) {
        return {this, &slot,
                [](void* self, void* into) {
                    auto& q = *static_cast<PutBetweenLooks*>(self);
                    if (!std::exchange(q.has_item, false)) {
                        return false;
                    }
                    static_cast<std::optional<int>*>(into)->emplace(7);
                    return true;
                },
                [](void* self) {
                    auto& q = *static_cast<PutBetweenLooks*>(self);
                    q.has_item = !std::exchange(q.is_shut_down, true);
                    return true;
                },
                [](void*, detail::Choice&, void*) { FAIL() << "there was something to take"; }};
    }
};

TENDRIL_TEST(GetAny, AnItemThatWasPutBeforeTheShutdownIsFound) {
    PutBetweenLooks queue;
    std::optional<int> slot;
    const detail::ChoiceSource source = queue.source(slot);
    EXPECT_EQ(detail::Choice::make(&source, 1, nullptr), 0u);
    EXPECT_EQ(slot, 7);
    EXPECT_THROW(detail::Choice::make(&source, 1, nullptr), ShutDown);
}

TENDRIL_TEST(GetAny, QueuesAreWaitable) {
    Queue<int> a;
    LifoQueue<int> b;
    Channel<int> channel;
    SharedQueue<int> shared;
    EXPECT_TRUE(wait({&a, &a}, 0s).empty());
    EXPECT_FALSE(a.ready());
    const auto waiter = spawn([&] {
        return wait({AnyWaitable(a), AnyWaitable(b), AnyWaitable(channel), AnyWaitable(shared)}, never, 1).front();
    });
    yield();
    b.put(1);
    EXPECT_TRUE(waiter.get().is(b));
    EXPECT_EQ(b.size(), 1u) << "nothing is taken";
    const auto putter = spawn([&] { channel.put(1); });
    shared.put(2);
    EXPECT_EQ(wait({AnyWaitable(shared), AnyWaitable(channel)}).size(), 2u);
    EXPECT_EQ(channel.get(), 1);
    a.shutdown();
    EXPECT_TRUE(a.ready()) << "get() would not wait";
    EXPECT_TRUE(putter.join(60s));
}

TENDRIL_TEST(GetAnyThreads, ItemsOfOtherOsThreadsComeOnceEach) {
    SharedQueue<int> shared;
    Queue<int> local;
    constexpr int n = 200;
    std::thread thread([&] {
        for (int i = 0; i < n; ++i) {
            shared.put(i);
        }
    });
    const auto putter = spawn([&] {
        for (int i = n; i < 2 * n; ++i) {
            local.put(i);
            yield();
        }
    });
    std::set<int> got;
    for (int i = 0; i < 2 * n; ++i) {
        const auto item = get_any(shared, local);
        EXPECT_TRUE(got.insert(std::visit([](int v) { return v; }, item)).second);
    }
    thread.join();
    EXPECT_EQ(got.size(), 2U * n);
    EXPECT_TRUE(shared.empty() && local.empty());
    EXPECT_TRUE(putter.join(60s));
}

TENDRIL_TEST(GetAnyThreads, SharedThingsAreWaitable) {
    SharedEvent event;
    SharedSemaphore semaphore(0);
    SharedQueue<int> queue;
    std::thread thread([&] {
        event.set();
        semaphore.release();
        queue.shutdown();
    });
    EXPECT_EQ(wait({AnyWaitable(event), AnyWaitable(semaphore), AnyWaitable(queue)}).size(), 3u);
    thread.join();
    for (int i = 0; i < 50; ++i) {  // an observer that leaves while it is being told
        SharedEvent next;
        std::thread setter([&] { next.set(); });
        static_cast<void>(wait({&next}, 0s));
        setter.join();
    }
    EXPECT_TRUE(semaphore.try_acquire());
}

}  // namespace
}  // namespace tendril
