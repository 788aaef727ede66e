// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 G: queues.

#include <tendril/channel.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/queue.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceG, TG01_PutBeforeGetGetBeforePutAndBoundedPut) {
    Queue<int> queue(1);
    queue.put(1);
    EXPECT_EQ(queue.get(), 1);
    auto getter = spawn([&] { return queue.get(); });
    yield();
    queue.put(2);
    EXPECT_TRUE(queue.empty()) << "it went straight to the getter";
    EXPECT_EQ(getter.get(), 2);
    queue.put(3);
    auto putter = spawn([&] { queue.put(4); });
    yield();
    EXPECT_EQ(queue.putting(), 1u);
    EXPECT_EQ(queue.get(), 3);
    EXPECT_EQ(queue.size(), 1u) << "the get let the putter's item in";
    EXPECT_FALSE(putter.ready()) << "and did not switch";
    EXPECT_EQ(queue.get(), 4);
    putter.get();
}

TENDRIL_TEST(ConformanceG, TG02_NonBlockingCallsHandOverToABlockedPeer) {
    Queue<int> queue(1);
    auto getter = spawn([&] { return queue.get(); });
    yield();
    queue.put_nowait(1);
    queue.put_nowait(2);
    EXPECT_THROW(queue.put_nowait(3), Full);
    EXPECT_EQ(getter.get(), 1);
    auto putter = spawn([&] { queue.put(3); });
    yield();
    EXPECT_EQ(queue.get_nowait(), 2);
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_THROW(queue.get_nowait(), Empty);
    putter.get();
}

TENDRIL_TEST(ConformanceG, TG03_WaitersAreServedInOrderAndACancelledOneTakesNothing) {
    Queue<int> queue;
    std::vector<std::string> got;
    std::vector<Greenlet<void>> getters;
    for (const char* name : {"a", "b", "c"}) {
        getters.push_back(spawn([&, name] { got.push_back(name + std::to_string(queue.get())); }));
    }
    yield();
    getters[1].kill_nowait();
    queue.put(1);
    queue.put(2);
    join_all(getters);
    EXPECT_EQ(got, (std::vector<std::string>{"a1", "c2"}));
    EXPECT_TRUE(queue.empty());
}

TENDRIL_TEST(ConformanceG, TG04_WhoDiesOrTimesOutSwallowsNothing) {
    Queue<int> queue(1);
    // A getter that times out in the very turn in which the item comes.
    auto late = spawn([&] { return with_timeout(1ms, [&] { return queue.get(1ms); }); });
    yield();
    sleep(3ms);
    queue.put(7);
    late.exception();
    EXPECT_EQ(queue.size(), 1u);
    EXPECT_EQ(queue.get(), 7);

    // A getter that was handed the item before the kill came: it completes.
    int got = 0;
    auto served = spawn([&] {
        got = queue.get();
        yield();
        ADD_FAILURE() << "the kill comes at the next wait";
    });
    yield();
    queue.put(8);
    served.kill();
    EXPECT_EQ(got, 8);

    // A putter that dies withdraws its item.
    queue.put(1);
    auto dies = spawn([&] { queue.put(2); });
    auto lives = spawn([&] { queue.put(3); });
    yield();
    dies.kill();
    EXPECT_EQ(queue.get(), 1);
    EXPECT_EQ(queue.get(), 3);
    lives.get();
}

TENDRIL_TEST(ConformanceG, TG05_PeekWaitsAndLeavesTheItem) {
    Queue<int> queue;
    auto a = spawn([&] { return queue.peek(); });
    auto b = spawn([&] { return queue.peek(); });
    yield();
    queue.put(5);
    EXPECT_EQ(a.get() + b.get(), 10);
    EXPECT_EQ(queue.get(), 5);
    EXPECT_THROW(queue.peek(1ms), Empty);
    EXPECT_THROW(queue.peek_nowait(), Empty);
}

TENDRIL_TEST(ConformanceG, TG06_ChannelIsARendezvousAndItsOrderIsFixed) {
    std::vector<std::string> log;
    Channel<std::string> channel;
    auto sender = spawn([&] {
        log.push_back("put");
        channel.put("x");
        log.push_back("put done");
    });
    yield();
    log.push_back("get");
    log.push_back(channel.get());
    sender.join();
    EXPECT_EQ(log, (std::vector<std::string>{"put", "get", "x", "put done"}));

    log.clear();
    auto receiver = spawn([&] {
        log.push_back("recv");
        log.push_back(channel.get());
        log.push_back("recv done");
    });
    yield();
    channel.put("x");
    log.push_back("put returned");
    receiver.join();
    EXPECT_EQ(log, (std::vector<std::string>{"recv", "x", "recv done", "put returned"}));
}

