// SPDX-License-Identifier: MIT
//
// Client, against a broker by script: its connections, TQ47 to TQ51.

#include <tendril/amqp/client.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>

#include "client_peers.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ClientPeers;
using testing::FakeBroker;
using testing::FakePeer;
namespace method = testing::method;

Topology shop() {
    return {.exchanges = {{"orders", "topic", {.alternate = "lost"}}, {"lost", "fanout"}},
            .queues = {{"bills", {.delivery_limit = {}}}},
            .bindings = {{"bills", "orders", "*.paid"}},
            .exchange_bindings = {{"lost", "orders", "#"}}};
}

template <class Ok, class M>
void take(FakePeer& peer, std::uint16_t channel, std::string_view name, amqp::detail::ShortString M::*field) {
    EXPECT_EQ(peer.expect<M>(channel).*field, name);
    peer.send(channel, Ok{});
}

void take_queue(FakePeer& peer, std::uint16_t channel, std::string_view name) {
    EXPECT_EQ(peer.expect<method::QueueDeclare>(channel).queue, name);
    peer.send(channel, method::QueueDeclareOk{name});
}

void take_shop(FakePeer& peer, std::uint16_t channel = 1) {
    peer.open_channel(channel);
    take<method::ExchangeDeclareOk>(peer, channel, "orders", &method::ExchangeDeclare::exchange);
    take<method::ExchangeDeclareOk>(peer, channel, "lost", &method::ExchangeDeclare::exchange);
    take_queue(peer, channel, "bills");
    take<method::QueueBindOk>(peer, channel, "bills", &method::QueueBind::queue);
    take<method::ExchangeBindOk>(peer, channel, "lost", &method::ExchangeBind::destination);
    peer.close_channel(channel);
}

TENDRIL_TEST(AmqpClient, DeclaresInOrderThenConsumesThenPublishes) {  // TQ48
    ClientPeers peers({.topology = shop()});
    Consumer consumer = peers.client->consumer("bills");
    Publisher publisher = peers.client->publisher("orders");
    FakePeer p = peers.accept_publishing();
    EXPECT_FALSE(peers.client->connected());
    EXPECT_THROW(peers.client->wait_connected(0s), TimeoutError);
    take_shop(peers.c);
    peers.c.open_channel(1);
    peers.c.take_consumer(1);
    p.open_channel(1);
    p.select_confirms(1);
    peers.client->wait_connected();
    EXPECT_TRUE(peers.client->connected());
    const ClientStats stats = peers.client->stats();
    EXPECT_EQ(stats.connects, 2u);
    EXPECT_EQ(stats.consumers, 1u);
    EXPECT_EQ(stats.publishers, 1u);
    peers.until_event("connected (publishing)");
    EXPECT_EQ(peers.events, (std::vector<std::string>{"connected", "connected (publishing)"}));
}

TENDRIL_TEST(AmqpClient, DeclaresAgainBeforeAnybodyPublishes) {
    ClientPeers peers({.topology = shop()});
    take_shop(peers.c);
    Publisher publisher = peers.client->publisher("orders");
    FakePeer p = peers.accept_publishing();
    p.open_channel(1);
    p.select_confirms(1);
    p.hang_up();
    p = peers.accept_publishing();
    take_shop(peers.c);
    p.open_channel(1);
    p.select_confirms(1);
}

