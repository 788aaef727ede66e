// SPDX-License-Identifier: MIT
//
// Publisher, against a broker by script: TQ26 to TQ33.

#include <tendril/amqp/publisher.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "client_peers.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ClientPeers;
using testing::FakePeer;
using testing::Published;
namespace method = testing::method;

// A Client, one Publisher of it, and the broker's ends of both connections.
struct Scene {
    ClientPeers peers;
    Publisher publisher;
    FakePeer p;

    explicit Scene(PublisherOptions options = {}, ClientOptions client = {})
        : peers(std::move(client)), publisher(peers.client->publisher("orders", options)),
          p(peers.accept_publishing()) {
        open(options.confirm);
    }
    void open(bool confirm = true) {
        p.open_channel(1);
        if (confirm) {
            p.select_confirms(1);
        }
    }
    // As many messages as this come next. Returns: their routing keys.
    std::string keys(std::size_t n) {
        std::string all;
        for (std::size_t i = 0; i < n; ++i) {
            all += p.expect_publish(1).routing_key;
        }
        return all;
    }
    void ack(std::uint64_t tag, bool multiple = false) { p.send(1, method::BasicAck{tag, multiple}); }
    void nack(std::uint64_t tag, bool multiple = false) {
        p.send(1, method::BasicNack{.delivery_tag = tag, .multiple = multiple});
    }
    void give_back(const Published& message) {
        p.send(1, method::BasicReturn{312, "NO_ROUTE", message.exchange, message.routing_key}, message.message);
    }
    // Until it has a channel, so that a deadline after this is not for that.
    void warm_up() {
        later("warm");
        EXPECT_EQ(keys(1), "warm");
        ack(1);
        publisher.flush();
    }
    Confirmation later(std::string_view key) { return publisher.publish_later(key, Message{.body = "text"}); }
    // The present connection breaks; the next one.
    void lose() {
        p.hang_up();
        p = peers.accept_publishing();
        open();
    }
};

std::string end_of(const Confirmation& sent) {
    try {
        sent.get(0s);
        return "confirmed";
    } catch (const Nacked&) {
        return "nacked";
    } catch (const Unroutable&) {
        return "unroutable";
    } catch (const Unconfirmed& error) {
        const char* const names[] = {"unconfirmed", "lost", "closed"};
        return names[static_cast<int>(error.reason())];
    } catch (const ChannelError& error) {
        return std::to_string(error.code());
    } catch (const ConnectionError& error) {
        return std::to_string(error.code());
    }
}

TENDRIL_TEST(AmqpPublisher, WaitsForTheBrokersWord) {
    Scene scene;
    auto publishing = spawn([&] {
        scene.publisher.publish("a", {.body = "1", .properties = {.content_type = "text/plain", .message_id = "mine"}});
    });
    const Published first = scene.p.expect_publish(1);
    EXPECT_EQ(first.exchange, "orders");
    EXPECT_EQ(first.routing_key, "a");
    EXPECT_TRUE(first.mandatory);
    EXPECT_EQ(first.message.body, "1");
    EXPECT_EQ(first.message.properties.content_type, "text/plain");
    EXPECT_EQ(first.message.properties.message_id, "mine");
    EXPECT_EQ(first.message.properties.persistent, true);
    EXPECT_FALSE(publishing.ready());
    EXPECT_EQ(scene.publisher.unsettled(), 1u);
    scene.ack(1);
    publishing.get();
    EXPECT_EQ(scene.publisher.unsettled(), 0u);

    publishing = spawn([&] { scene.publisher.publish("b", std::string("2")); });
    const Published second = scene.p.expect_publish(1);
    EXPECT_EQ(second.message.body, "2");
    EXPECT_FALSE(second.message.properties.message_id.empty());
    EXPECT_TRUE(second.message.properties.content_type.empty());
    scene.nack(2);
    EXPECT_THROW(publishing.get(), Nacked);
}

