// SPDX-License-Identifier: MIT
//
// Consumer of a Client, against a broker by script: TQ34, TQ39 to TQ45.

#include <tendril/amqp/consumer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>

#include "client_peers.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ClientPeers;
using testing::FakePeer;
namespace method = testing::method;

// A Client and one Consumer of it.
struct Scene {
    ClientPeers peers;
    FakePeer& c = peers.c;
    Consumer consumer;
    std::string tag;

    explicit Scene(ConsumeOptions options = {.prefetch = 10}, ClientOptions client = {})
        : peers(std::move(client)), consumer(peers.client->consumer("bills", std::move(options))) {}

    void subscribe(std::uint16_t channel = 1) {
        c.open_channel(channel);
        tag = c.take_consumer(channel);
    }
    void deliver(std::uint64_t n, std::string body, std::uint16_t channel = 1) {
        c.deliver(channel, tag, n, {.body = std::move(body)});
    }
    void expect_ack(std::uint64_t n, bool multiple = false, std::uint16_t channel = 1) {
        const auto ack = c.expect<method::BasicAck>(channel);
        EXPECT_EQ(ack.delivery_tag, n);
        EXPECT_EQ(ack.multiple, multiple);
    }
    void expect_back(std::uint64_t n, std::uint16_t channel = 1) {
        const auto back = c.expect<method::BasicReject>(channel);
        EXPECT_EQ(back.delivery_tag, n);
        EXPECT_TRUE(back.requeue);
    }
    void lose() {
        c.hang_up();
        c = peers.broker.accept();
    }
};

TENDRIL_TEST(AmqpConsumer, GetsInOrderAndAcks) {
    Scene scene({.prefetch = 7, .exclusive = true, .priority = 3, .tag = "me"});
    scene.c.open_channel(1);
    EXPECT_EQ(scene.c.expect<method::BasicQos>(1).prefetch_count, 7);
    scene.c.send(1, method::BasicQosOk{});
    const auto consume = scene.c.expect<method::BasicConsume>(1);
    EXPECT_EQ(consume.queue, "bills");
    EXPECT_EQ(consume.consumer_tag, "me");
    EXPECT_TRUE(consume.exclusive);
    EXPECT_EQ(consume.arguments.get<int>("x-priority"), 3);
    scene.c.send(1, method::BasicConsumeOk{scene.tag = "me"});
    EXPECT_EQ(scene.consumer.tag(), "me");
    EXPECT_EQ(scene.consumer.try_get(), std::nullopt);
    scene.deliver(1, "one");
    scene.deliver(2, "two");
    Delivery one = scene.consumer.get();
    EXPECT_EQ(one.body(), "one");
    EXPECT_TRUE(one.ack());
    scene.expect_ack(1);
    EXPECT_EQ(scene.consumer.get().body(), "two");
    scene.expect_back(2);
}

TENDRIL_TEST(AmqpConsumer, ChangesItsPrefetch) {
    Scene scene;
    scene.subscribe();
    scene.deliver(1, "old");
    while (!scene.consumer.ready()) {
        yield();
    }
    EXPECT_THROW(scene.consumer.set_prefetch(0), std::invalid_argument);
    scene.consumer.set_prefetch(3);
    scene.c.expect<method::BasicCancel>(1);
    scene.c.send(1, method::BasicCancelOk{scene.tag});
    scene.c.open_channel(2);
    EXPECT_EQ(scene.c.expect<method::BasicQos>(2).prefetch_count, 3);
    scene.c.send(2, method::BasicQosOk{});
    scene.tag = scene.c.expect<method::BasicConsume>(2).consumer_tag;
    scene.c.send(2, method::BasicConsumeOk{scene.tag});
    scene.deliver(1, "new", 2);
    EXPECT_TRUE(scene.consumer.get().ack());
    scene.expect_ack(1);
    scene.c.close_channel(1);
    EXPECT_EQ(scene.consumer.get().body(), "new");
    scene.expect_back(1, 2);
}

TENDRIL_TEST(AmqpConsumer, AKillOrDeadlineTakesNothing) {  // TQ39
    Scene scene;
    scene.subscribe();
    EXPECT_THROW(scene.consumer.get(0s), TimeoutError);
    auto dies = spawn([&] { scene.consumer.get(); });
    auto lives = spawn([&] { return scene.consumer.get(); });
    yield();
    dies.kill();
    scene.deliver(1, "one");
    Delivery one = std::move(lives).get();
    EXPECT_EQ(one.body(), "one");
    one.ack();
    scene.expect_ack(1);
}

TENDRIL_TEST(AmqpConsumer, LoopsAckWhenTheBodyHasEnded) {
    Scene scene;
    scene.subscribe();
    for (std::uint64_t n = 1; n <= 4; ++n) {
        scene.deliver(n, std::to_string(n));
    }
    std::string seen;
    for (Delivery& each : scene.consumer) {
        seen += each.body();
        if (each.body() == "2") {
            each.reject();
        }
        if (each.body() == "4") {
            break;
        }
    }
    EXPECT_EQ(seen, "1234");
    EXPECT_FALSE(scene.c.expect<method::BasicReject>(1).requeue);
    scene.expect_back(4);
    scene.expect_ack(3, true);
}

