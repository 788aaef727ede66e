// SPDX-License-Identifier: MIT
//
// First items of a queue's constructor.

#include <array>
#include <cstddef>
#include <forward_list>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/queue.hpp>
#include <tendril/shared_queue.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// A range whose items are made as it is walked: make(0) to make(n - 1).
template <class F>
class Made {
public:
    struct Iterator {
        using difference_type = std::ptrdiff_t;
        using value_type = std::invoke_result_t<const F&, int>;
        const Made* range = nullptr;
        int at = 0;
        value_type operator*() const { return range->make_(at); }
        Iterator& operator++() {
            ++at;
            return *this;
        }
        void operator++(int) { ++at; }
        bool operator==(std::default_sentinel_t) const { return at == range->n_; }
    };

    Made(int n, F make) : n_(n), make_(std::move(make)) {}
    Iterator begin() const { return {this, 0}; }
    std::default_sentinel_t end() const { return {}; }

private:
    int n_;
    F make_;
};

template <class Queue>
auto all_of(Queue& queue) {
    std::vector<typename Queue::value_type> items;
    while (auto item = queue.try_get()) {
        items.push_back(*std::move(item));
    }
    return items;
}

TENDRIL_TEST(FirstItems, ComeInTheQueuesOwnOrder) {
    Queue<int> queue(unbounded, {3, 1, 2});
    EXPECT_EQ(all_of(queue), (std::vector{3, 1, 2}));
    LifoQueue<int> stack(unbounded, {3, 1, 2});
    EXPECT_EQ(all_of(stack), (std::vector{2, 1, 3}));
    PriorityQueue<int> ranked(unbounded, {3, 1, 2});
    EXPECT_EQ(all_of(ranked), (std::vector{1, 2, 3}));
    const std::function<bool(int, int)> greater = std::greater<int>();
    PriorityQueue<int, std::function<bool(int, int)>> turned(5, {3, 1, 2}, greater);
    EXPECT_EQ(all_of(turned), (std::vector{3, 2, 1}));
    EXPECT_EQ(turned.capacity(), 5u);
    SharedQueue<int> shared(5, {3, 1, 2});
    EXPECT_EQ(all_of(shared), (std::vector{3, 1, 2}));
    Queue<int> none(5, {});
    EXPECT_TRUE(none.empty());
}

TENDRIL_TEST(FirstItems, OfAnyRange) {
    const std::forward_list<std::string> list{"a", "b"};
    Queue<std::string> copies(unbounded, list);
    EXPECT_EQ(all_of(copies), (std::vector<std::string>{"a", "b"}));
    const std::array names{"a", "b"};
    Queue<std::string> made(unbounded, names);
    EXPECT_EQ(made.get(), "a");
    const Made squares(3, [](int i) { return i * i; });
    Queue<int> queue(unbounded, squares);
    EXPECT_EQ(all_of(queue), (std::vector{0, 1, 4}));
    SharedQueue<int> shared(unbounded, Made(3, [](int i) { return i; }));
    EXPECT_EQ(shared.size(), 3u);
}

TENDRIL_TEST(FirstItems, AreMovedOutOfWhatOwnsThemAndWouldBeGone) {
    std::vector<std::unique_ptr<int>> owned;
    owned.push_back(std::make_unique<int>(7));
    Queue<std::unique_ptr<int>> queue(unbounded, std::move(owned));
    EXPECT_EQ(*queue.get(), 7);
    std::vector<std::string> mine{std::string(100, 'x')};
    Queue<std::string> copies(unbounded, mine);
    Queue<std::string> of_a_view(unbounded, std::span(mine));
    EXPECT_EQ(mine[0].size(), 100u) << "an lvalue and a view keep theirs";
    static_assert(!std::is_constructible_v<Queue<std::unique_ptr<int>>, Size, std::vector<std::unique_ptr<int>>&>);
}

TENDRIL_TEST(FirstItems, MayBeMoreThanTheCapacity) {
    Queue<int> queue(1, {1, 2});
    EXPECT_TRUE(queue.full());
    const auto putter = spawn([&] { queue.put(3); });
    yield();
    EXPECT_EQ(queue.get(), 1);
    EXPECT_EQ(queue.putting(), 1u) << "still full";
    EXPECT_EQ(queue.get(), 2);
    EXPECT_EQ(queue.get(), 3);
    putter.get();
}

TENDRIL_TEST(FirstItems, OfAJoinableQueueAreToBeDone) {
    JoinableQueue<int> queue(unbounded, {1, 2});
    EXPECT_EQ(queue.unfinished_tasks(), 2u);
    EXPECT_FALSE(queue.join(0s));
    { const auto task = queue.get_task(); }
    { const auto task = queue.get_task(); }
    EXPECT_TRUE(queue.join());
}

TENDRIL_TEST(FirstItems, WhatThrowsAmongThemLeavesNoQueue) {
    const Made bad(3, [](int i) {
        if (i == 2) {
            throw std::runtime_error("no third");
        }
        return std::make_shared<int>(i);
    });
    EXPECT_THROW(Queue<std::shared_ptr<int>>(unbounded, bad), std::runtime_error);
    EXPECT_THROW(Queue<int>(0, {1}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