TENDRIL_TEST(AmqpPublisher, SettlesWhateverTheOrder) {  // TQ24
    Scene scene;
    std::vector<Confirmation> sent;
    for (const char* key : {"a", "b", "c", "d", "e", "f"}) {
        sent.push_back(scene.later(key));
    }
    EXPECT_EQ(scene.keys(6), "abcdef");
    scene.ack(3);
    scene.nack(2, true);
    scene.ack(5, true);
    sent[4].get();
    std::string ends;
    for (const Confirmation& each : sent) {
        ends += end_of(each) + " ";
    }
    EXPECT_EQ(ends, "nacked nacked confirmed confirmed confirmed unconfirmed ");
}

TENDRIL_TEST(AmqpPublisher, AReturnIsForItsMessage) {  // TQ26
    Scene scene;
    std::vector<Confirmation> sent;
    std::vector<Published> came;
    for (const char* key : {"a", "b", "b", "c"}) {
        sent.push_back(scene.later(key));
        came.push_back(scene.p.expect_publish(1));
    }
    scene.give_back(came[1]);
    scene.give_back(came[3]);
    scene.ack(4, true);
    sent[0].get();
    EXPECT_EQ(end_of(sent[1]), "unroutable");
    EXPECT_EQ(end_of(sent[2]), "confirmed");
    EXPECT_EQ(end_of(sent[3]), "unroutable");
    try {
        scene.publisher.flush();
    } catch (const std::exception& error) {
        ADD_FAILURE() << "all failures were got: " << error.what();
    }
}

TENDRIL_TEST(AmqpPublisher, TheWindowIsKeptFirstComeFirstServed) {  // TQ27
    Scene scene({.window = 2});
    const Confirmation a = scene.later("a");
    const Confirmation b = scene.later("b");
    std::optional<Greenlet<Confirmation>> waits[3];
    for (int i = 0; i < 3; ++i) {
        waits[i] = spawn([&scene, i] { return scene.later(std::string(1, static_cast<char>('c' + i))); });
    }
    EXPECT_EQ(scene.keys(2), "ab");
    EXPECT_THROW(scene.publisher.publish_later("late", "text", 0s), TimeoutError);
    waits[1]->kill();
    scene.ack(1);
    EXPECT_EQ(scene.keys(1), "c");
    EXPECT_EQ(scene.publisher.unsettled(), 2u);
    EXPECT_FALSE(waits[2]->ready());
    scene.ack(3, true);
    EXPECT_EQ(scene.keys(1), "e");
    EXPECT_EQ(scene.publisher.unsettled(), 1u);
}

TENDRIL_TEST(AmqpPublisher, ADeadlineAfterSendingIsUnconfirmed) {  // TQ28
    Scene scene({.window = 1});
    scene.warm_up();
    auto publishing = spawn([&] { scene.publisher.publish("a", "text", 1ms); });
    EXPECT_EQ(scene.keys(1), "a");
    try {
        publishing.get();
        FAIL();
    } catch (const Unconfirmed& error) {
        EXPECT_EQ(error.reason(), Unconfirmed::Reason::deadline);
    }
    EXPECT_EQ(scene.publisher.unsettled(), 1u) << "its place is taken until the broker has answered";
    auto killed = spawn([&] { scene.publisher.publish("b", "text"); });
    scene.ack(2);
    EXPECT_EQ(scene.keys(1), "b");
    killed.kill();
    const auto next = spawn([&] { return scene.later("c"); });
    scene.ack(3);
    EXPECT_EQ(scene.keys(1), "c");
}

TENDRIL_TEST(AmqpPublisher, WaitsWhileTheBrokerBlocks) {  // TQ29
    Scene scene;
    scene.later("a");
    scene.p.send(0, method::ConnectionBlocked{"low on memory"});
    scene.peers.until_event("blocked (publishing): low on memory");
    EXPECT_TRUE(scene.peers.client->blocked());
    auto dies = spawn([&] { scene.later("killed"); });
    auto waits = spawn([&] { scene.later("b"); });
    try {
        scene.publisher.publish("late", "text", 20ms);
        FAIL();
    } catch (const TimeoutError& error) {
        EXPECT_NE(std::string(error.what()).find("publish to exchange 'orders'"), std::string::npos) << error.what();
    }
    dies.kill();
    scene.peers.c.send(0, method::ConnectionUnblocked{});  // of the other one: says nothing
    const auto declaring = spawn([&] { scene.peers.client->purge_queue("bills"); });
    scene.peers.c.open_channel(1);
    scene.peers.c.expect<method::QueuePurge>(1);
    scene.peers.c.send(1, method::QueuePurgeOk{3});
    declaring.join();
    EXPECT_FALSE(waits.ready());
    scene.p.send(0, method::ConnectionUnblocked{});
    EXPECT_EQ(scene.keys(2), "ab");
    EXPECT_FALSE(scene.peers.client->blocked());
}