TENDRIL_TEST(AmqpConsumer, LoopsEndByClose) {
    Scene scene;
    scene.subscribe();
    scene.deliver(1, "1");
    auto loop = spawn([&] {
        std::string seen;
        for (Delivery& each : scene.consumer) {
            seen += each.body();
        }
        return seen;
    });
    scene.expect_ack(1);
    auto closing = spawn([&] { scene.consumer.close(); });
    EXPECT_EQ(scene.c.expect<method::BasicCancel>(1).consumer_tag, scene.tag);
    scene.c.send(1, method::BasicCancelOk{scene.tag});
    scene.c.close_channel(1);
    closing.join();
    EXPECT_EQ(loop.get(), "1");
    EXPECT_THROW(scene.consumer.get(), ShutDown);
    EXPECT_THROW(scene.consumer.try_get(), ShutDown);
    EXPECT_FALSE(scene.consumer.is_open());
    scene.consumer.close();
}

TENDRIL_TEST(AmqpConsumer, CloseGivesBackInOrderAndLeavesWhatIsHeld) {  // TQ42
    Scene scene;
    scene.subscribe();
    for (std::uint64_t n = 1; n <= 3; ++n) {
        scene.deliver(n, std::to_string(n));
    }
    std::optional<Delivery> held = scene.consumer.get();
    auto closing = spawn([&] { scene.consumer.close(); });
    while (scene.consumer.is_open()) {
        yield();
    }
    scene.c.expect<method::BasicCancel>(1);
    scene.expect_back(2);
    scene.expect_back(3);
    scene.deliver(4, "on its way");
    scene.expect_back(4);
    scene.c.send(1, method::BasicCancelOk{scene.tag});
    closing.get();
    EXPECT_TRUE(held->ack());
    scene.expect_ack(1);
    scene.c.close_channel(1);
}

TENDRIL_TEST(AmqpConsumer, ItsDestructorDoesNotWait) {
    Scene scene;
    scene.subscribe();
    scene.deliver(1, "1");
    while (!scene.consumer.ready()) {
        yield();
    }
    auto waits = spawn([&] {
        Consumer taken = std::move(scene.consumer);
        scene.consumer = scene.peers.client->consumer("more", {.no_ack = true});
    });
    waits.get();
    scene.c.expect<method::BasicCancel>(1);
    scene.expect_back(1);
    scene.c.send(1, method::BasicCancelOk{scene.tag});
    scene.c.close_channel(1);
    scene.c.open_channel(2);
}

TENDRIL_TEST(AmqpConsumer, GoesOnAfterALoss) {  // TQ40, TQ38
    Scene scene;
    scene.subscribe();
    scene.deliver(1, "held");
    scene.deliver(2, "nobody got it");
    Delivery held = scene.consumer.get();
    while (!scene.consumer.ready()) {
        yield();
    }
    scene.lose();
    const std::string before = scene.tag;
    scene.subscribe();
    EXPECT_EQ(scene.tag, before);
    EXPECT_FALSE(scene.consumer.ready());
    auto getter = spawn([&] { return scene.consumer.get(); });
    EXPECT_FALSE(held.ack()) << "of the old channel";
    scene.deliver(1, "new");
    Delivery fresh = std::move(getter).get();
    EXPECT_EQ(fresh.body(), "new");
    EXPECT_TRUE(fresh.ack());
    scene.expect_ack(1);
}

TENDRIL_TEST(AmqpConsumer, WaitsThroughALoss) {
    Scene scene;
    auto getter = spawn([&] { return scene.consumer.get(); });
    scene.c.open_channel(1);
    scene.c.expect<method::BasicQos>(1);
    scene.lose();  // while it subscribes
    scene.subscribe();
    scene.lose();
    scene.subscribe();
    scene.deliver(1, "at last");
    EXPECT_EQ(std::move(getter).get().body(), "at last");
    scene.expect_back(1);
}

TENDRIL_TEST(AmqpConsumer, ACancelEndsItUnlessTheTopologyHasItsQueue) {  // TQ41
    Scene scene;
    scene.subscribe();
    auto getter = spawn([&] { scene.consumer.get(); });
    scene.c.send(1, method::BasicCancel{.consumer_tag = scene.tag, .no_wait = true});
    EXPECT_THROW(getter.get(), ConsumerCancelled);
    scene.c.close_channel(1);
    EXPECT_FALSE(scene.consumer.is_open());
}

