// SPDX-License-Identifier: MIT
//
// Queue<T>, against RabbitMQ. Rows of ../shared/amqp-rows.md by their ids.

#include <tendril/amqp/queue.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/amqp/msgpack.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::RealBroker;

std::string fresh_name() {
    static int last = 0;
    return "work_queue_" + std::to_string(++last);
}

TENDRIL_TEST(RealWorkQueue, TQ54_AnItemIsDoneWhenThatIsSaid) {
    Client client(RealBroker::get().url());
    Queue<std::string> jobs(client, fresh_name(), {.prefetch = 1});
    jobs.put("a");
    jobs.put("b");
    EXPECT_EQ(jobs.size(), 2u);
    {
        Item<std::string> item = jobs.get();
        EXPECT_EQ(*item, "a");
        EXPECT_FALSE(item.redelivered());
    }  // undone: it goes back
    Item<std::string> again = jobs.get();
    EXPECT_EQ(*again, "a") << "in its old place";
    EXPECT_TRUE(again.redelivered());
    EXPECT_TRUE(again.done());
    EXPECT_THROW(again.done(), std::logic_error);
    EXPECT_EQ(jobs.take(), "b");
    EXPECT_THROW(jobs.get(10ms), Empty);
    EXPECT_FALSE(jobs.try_get());
    EXPECT_TRUE(jobs.empty());
    client.close();
}

TENDRIL_TEST(RealWorkQueue, TQ54_ALoopTakesTheNextWhenTheBodyHasEnded) {
    Client client(RealBroker::get().url());
    Queue<int> jobs(client, fresh_name(), {.prefetch = 1});
    for (int i = 0; i < 5; ++i) {
        jobs.put_later(i).get();
    }
    std::vector<int> seen;
    for (int& job : jobs) {
        seen.push_back(job);
        if (job == 2) {
            break;  // it goes back
        }
    }
    try {
        for (int& job : jobs) {
            seen.push_back(job);
            throw std::runtime_error("in the body");
        }
    } catch (const std::runtime_error&) {
    }
    for (int& job : jobs) {
        seen.push_back(job);
        if (job == 4) {
            jobs.shutdown();
        }
    }
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 2, 2, 3, 4}));
    EXPECT_THROW(jobs.put(1), ShutDown);
    EXPECT_THROW(jobs.get(), ShutDown);
    client.close();
}

TENDRIL_TEST(RealWorkQueue, TQ54_AFullOneIsFullAtTheDeadline) {
    Client client(RealBroker::get().url());
    Queue<int> jobs(client, fresh_name(), {.capacity = 2});
    // A quorum queue takes a few over its bound before it refuses.
    int taken = 0;
    try {
        while (taken < 100) {
            jobs.put_nowait(taken);
            ++taken;
        }
    } catch (const Full&) {
    }
    EXPECT_GE(taken, 2);
    EXPECT_LT(taken, 100);
    EXPECT_THROW(jobs.put(100, 50ms), Full);
    auto putter = spawn([&] { jobs.put(100); });
    for (int i = 0; i < taken; ++i) {
        EXPECT_EQ(jobs.take(5s), i);
    }
    putter.get();  // it tried again
    EXPECT_EQ(jobs.take(5s), 100);
    client.close();
}

TENDRIL_TEST(RealWorkQueue, TQ54_OneProgramGetsWhatAnotherPuts) {
    constexpr int count = 100;
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Queue<int> numbers(client, name);
    Popen putter({TENDRIL_AMQP_PUTTER, RealBroker::get().url(), name, std::to_string(count)});
    int next = 0;
    for (int& number : numbers) {
        EXPECT_EQ(number, next);
        if (++next == count) {
            numbers.shutdown();
        }
    }
    EXPECT_EQ(putter.wait(20s), 0);
    EXPECT_EQ(client.queue_info(name).messages, 0u);
    client.close();
}

TENDRIL_TEST(RealWorkQueue, TQ54_TwoClientsShareIt) {
    const std::string name = fresh_name();
    Client first_client(RealBroker::get().url());
    Client second_client(RealBroker::get().url());
    Queue<int> first(first_client, name, {.prefetch = 1});
    Queue<int> second(second_client, name, {.prefetch = 1});
    std::set<int> put;
    std::multiset<int> got;
    for (int i = 0; i < 20; ++i) {
        first.put(i);
        put.insert(i);
    }
    got.insert(first.take());
    got.insert(second.take());
    const auto get_rest = [&](Queue<int>& queue) {  // the last one goes to the consumer that the broker hears of first
        for (int& item : queue) {
            got.insert(item);
            if (got.size() == put.size()) {
                first.shutdown();
                second.shutdown();
            }
        }
    };
    auto other = spawn([&] { get_rest(first); });
    get_rest(second);
    other.get();
    EXPECT_EQ(got, (std::multiset<int>(put.begin(), put.end()))) << "each once";
    first_client.close();
    second_client.close();
}

TENDRIL_TEST(RealWorkQueue, TQ54_WhatCannotBeDecodedGoesToTheDead) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Queue<int> jobs(client, name);
    client.publisher("").publish(name, {.body = "\xc1 no msgpack"});
    jobs.put(7);
    EXPECT_EQ(jobs.take(5s), 7) << "the getter sees the next one";
    Consumer dead = client.consumer(name + ".dead");
    Delivery buried = dead.get(5s);
    EXPECT_EQ(buried.body(), "\xc1 no msgpack");
    EXPECT_NE(buried.properties().headers.get<std::string>("x-error").value_or("").find("msgpack"), std::string::npos);
    buried.ack();
    Item<int> item = (jobs.put(8), jobs.get(5s));
    EXPECT_TRUE(item.discard());
    EXPECT_EQ(dead.get(5s).properties().headers.get<std::string>("x-first-death-reason"), "rejected");
    client.close();
}

TENDRIL_TEST(RealWorkQueue, TQ22_OtherOptionsAreRefusedByName) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Queue<int> jobs(client, name, {.capacity = 7});
    try {
        Queue<int> other(client, name, {.capacity = 8});
        FAIL();
    } catch (const PreconditionFailed& e) {
        EXPECT_NE(e.text().find("x-max-length"), std::string::npos) << e.text();
    }
    EXPECT_THROW(Queue<int>(client, name, {.type = QueueType::stream}), std::invalid_argument);
    jobs.close_queue();
    EXPECT_THROW(client.queue_info(name), NotFound);
    client.close();
}

}  // namespace
}  // namespace tendril::amqp