TENDRIL_TEST(AmqpPublisher, ABrokerThatReadsNothingHoldsThemUp) {  // TQ32
    Scene scene({.window = 1'000'000}, {.connection = {.send_buffer = 64 * 1024}});
    scene.warm_up();
    const Message large{.body = std::string(100'000, 'x')};
    std::size_t sent = 0;
    try {
        for (;; ++sent) {
            scene.publisher.publish_later("a", large, 20ms);
        }
    } catch (const TimeoutError& error) {
        EXPECT_NE(std::string(error.what()).find("no room in the send buffer"), std::string::npos) << error.what();
    }
    EXPECT_LT(sent, 300u) << "what the system's buffers take, and one more";
    EXPECT_EQ(scene.publisher.unsettled(), sent);
}

TENDRIL_TEST(AmqpPublisher, SendsAgainAfterALoss) {  // TQ30
    Scene scene;
    std::vector<Confirmation> sent;
    std::vector<std::string> ids;
    for (const char* key : {"a", "b", "c", "d"}) {
        sent.push_back(scene.later(key));
        ids.push_back(scene.p.expect_publish(1).message.properties.message_id);
    }
    scene.ack(2);
    sent[1].get();
    scene.p.hang_up();
    scene.peers.until_event("lost");
    const auto next = spawn([&] { return scene.later("e"); });
    scene.p = scene.peers.accept_publishing();
    scene.open();
    for (const std::size_t i : {0, 2, 3}) {
        const Published again = scene.p.expect_publish(1);
        EXPECT_EQ(again.message.properties.message_id, ids[i]);
        EXPECT_EQ(again.message.body, "text");
        EXPECT_EQ(again.message.properties.headers.get<bool>("x-resent"), true);
    }
    const Published new_one = scene.p.expect_publish(1);
    EXPECT_EQ(new_one.routing_key, "e");
    EXPECT_TRUE(new_one.message.properties.headers.empty());
    scene.ack(2, true);
    sent[2].get();
    EXPECT_EQ(end_of(sent[0]), "confirmed");
    EXPECT_EQ(end_of(sent[3]), "unconfirmed");
    scene.ack(4, true);
    sent[3].get();
    EXPECT_EQ(scene.peers.client->stats().resent, 3u);
    EXPECT_EQ(scene.peers.client->stats().losses, 1u);
}

TENDRIL_TEST(AmqpPublisher, WithoutResendALossIsUnconfirmed) {  // TQ31
    Scene scene({.resend = false});
    const Confirmation a = scene.later("a");
    auto waits = spawn([&] { a.get(); });
    EXPECT_TRUE(scene.p.expect_publish(1).message.properties.message_id.empty());
    scene.p.hang_up();
    EXPECT_THROW(waits.get(), Unconfirmed);
    EXPECT_EQ(end_of(a), "lost");
    scene.p = scene.peers.accept_publishing();
    scene.open();
    scene.later("b");
    EXPECT_EQ(scene.keys(1), "b");
}

TENDRIL_TEST(AmqpPublisher, AMissingExchangeFailsItsOwnMessages) {  // TQ21
    Scene scene;
    Publisher other = scene.peers.client->publisher("others");
    scene.p.open_channel(2);
    scene.p.select_confirms(2);
    const Confirmation theirs = other.publish_later("x", "text");
    scene.p.expect_publish(2);
    const Confirmation a = scene.later("a");
    const Confirmation b = scene.later("b");
    EXPECT_EQ(scene.keys(2), "ab");
    scene.p.refuse_channel(1, 404, "NOT_FOUND - no exchange 'orders'");
    EXPECT_EQ(end_of(a), "404");
    EXPECT_EQ(end_of(b), "404");
    EXPECT_EQ(end_of(theirs), "unconfirmed");
    auto again = spawn([&] { scene.publisher.publish("c", "text"); });
    scene.open();
    EXPECT_EQ(scene.keys(1), "c");
    scene.ack(1);
    again.get();
    scene.p.send(2, method::BasicAck{1, false});
    theirs.get();
}

// What a message has done to its connection it would do to the next.
TENDRIL_TEST(AmqpPublisher, AConnectionsErrorIsTold) {  // TQ20
    Scene scene;
    const Confirmation a = scene.later("a");
    EXPECT_EQ(scene.keys(1), "a");
    scene.p.send(0, method::ConnectionClose{501, "FRAME_ERROR", 0, 0});
    scene.p.expect<method::ConnectionCloseOk>(0);
    scene.p = scene.peers.accept_publishing();
    scene.open();
    EXPECT_EQ(end_of(a), "501");
    const Confirmation b = scene.later("b");
    EXPECT_EQ(scene.keys(1), "b");
    scene.p.send(0, method::ConnectionClose{320, "CONNECTION_FORCED", 0, 0});
    scene.p.expect<method::ConnectionCloseOk>(0);
    scene.p = scene.peers.accept_publishing();
    scene.open();
    EXPECT_EQ(scene.keys(1), "b");
    EXPECT_EQ(end_of(b), "unconfirmed");
}

TENDRIL_TEST(AmqpPublisher, FlushTellsTheFirstFailure) {  // TQ33
    Scene scene;
    scene.publisher.flush();
    const Confirmation a = scene.later("a");
    scene.later("b");
    scene.later("c");
    auto flushing = spawn([&] { scene.publisher.flush(); });
    EXPECT_EQ(scene.keys(3), "abc");
    const Confirmation behind = scene.later("d");
    EXPECT_EQ(scene.keys(1), "d");
    scene.ack(3);
    scene.nack(2);
    while (scene.publisher.unsettled() > 2) {
        yield();
    }
    EXPECT_FALSE(flushing.ready());
    scene.ack(1);
    EXPECT_THROW(flushing.get(), Nacked);
    EXPECT_FALSE(behind.ready());
    EXPECT_THROW(scene.publisher.flush(0s), TimeoutError);
    scene.ack(4);
    scene.publisher.flush();
}

TENDRIL_TEST(AmqpPublisher, ItsEndSettlesAll) {
    std::optional<Confirmation> kept;
    AnyGreenlet waits;
    {
        Scene scene({.window = 1});
        kept = scene.later("a");
        waits = spawn([&] { EXPECT_THROW(scene.later("b"), ConnectionLost); });
        EXPECT_EQ(scene.keys(1), "a");
        const Publisher dropped = std::move(scene.publisher);
        scene.publisher = scene.peers.client->publisher("more");
    }
    EXPECT_EQ(end_of(*kept), "closed");
    waits.join();
}

TENDRIL_TEST(AmqpPublisher, WithoutConfirmsItSaysNothing) {
    Scene scene({.confirm = false});
    scene.publisher.publish("a", "text");
    EXPECT_EQ(scene.keys(1), "a");
    EXPECT_EQ(scene.publisher.unsettled(), 0u);
    scene.publisher.flush();
}

TENDRIL_TEST(AmqpPublisher, RefusesWhatCannotBeSent) {
    Scene scene;
    EXPECT_THROW(scene.later(std::string(256, 'k')), std::invalid_argument);
    EXPECT_THROW(scene.publisher.publish("k", {.properties = {.correlation_id = std::string(256, 'c')}}),
                 std::invalid_argument);
    EXPECT_EQ(scene.publisher.unsettled(), 0u);
    EXPECT_THROW(scene.peers.client->publisher(std::string(256, 'e')), std::invalid_argument);
    EXPECT_THROW(scene.peers.client->publisher("e", {.window = 0}), std::invalid_argument);
    scene.later("a");
    EXPECT_EQ(scene.keys(1), "a");
}

}  // namespace
}  // namespace tendril::amqp
