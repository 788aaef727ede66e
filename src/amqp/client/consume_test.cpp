// SPDX-License-Identifier: MIT
//
// consume(), against a broker by script.

#include <tendril/amqp/consume.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include <tendril/amqp/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "client_peers.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ClientPeers;
namespace method = testing::method;

TENDRIL_TEST(AmqpConsume, AcksWhenTheHandlerReturnsAndRequeuesWhenItThrows) {
    ClientPeers peers;
    auto consuming = spawn([&] {
        consume(*peers.client, "bills",
                [](Delivery& bill) {
                    if (bill.body() == "bad") {
                        throw std::runtime_error("cannot pay");
                    }
                    if (bill.body() == "own") {
                        bill.reject();
                    }
                },
                {.concurrency = 3});
    });
    peers.c.open_channel(1);
    EXPECT_EQ(peers.c.expect<method::BasicQos>(1).prefetch_count, 3);
    peers.c.send(1, method::BasicQosOk{});
    const std::string tag(peers.c.expect<method::BasicConsume>(1).consumer_tag);
    peers.c.send(1, method::BasicConsumeOk{tag});
    peers.c.deliver(1, tag, 1, {.body = "good"});
    EXPECT_EQ(peers.c.expect<method::BasicAck>(1).delivery_tag, 1u);
    peers.c.deliver(1, tag, 2, {.body = "bad"});
    EXPECT_TRUE(peers.c.expect<method::BasicReject>(1).requeue);
    peers.c.deliver(1, tag, 3, {.body = "own"});
    EXPECT_FALSE(peers.c.expect<method::BasicReject>(1).requeue);
    consuming.kill_nowait();
    peers.c.expect<method::BasicCancel>(1);
    peers.c.send(1, method::BasicCancelOk{tag});
    peers.c.close_channel(1);
    consuming.join();
    EXPECT_EQ(tendril::testing::take_unhandled().size(), 1u);
}

// A handler that waits for let_go; the end of consume() while it does.
struct Draining {
    ClientPeers peers;
    Event let_go;
    Event begun;
    std::string tag;
    Greenlet<void> consuming;

    explicit Draining(Duration drain) {
        consuming = spawn([this, drain] {
            consume(*peers.client, "bills",
                    [this](Delivery&) {
                        begun.set();
                        let_go.wait();
                    },
                    {.concurrency = 2, .drain = drain});
        });
        peers.c.open_channel(1);
        tag = peers.c.take_consumer(1);
        peers.c.deliver(1, tag, 1, {.body = "slow"});
        begun.wait();
        consuming.kill_nowait();
        peers.c.expect<method::BasicCancel>(1);
        peers.c.send(1, method::BasicCancelOk{tag});
    }
};

TENDRIL_TEST(AmqpConsume, DrainsAtItsEnd) {
    Draining scene(30s);
    scene.let_go.set();
    EXPECT_EQ(scene.peers.c.expect<method::BasicAck>(1).delivery_tag, 1u);
    scene.peers.c.close_channel(1);
    scene.consuming.join();
    EXPECT_TRUE(scene.consuming.killed());
}

TENDRIL_TEST(AmqpConsume, KillsWhatGoesOnForLonger) {
    Draining scene(1ms);
    EXPECT_EQ(scene.peers.c.expect<method::BasicReject>(1).delivery_tag, 1u);
    scene.peers.c.close_channel(1);
    scene.consuming.join();
}

TENDRIL_TEST(AmqpConsume, EndsWithItsConsumer) {
    ClientPeers peers;
    auto consuming = spawn([&] { consume(*peers.client, "bills", [](Delivery&) {}); });
    peers.c.open_channel(1);
    const std::string tag = peers.c.take_consumer(1);
    peers.c.send(1, method::BasicCancel{.consumer_tag = tag, .no_wait = true});
    EXPECT_THROW(consuming.get(), ConsumerCancelled);
    peers.c.close_channel(1);
    EXPECT_THROW(consume(*peers.client, "bills", nullptr), std::invalid_argument);
    EXPECT_THROW(consume(*peers.client, "bills", [](Delivery&) {}, {.concurrency = 0}), std::invalid_argument);
    EXPECT_THROW(consume(*peers.client, "bills", [](Delivery&) {}, {.concurrency = 70000}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::amqp