TENDRIL_TEST(AmqpClient, ARefusedDeclarationDoesNotStopTheOthers) {  // TQ48, TQ22
    ClientPeers peers({.topology = {.queues = {{"first"}, {"second"}}}});
    peers.c.open_channel(1);
    peers.c.expect<method::QueueDeclare>(1);
    peers.c.refuse_channel(1, 406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'first'");
    peers.c.open_channel(1);
    take_queue(peers.c, 1, "second");
    peers.c.close_channel(1);
    peers.client->wait_connected();
    peers.until_event("topology_error");
    EXPECT_NE(peers.events.at(0).find("inequivalent arg"), std::string::npos) << peers.events.at(0);
}

TENDRIL_TEST(AmqpClient, DeclareAddsWhatTheBrokerTook) {  // TQ49
    ClientPeers peers;
    auto declaring = spawn([&] { return peers.client->declare({.queues = {{""}}, .bindings = {{"", "amq.fanout"}}}); });
    peers.c.open_channel(1);
    const std::string name(peers.c.expect<method::QueueDeclare>(1).queue);
    EXPECT_FALSE(name.empty());
    peers.c.send(1, method::QueueDeclareOk{name});
    take<method::QueueBindOk>(peers.c, 1, name, &method::QueueBind::queue);
    EXPECT_EQ(declaring.get(), (std::vector<std::string>{name}));
    auto refused = spawn([&] { peers.client->declare({.queues = {{"other"}, {"bad"}, {"never"}}}); });
    take_queue(peers.c, 1, "other");
    peers.c.expect<method::QueueDeclare>(1);
    peers.c.refuse_channel(1, 406, "PRECONDITION_FAILED");
    EXPECT_THROW(refused.get(), PreconditionFailed);
    peers.c.hang_up();
    peers.c = peers.broker.accept();
    peers.c.open_channel(1);
    take_queue(peers.c, 1, name);
    take_queue(peers.c, 1, "other");
    take<method::QueueBindOk>(peers.c, 1, name, &method::QueueBind::queue);
    peers.c.close_channel(1);
}

TENDRIL_TEST(AmqpClient, DeclareGoesOnAfterALossAndAfterAKill) {
    ClientPeers peers;
    auto declaring = spawn([&] { peers.client->declare({.queues = {{"a"}}}); });
    peers.c.open_channel(1);
    peers.c.expect<method::QueueDeclare>(1);
    peers.c.hang_up();
    peers.c = peers.broker.accept();
    peers.c.open_channel(1);
    take_queue(peers.c, 1, "a");
    declaring.get();
    auto killed = spawn([&] { peers.client->declare({.queues = {{"b"}}}); });
    peers.c.expect<method::QueueDeclare>(1);
    killed.kill();
    peers.c.close_channel(1);
    peers.c.open_channel(2);
    take_queue(peers.c, 2, "a");
    take_queue(peers.c, 2, "b");
    peers.c.close_channel(2);
}

TENDRIL_TEST(AmqpClient, WhatIsDeletedIsForgotten) {  // TQ51
    ClientPeers peers({.topology = shop()});
    take_shop(peers.c);
    auto removing = spawn([&] {
        peers.client->remove_queue("bills");
        peers.client->remove_exchange("lost");
    });
    peers.c.open_channel(1);
    take<method::QueueDeleteOk>(peers.c, 1, "bills", &method::QueueDelete::queue);
    take<method::ExchangeDeleteOk>(peers.c, 1, "lost", &method::ExchangeDelete::exchange);
    removing.get();
    peers.c.hang_up();
    peers.c = peers.broker.accept();
    peers.c.open_channel(1);
    take<method::ExchangeDeclareOk>(peers.c, 1, "orders", &method::ExchangeDeclare::exchange);
    peers.c.close_channel(1);
}

TENDRIL_TEST(AmqpClient, ALockedQueueIsTriedAgain) {  // TQ50
    ClientPeers peers(
        {.topology = {.queues = {{"mine", {.exclusive = true}}, {"other"}}, .bindings = {{"mine", "amq.fanout"}}}});
    peers.c.open_channel(1);
    peers.c.expect<method::QueueDeclare>(1);
    peers.c.refuse_channel(1, 405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine'");
    peers.c.open_channel(1);
    take_queue(peers.c, 1, "other");
    peers.c.close_channel(1);
    peers.c.open_channel(1);
    take_queue(peers.c, 1, "mine");
    take_queue(peers.c, 1, "other");
    take<method::QueueBindOk>(peers.c, 1, "mine", &method::QueueBind::queue);
    peers.c.close_channel(1);
    peers.client->wait_connected();
    EXPECT_EQ(peers.events, (std::vector<std::string>{"connected"}));
}

TENDRIL_TEST(AmqpClient, TriesAgainUntilItIsThere) {  // TQ47
    ClientPeers peers;
    peers.client->wait_connected();
    peers.c.hang_up();
    for (int i = 0; i < 3; ++i) {
        peers.broker.accept_silently().hang_up();
    }
    peers.c = peers.broker.accept();
    peers.client->wait_connected();
    peers.until_event("lost");
    int failed = 0;
    for (const std::string& each : peers.events) {
        failed += each.starts_with("failed") ? 1 : 0;
    }
    EXPECT_EQ(failed, 3);
    EXPECT_EQ(peers.client->stats().losses, 1u);
    EXPECT_EQ(peers.client->stats().connects, 2u);
}

TENDRIL_TEST(AmqpClient, EndsWhereNoAttemptHelps) {  // TQ07, TQ20
    FakeBroker broker;
    std::vector<std::string> events;
    Client client(broker.url(), {.on_event = [&](const ClientEvent& event) {
                      events.push_back(std::to_string(static_cast<int>(event.kind)) + event.text);
                  }});
    Consumer consumer = client.consumer("bills");
    auto getter = spawn([&] { consumer.get(); });
    auto waiter = spawn([&] { client.wait_connected(); });
    FakePeer peer = broker.accept_silently();
    peer.take_protocol_header();
    peer.send_start();
    peer.expect<method::ConnectionStartOk>(0);
    peer.send(0, method::ConnectionClose{403, "ACCESS_REFUSED - Login was refused", 0, 0});
    EXPECT_THROW(getter.get(), AuthError);
    EXPECT_THROW(waiter.get(), AuthError);
    EXPECT_THROW(client.declare({.queues = {{"a"}}}), AuthError);
    EXPECT_THROW(client.publisher("orders"), AuthError);
    EXPECT_THROW(client.consumer("more"), AuthError);
    EXPECT_THROW(client.get("bills"), AuthError);
    while (events.empty()) {
        yield();
    }
    EXPECT_NE(events.at(0).find("Login was refused"), std::string::npos) << events.at(0);
}

// A broker that is killed while it looks at the login has not refused it.
TENDRIL_TEST(AmqpClient, TriesAgainWhenABrokerDiesInTheLogin) {  // TQ07, TQ47
    FakeBroker broker;
    Client client(broker.url(), {.first_retry = 1ms});
    const auto hang_up_on_login = [&](const Table& properties) {
        FakePeer peer = broker.accept_silently();
        peer.take_protocol_header();
        peer.send_start(properties);
        peer.expect<method::ConnectionStartOk>(0);
        peer.hang_up();
    };
    const Table says_so{{"capabilities", Table{{"authentication_failure_close", true}}}};
    auto waiter = spawn([&] { client.wait_connected(); });
    hang_up_on_login(says_so);
    FakePeer peer = broker.accept();
    waiter.get();
    peer.hang_up();
    for (const Table& properties : {says_so, Table{}}) {
        hang_up_on_login(properties);
    }
    peer = broker.accept();
    client.wait_connected();
    peer.hang_up();
}

TENDRIL_TEST(AmqpClient, EndsAfterSoManyAttempts) {
    FakeBroker broker;
    Client client(broker.url(), {.first_retry = 1ms, .attempts = 3});
    auto waiter = spawn([&] { client.wait_connected(); });
    for (int i = 0; i < 3; ++i) {
        broker.accept_silently().hang_up();
    }
    EXPECT_THROW(waiter.get(), std::exception);
    EXPECT_THROW(Client(broker.url(), {.attempts = 0}), std::invalid_argument);
}

TENDRIL_TEST(AmqpClient, CloseFlushesCancelsAndSaysGoodbye) {
    ClientPeers peers;
    Publisher publisher = peers.client->publisher("orders");
    FakePeer p = peers.accept_publishing();
    p.open_channel(1);
    p.select_confirms(1);
    Consumer consumer = peers.client->consumer("bills");
    peers.c.open_channel(1);
    const std::string tag = peers.c.take_consumer(1);
    const Confirmation sent = publisher.publish_later("a", "text");
    auto getter = spawn([&] { consumer.get(); });
    auto closing = spawn([&] { peers.client->close(); });
    p.expect_publish(1);
    EXPECT_FALSE(closing.ready());
    p.send(1, method::BasicAck{1, false});
    peers.c.expect<method::BasicCancel>(1);
    peers.c.send(1, method::BasicCancelOk{tag});
    peers.c.close_channel(1);
    p.close_connection();
    peers.c.close_connection();
    closing.get();
    sent.get();
    EXPECT_THROW(getter.get(), ShutDown);
    EXPECT_THROW(publisher.publish("b", "text"), ConnectionLost);
    EXPECT_THROW(consumer.get(), ShutDown);
    EXPECT_THROW(peers.client->wait_connected(), ConnectionLost);
    peers.client->close();
}

TENDRIL_TEST(AmqpClient, CloseEndsAtItsDeadline) {
    ClientPeers peers;
    Publisher publisher = peers.client->publisher("orders");
    FakePeer p = peers.accept_publishing();
    p.open_channel(1);
    p.select_confirms(1);
    const Confirmation sent = publisher.publish_later("a", "text");
    peers.client->close(10ms);
    EXPECT_TRUE(sent.ready());
    EXPECT_THROW(sent.get(), Unconfirmed);
    EXPECT_FALSE(peers.client->connected());
}

// Whatever it is just about, it may go.
TENDRIL_TEST(AmqpClient, MayEndAtAnyMoment) {
    for (int steps = 0; steps < 60; ++steps) {
        FakeBroker broker;
        std::optional<Client> client(std::in_place, broker.url(),
                                     ClientOptions{.topology = {.queues = {{"bills"}}}, .first_retry = 1ms});
        Consumer consumer = client->consumer("bills");
        Publisher publisher = client->publisher("orders");
        auto getter = spawn([&] { consumer.get(); });
        auto caller = spawn([&] { publisher.publish("a", "text"); });
        auto declarer = spawn([&] { client->declare({.queues = {{"b"}}}); });
        auto script = spawn([&] {
            try {
                FakePeer c = broker.accept();
                FakePeer p = broker.accept();
                c.open_channel(1);
                take_queue(c, 1, "bills");
                c.close_channel(1);
                c.open_channel(1);
                c.take_consumer(1);
                p.open_channel(1);
                p.select_confirms(1);
                p.expect_publish(1);
                c.expect_end();
            } catch (const std::exception&) {  // it went
            }
        });
        for (int i = 0; i < steps; ++i) {
            yield();
        }
        declarer.kill();
        client.reset();
        EXPECT_THROW(getter.get(), ShutDown);
        EXPECT_THROW(caller.get(), std::exception);
        script.kill();
    }
}

TENDRIL_TEST(AmqpClient, AsksAndGetsOnChannelsOfItsOwn) {
    ClientPeers peers;
    auto asking = spawn([&] {
        EXPECT_EQ(peers.client->queue_info("bills").messages, 5u);
        EXPECT_EQ(peers.client->purge_queue("bills"), 5u);
        EXPECT_EQ(peers.client->get("bills"), std::nullopt);
        std::optional<Delivery> one = peers.client->get("bills");
        EXPECT_EQ(one->body(), "one");
        EXPECT_THROW(peers.client->queue_info("missing"), NotFound);
        EXPECT_TRUE(one->ack());
    });
    peers.c.open_channel(1);
    EXPECT_TRUE(peers.c.expect<method::QueueDeclare>(1).passive);
    peers.c.send(1, method::QueueDeclareOk{"bills", 5, 0});
    peers.c.expect<method::QueuePurge>(1);
    peers.c.send(1, method::QueuePurgeOk{5});
    peers.c.expect<method::BasicGet>(1);
    peers.c.send(1, method::BasicGetEmpty{});
    peers.c.expect<method::BasicGet>(1);
    peers.c.send(1, method::BasicGetOk{.delivery_tag = 1, .routing_key = "bills"}, {.body = "one"});
    peers.c.open_channel(2);
    peers.c.expect<method::QueueDeclare>(2);
    peers.c.refuse_channel(2, 404, "NOT_FOUND - no queue 'missing'");
    EXPECT_EQ(peers.c.expect<method::BasicAck>(1).delivery_tag, 1u);
    peers.c.close_channel(1);
    asking.get();
}

}  // namespace
}  // namespace tendril::amqp