// gevent: Queue(0) is a queue that is always full, Channel the rendezvous; eventlet: Queue(0) is the rendezvous. Here
// nobody can mistake one for the other.
TENDRIL_TEST(ConformanceG, TG07_AQueueOfZeroIsRefusedAndNamesChannel) {
    const auto refusal = [](auto make) -> std::string {
        try {
            make();
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "it was not refused";
    };
    const auto resized = [] {
        Queue<int> queue(1);
        queue.resize(0);
    };
    const std::string texts[] = {
        refusal([] { Queue<int> queue(0); }),
        refusal([] { LifoQueue<int> queue(0); }),
        refusal([] { PriorityQueue<int> queue(0); }),
        refusal([] { JoinableQueue<int> queue(0); }),
        refusal(resized),
    };
    for (const std::string& text : texts) {
        EXPECT_NE(text.find("Channel"), std::string::npos) << text;
    }
}

TENDRIL_TEST(ConformanceG, TG08_AChannelsSenderThatTimesOutWithdrawsItsItem) {
    Channel<std::unique_ptr<int>> channel;
    auto item = std::make_unique<int>(1);
    EXPECT_THROW(channel.put(std::move(item), 1ms), Full);
    ASSERT_NE(item, nullptr) << "a put that failed has not moved";
    EXPECT_THROW(channel.get(1ms), Empty);
    auto sender = spawn([&] { channel.put(std::move(item)); });
    yield();
    EXPECT_EQ(*channel.get(), 1);
    sender.get();
}

TENDRIL_TEST(ConformanceG, TG09_NonBlockingPutOnAChannelNeedsAWaitingReceiver) {
    Channel<int> channel;
    EXPECT_THROW(channel.put_nowait(1), Full);
    auto receiver = spawn([&] { return channel.get(); });
    yield();
    channel.put_nowait(2);
    EXPECT_EQ(receiver.get(), 2);
    EXPECT_THROW(channel.get_nowait(), Empty);
}

TENDRIL_TEST(ConformanceG, TG10_Resize) {
    Queue<int> queue(1);
    queue.put(1);
    std::vector<Greenlet<void>> putters;
    for (int i = 2; i < 6; ++i) {
        putters.push_back(spawn([&, i] { queue.put(i); }));
    }
    yield();
    queue.resize(3);
    yield();
    EXPECT_EQ(queue.size(), 3u);
    EXPECT_EQ(queue.putting(), 2u);
    queue.resize(unbounded);
    join_all(putters);
    EXPECT_EQ(queue.size(), 5u);
    queue.resize(2);
    EXPECT_EQ(queue.size(), 5u) << "shrinking drops nothing";
    EXPECT_THROW(queue.put_nowait(9), Full);
    for (int i = 1; i < 6; ++i) {
        EXPECT_EQ(queue.get(), i);
    }
    EXPECT_THROW(queue.resize(0), std::invalid_argument);
}

TENDRIL_TEST(ConformanceG, TG11_JoinWaitsForTaskDoneOfEveryPut) {
    JoinableQueue<int> jobs;
    jobs.put(1);
    jobs.put(2);
    EXPECT_FALSE(jobs.join(1ms));
    auto worker = spawn([&] {
        for (;;) {
            auto task = jobs.get_task();
            yield();
        }
    });
    EXPECT_TRUE(jobs.join());
    jobs.put(3);
    EXPECT_TRUE(jobs.join());
    EXPECT_THROW(jobs.task_done(), std::logic_error);
    worker.kill();
}

TENDRIL_TEST(ConformanceG, TG12_ShutdownDrainsOrDrops) {
    Queue<int> queue(1);
    auto getter = spawn([&] { return queue.get(); });
    yield();
    queue.shutdown();
    EXPECT_THROW(getter.get(), ShutDown);

    Queue<int> draining(2);
    draining.put(1);
    draining.put(2);
    auto putter = spawn([&] { draining.put(3); });
    yield();
    draining.shutdown();
    EXPECT_THROW(putter.get(), ShutDown);
    EXPECT_THROW(draining.put(4), ShutDown);
    std::vector<int> rest;
    for (int item : draining) {
        rest.push_back(item);
    }
    EXPECT_EQ(rest, (std::vector{1, 2}));
    EXPECT_THROW(draining.get(), ShutDown);

    JoinableQueue<int> dropped;
    dropped.put(1);
    auto joiner = spawn([&] { dropped.join(); });
    yield();
    dropped.shutdown(true);
    EXPECT_THROW(joiner.get(), ShutDown);
    EXPECT_THROW(dropped.get(), ShutDown);
    EXPECT_TRUE(dropped.join());
}

// gevent ends an iteration by an item that is StopIteration; here by shutdown(), which takes no place in the queue.
TENDRIL_TEST(ConformanceG, TG13_IterationStopsAtTheEnd) {
    const auto all = [](Queue<int>& queue) {
        std::vector<int> items;
        for (int item : queue) {
            items.push_back(item);
        }
        return items;
    };
    Queue<int> queue;
    auto reader = spawn([&] { return all(queue); });
    auto second = spawn([&] { return all(queue); });
    yield();
    for (int i = 1; i < 5; ++i) {
        queue.put(i);
    }
    EXPECT_FALSE(reader.ready());
    queue.shutdown();
    std::vector<int> items = reader.get();
    items.insert(items.end(), second.get().begin(), second.get().end());
    std::sort(items.begin(), items.end());
    EXPECT_EQ(items, (std::vector{1, 2, 3, 4})) << "what was put before the end was got, once";
    EXPECT_EQ(all(queue), std::vector<int>()) << "the end stays";
}

}  // namespace
}  // namespace tendril
