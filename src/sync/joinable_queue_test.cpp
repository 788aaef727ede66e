// SPDX-License-Identifier: MIT
//
// The joinable queues: what holds in every order of items.

#include <tendril/joinable_queue.hpp>

#include <array>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

template <class Queue>
std::vector<int> worked_off() {
    Queue jobs;
    std::vector<int> order;
    for (const int i : {2, 3, 1}) {
        jobs.put(i);
    }
    const auto worker = spawn([&] {
        for (;;) {
            auto task = jobs.get_task();
            yield();
            order.push_back(*task);
        }
    });
    EXPECT_TRUE(jobs.join());
    EXPECT_EQ(order.size(), 3u);
    worker.kill();
    return order;
}

TENDRIL_TEST(JoinableQueue, GivesItsItemsInEveryOrder) {
    EXPECT_EQ(worked_off<JoinableQueue<int>>(), (std::vector{2, 3, 1}));
    EXPECT_EQ(worked_off<JoinableLifoQueue<int>>(), (std::vector{1, 3, 2}));
    EXPECT_EQ(worked_off<JoinablePriorityQueue<int>>(), (std::vector{1, 2, 3}));
    EXPECT_EQ((worked_off<JoinablePriorityQueue<int, std::greater<>>>()), (std::vector{3, 2, 1}));
}

template <class Queue>
void check_joining() {
    Queue jobs(1);
    EXPECT_TRUE(jobs.join(0s)) << "nothing was put";
    EXPECT_THROW(jobs.task_done(), std::logic_error);
    jobs.put(1);
    EXPECT_EQ(jobs.get(), 1);
    EXPECT_FALSE(jobs.join(1ms)) << "got, and not done";
    EXPECT_FALSE(with_timeout(1ms, [&] { jobs.join(); }));
    const auto killed = spawn([&] { jobs.join(); });
    yield();
    killed.kill();
    const auto joiner = spawn([&] { return jobs.join(); });
    yield();
    jobs.task_done();
    EXPECT_FALSE(joiner.ready()) << "it never switches";
    EXPECT_TRUE(joiner.get());

    // Killed with a task: done, and no item is lost with one that is killed or late while it waits for one.
    const auto waits = spawn([&] { jobs.get_task(); });
    yield();
    waits.kill_nowait();
    jobs.put(2);
    waits.join();
    EXPECT_EQ(jobs.size(), 1u);
    const auto dies = spawn([&] {
        const auto task = jobs.get_task();
        sleep(1h);
    });
    yield();
    EXPECT_EQ(jobs.unfinished_tasks(), 1u);
    dies.kill();
    EXPECT_TRUE(jobs.join());
    EXPECT_THROW(jobs.get_task(1ms), Empty);

    // A putter that waits counts from when its item is let in; one that leaves does not.
    jobs.put(3);
    EXPECT_THROW(jobs.put(4, 1ms), Full);
    EXPECT_EQ(jobs.unfinished_tasks(), 1u);
    const auto putter = spawn([&] { jobs.put(5); });
    yield();
    EXPECT_EQ(jobs.unfinished_tasks(), 1u);
    jobs.get();
    EXPECT_EQ(jobs.unfinished_tasks(), 2u);
    putter.get();

    const auto last = spawn([&] { jobs.join(); });
    yield();
    jobs.shutdown(true);
    EXPECT_THROW(last.get(), ShutDown);
    EXPECT_EQ(jobs.unfinished_tasks(), 1u) << "the one that was got";
    jobs.task_done();
    EXPECT_TRUE(jobs.join());
}

TENDRIL_TEST(JoinableQueue, JoinWaitsForWhatWasPutInEveryOrder) {
    check_joining<JoinableQueue<int>>();
    check_joining<JoinableLifoQueue<int>>();
    check_joining<JoinablePriorityQueue<int>>();
}

template <class Queue>
void check_first_tasks() {
    Queue jobs(unbounded, {1, 2}, 3);  // one of the three is with a worker
    EXPECT_EQ(jobs.unfinished_tasks(), 3u);
    EXPECT_EQ(jobs.size(), 2u);
    jobs.get_task();
    jobs.get_task();
    EXPECT_FALSE(jobs.join(0s));
    jobs.task_done();
    EXPECT_TRUE(jobs.join());
    EXPECT_THROW(jobs.task_done(), std::logic_error);

    const std::vector<int> items{3, 1, 2};
    EXPECT_EQ(Queue(unbounded, items).unfinished_tasks(), 3u);
    EXPECT_EQ(Queue(unbounded, items, 4).unfinished_tasks(), 4u);
    EXPECT_EQ(Queue(unbounded, std::vector<int>(), 1).unfinished_tasks(), 1u);
    EXPECT_THROW(Queue(unbounded, items, 2), std::invalid_argument);
    EXPECT_THROW(Queue(unbounded, items, -1), std::invalid_argument);
}

TENDRIL_TEST(JoinableQueue, MayBeginWithTasksThatAreNotInIt) {
    check_first_tasks<JoinableQueue<int>>();
    check_first_tasks<JoinableLifoQueue<int>>();
    check_first_tasks<JoinablePriorityQueue<int>>();
}

TENDRIL_TEST(JoinableQueue, TheTasksOfACopyAreTheItemsInIt) {
    JoinableQueue<int> jobs(2, {1, 2, 3});
    auto task = std::make_optional(jobs.get_task());
    EXPECT_EQ(jobs.unfinished_tasks(), 3u);
    JoinableQueue<int> copy = jobs.copy();
    EXPECT_EQ(copy.unfinished_tasks(), 2u) << "the third is done for the other";
    EXPECT_EQ(copy.capacity(), 2u);
    const auto joiner = spawn([&] { return copy.join(); });
    yield();
    EXPECT_EQ(*copy.get_task(), 2);
    EXPECT_EQ(*copy.get_task(), 3);
    EXPECT_TRUE(joiner.get());
    task.reset();
    EXPECT_EQ(jobs.unfinished_tasks(), 2u);
}

// One that it has woken runs later, and finds its memory in other use.
TENDRIL_TEST(JoinableQueue, MayGoOnceAllIsDone) {
    using Jobs = JoinableQueue<int>;
    alignas(Jobs) std::array<unsigned char, sizeof(Jobs)> memory;
    auto* const jobs = ::new (memory.data()) Jobs;
    jobs->put(1);
    const auto joins = spawn([&] { jobs->join(); });
    yield();
    jobs->get_task();
    std::destroy_at(jobs);
    std::iota(memory.begin(), memory.end(), static_cast<unsigned char>(1));
    const auto other_use = memory;
    joins.get();
    EXPECT_EQ(memory, other_use);
}

TENDRIL_TEST(JoinableQueue, TakesPartInGetAnyInEveryOrder) {
    JoinableLifoQueue<int> stack;
    JoinablePriorityQueue<int> ranked(unbounded, {2, 1});
    EXPECT_EQ(std::get<1>(get_any(stack, ranked)), 1);
    ranked.get();
    spawn_n([&] { stack.put(7); });
    EXPECT_EQ(std::get<0>(get_any(60s, stack, ranked)), 7);
    EXPECT_EQ(stack.unfinished_tasks(), 1u);
}

}  // namespace
}  // namespace tendril