TENDRIL_TEST(AmqpConsumer, ACancelledOneOfTheTopologyComesBack) {  // TQ41
    Scene scene({.prefetch = 10}, {.topology = {.queues = {{"bills"}}}});
    const auto declare = [&](std::uint16_t channel) {
        scene.c.open_channel(channel);
        scene.c.expect<method::QueueDeclare>(channel);
        scene.c.send(channel, method::QueueDeclareOk{"bills"});
        scene.c.close_channel(channel);
    };
    declare(1);
    scene.subscribe();
    scene.c.send(1, method::BasicCancel{.consumer_tag = scene.tag, .no_wait = true});
    scene.c.expect<method::ChannelClose>(1);
    scene.c.send(1, method::ChannelCloseOk{});
    declare(2);
    scene.subscribe(2);
    scene.deliver(1, "again", 2);
    EXPECT_EQ(scene.consumer.get().body(), "again");
    scene.expect_back(1, 2);
}

TENDRIL_TEST(AmqpConsumer, ItsChannelsEndConcernsItAlone) {  // TQ44
    Scene scene;
    scene.subscribe();
    scene.deliver(1, "held too long");
    Delivery held = scene.consumer.get();
    scene.c.refuse_channel(1, 406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out");
    scene.subscribe();
    EXPECT_FALSE(held.ack());
    scene.deliver(1, "again");
    EXPECT_EQ(scene.consumer.get().body(), "again");
    scene.expect_back(1);
    EXPECT_EQ(scene.peers.client->stats().losses, 0u);
}

TENDRIL_TEST(AmqpConsumer, ARefusalIsItsEnd) {
    Scene scene;
    scene.c.open_channel(1);
    scene.c.expect<method::BasicQos>(1);
    scene.c.send(1, method::BasicQosOk{});
    scene.c.expect<method::BasicConsume>(1);
    scene.c.refuse_channel(1, 404, "NOT_FOUND - no queue 'bills' in vhost '/'");
    EXPECT_THROW(scene.consumer.get(), NotFound);
    EXPECT_FALSE(scene.consumer.is_open());
}

TENDRIL_TEST(AmqpConsumer, WhatAnOldConnectionHoldsIsTriedAgain) {
    Scene scene;
    scene.c.open_channel(1);
    scene.c.expect<method::BasicQos>(1);
    scene.c.send(1, method::BasicQosOk{});
    scene.c.expect<method::BasicConsume>(1);
    scene.c.refuse_channel(1, 403, "ACCESS_REFUSED - queue 'bills' in vhost '/' in exclusive use");
    scene.subscribe();
    scene.deliver(1, "mine");
    EXPECT_EQ(scene.consumer.get().body(), "mine");
    scene.expect_back(1);
}

TENDRIL_TEST(AmqpConsumer, NoAckStopsReadingAtItsBound) {  // TQ43
    Scene scene({.prefetch = 0, .no_ack = true, .receive_buffer = 10});
    scene.c.open_channel(1);
    scene.tag = scene.c.expect<method::BasicConsume>(1).consumer_tag;
    scene.c.send(1, method::BasicConsumeOk{scene.tag});
    const std::string body(6, 'x');
    for (std::uint64_t n = 1; n <= 4; ++n) {
        scene.deliver(n, body);
    }
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(scene.consumer.get().body(), body);
    }
    scene.deliver(5, "kept");
    while (!scene.consumer.ready()) {
        yield();
    }
    scene.lose();
    EXPECT_EQ(scene.consumer.get().body(), "kept") << "the broker does not have it back";
}

TENDRIL_TEST(AmqpConsumer, AStreamGoesOnBehindWhatWasSettled) {  // TQ45
    Scene scene({.prefetch = 10, .arguments = {{"x-stream-offset", "first"}}});
    scene.c.open_channel(1);
    scene.c.expect<method::BasicQos>(1);
    scene.c.send(1, method::BasicQosOk{});
    const auto first = scene.c.expect<method::BasicConsume>(1);
    EXPECT_EQ(first.arguments.get<std::string>("x-stream-offset"), "first");
    scene.tag = first.consumer_tag;
    scene.c.send(1, method::BasicConsumeOk{scene.tag});
    std::vector<Delivery> all;
    for (std::uint64_t n = 1; n <= 4; ++n) {
        scene.c.deliver(1, scene.tag, n,
                        {.body = "x", .properties = {.headers = {{"x-stream-offset", std::int64_t(100 + n)}}}});
        all.push_back(scene.consumer.get());
    }
    EXPECT_EQ(all[0].stream_offset(), 101u);
    all[0].ack();
    scene.expect_ack(1);
    all[2].ack();
    scene.expect_ack(3);
    scene.lose();
    scene.c.open_channel(1);
    scene.c.expect<method::BasicQos>(1);
    scene.c.send(1, method::BasicQosOk{});
    EXPECT_EQ(scene.c.expect<method::BasicConsume>(1).arguments.get<int>("x-stream-offset"), 102)
        << "the first that is not settled";
}

TENDRIL_TEST(AmqpConsumer, RefusesWhatHasNoBound) {  // TQ34
    ClientPeers peers;
    EXPECT_THROW(peers.client->consumer("bills", {.prefetch = 0}), std::invalid_argument);
    EXPECT_THROW(peers.client->consumer(std::string(256, 'q')), std::invalid_argument);
    EXPECT_EQ(peers.client->stats().consumers, 0u);
}

}  // namespace
}  // namespace tendril::amqp
