// SPDX-License-Identifier: MIT
//
// Consumers of a Client against a real RabbitMQ: what they hold, and for how long. Rows of ../shared/amqp-rows.md by
// their ids.

#include <tendril/amqp/consumer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "consumer_timeout.hpp"
#include "green_test.hpp"
#include "queue_names.hpp"
#include "real_broker.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ConsumerTimeout;
using testing::QueueNames;
using testing::RealBroker;

void fill(Client& client, const std::string& queue, int messages, const std::string& padding = "") {
    Publisher publisher = client.publisher("");
    for (int i = 0; i < messages; ++i) {
        publisher.publish_later(queue, std::to_string(i) + padding);
    }
    publisher.flush();
}

TENDRIL_TEST(RealConsumer, TQ35_WhatIsDestroyedUnsettledGoesBack) {
    QueueNames names;
    const std::string queue = names.queue("unsettled");
    Client client(RealBroker::get().url(), {.topology = {.queues = {{queue}}}});
    fill(client, queue, 5);
    Consumer consumer = client.consumer(queue, {.prefetch = 5});
    Event holds;
    auto killed = spawn([&] {
        const Delivery first = consumer.get();
        holds.set();
        Event().wait();
    });
    holds.wait();
    EXPECT_THROW(
        [&] {
            const Delivery second = consumer.get();
            throw std::runtime_error("the handler's");
        }(),
        std::runtime_error);
    std::vector<Delivery> held;
    held.push_back(consumer.get());
    held.push_back(consumer.get());
    Delivery last = consumer.get();
    EXPECT_EQ(last.body(), "4");
    EXPECT_FALSE(last.redelivered());
    killed.kill();
    held.clear();
    std::multiset<std::string> again;
    for (int i = 0; i < 4; ++i) {
        Delivery each = consumer.get();
        EXPECT_TRUE(each.redelivered());
        again.emplace(each.body());
        EXPECT_TRUE(each.ack());
    }
    EXPECT_EQ(again, (std::multiset<std::string>{"0", "1", "2", "3"}));
    EXPECT_TRUE(last.ack());
    consumer.close();
    EXPECT_EQ(client.queue_info(queue).messages, 0u);
    client.close();
}

// The channel of a Consumer ends when a message was held for too long: it subscribes anew, others notice nothing.
TENDRIL_TEST(RealConsumer, TQ44_OneThatHoldsAMessageForTooLongIsOnItsOwn) {
    static bool done = false;
    if (std::exchange(done, true)) {
        return;  // on one backend, as rabbitmqctl takes its time
    }
    const ConsumerTimeout timeout(500ms);
    QueueNames names;
    const std::string slow = names.queue("slow");
    const std::string fast = names.queue("fast");
    Client client(RealBroker::get().url(), {.topology = {.queues = {{slow}, {fast}}}});
    Consumer of_slow = client.consumer(slow);
    Consumer of_fast = client.consumer(fast);
    Publisher publisher = client.publisher("");
    publisher.publish(slow, "text");
    Delivery held = of_slow.get();
    auto again = spawn([&] { return of_slow.get(); });
    int others = 0;
    while (!again.ready()) {
        publisher.publish(fast, std::to_string(others));
        Delivery each = of_fast.get();
        EXPECT_EQ(each.body(), std::to_string(others));
        EXPECT_FALSE(each.redelivered());
        EXPECT_TRUE(each.ack());
        ++others;
    }
    EXPECT_GT(others, 1);
    Delivery second = std::move(again).get();
    EXPECT_EQ(second.body(), "text");
    EXPECT_TRUE(second.redelivered());
    EXPECT_FALSE(held.ack()) << "it is another's by now";
    EXPECT_TRUE(second.ack());
    EXPECT_EQ(client.stats().losses, 0u) << "only the channel has ended";
    client.close();
}

// A heartbeat has a second at least, so these take ten, on one backend only.
TENDRIL_TEST(RealConsumer, TQ09_TQ43_WhoIsBusyOrHoldsUpTheReaderLosesNoConnection) {
    static bool done = false;
    if (std::exchange(done, true)) {
        return;
    }
    QueueNames names;
    const std::string work = names.queue("work");
    const std::string many = names.queue("many");
    const std::string url = RealBroker::get().url() + "?heartbeat=1";
    Client client(url, {.topology = {.queues = {{work}, {many}}}});
    constexpr int messages = 400;
    fill(client, work, 1);
    fill(client, many, messages, std::string(50'000, 'x'));

    Client hoarder(url);
    Consumer unread = hoarder.consumer(many, {.no_ack = true, .receive_buffer = 100'000});
    while (client.queue_info(many).messages == messages) {
        yield();
    }
    Consumer consumer = client.consumer(work);
    Delivery busy = consumer.get();
    sleep(10s);  // ten intervals
    EXPECT_TRUE(busy.ack());
    for (int i = 0; i < messages; ++i) {
        EXPECT_TRUE(unread.get().body().starts_with(std::to_string(i) + "x"));
    }
    EXPECT_EQ(client.stats().losses, 0u);
    EXPECT_EQ(hoarder.stats().losses, 0u);
    hoarder.close();
    consumer.close();
    EXPECT_EQ(client.queue_info(work).messages, 0u);
    client.close();
}

}  // namespace
}  // namespace tendril::amqp
