// SPDX-License-Identifier: MIT
//
// Channel, against a broker by script: its calls and their answers, TQ13, TQ19, TQ46, and what is refused before it is
// sent. Calls that are given up: abandoned_call_test.cpp.

#include <tendril/amqp/channel.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>

#include "delivery_sink.hpp"
#include "fake_broker.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::amqp {
namespace {

using testing::CollectingSink;
using testing::core;
using testing::FakeBroker;
using testing::FakePeer;
using testing::Published;
namespace method = testing::method;

// A connection with one channel, whose other side the script plays; it ends with the client's close().
struct Pair {
    template <class Script>
    explicit Pair(Script play, ConnectionOptions options = {})
        : script(spawn([this, play] {
              FakePeer peer = broker.accept();
              peer.open_channel(1);
              play(peer);
              peer.close_connection();
          })),
          connection(connect(broker.url(), options)), channel(connection.open_channel()) {}
    void end() {
        connection.close();
        script.get();
    }

    FakeBroker broker;
    Greenlet<void> script;
    Connection connection;
    Channel channel;
};

TENDRIL_TEST(AmqpChannel, SaysEachCall) {
    Pair pair([](FakePeer& peer) {
        const auto exchange = peer.expect<method::ExchangeDeclare>(1);
        EXPECT_EQ(exchange.exchange, "logs");
        EXPECT_EQ(exchange.type, "topic");
        EXPECT_TRUE(exchange.durable && exchange.internal && !exchange.passive && !exchange.auto_delete);
        peer.send(1, method::ExchangeDeclareOk{});
        const auto queue = peer.expect<method::QueueDeclare>(1);
        EXPECT_TRUE(queue.exclusive && queue.passive && queue.auto_delete && !queue.durable);
        EXPECT_EQ(queue.arguments.get<int>("x-max-length"), 5);
        peer.send(1, method::QueueDeclareOk{"amq.gen-1", 0, 0});
        const auto bind = peer.expect<method::QueueBind>(1);
        EXPECT_EQ(std::string(bind.queue) + "," + std::string(bind.exchange) + "," + std::string(bind.routing_key),
                  "q,e,k");
        peer.send(1, method::QueueBindOk{});
        peer.expect<method::QueueUnbind>(1);
        peer.send(1, method::QueueUnbindOk{});
        EXPECT_EQ(peer.expect<method::ExchangeBind>(1).destination, "to");
        peer.send(1, method::ExchangeBindOk{});
        EXPECT_EQ(peer.expect<method::ExchangeUnbind>(1).source, "from");
        peer.send(1, method::ExchangeUnbindOk{});
        EXPECT_TRUE(peer.expect<method::QueueDelete>(1).if_empty);
        peer.send(1, method::QueueDeleteOk{7});
        EXPECT_TRUE(peer.expect<method::ExchangeDelete>(1).if_unused);
        peer.send(1, method::ExchangeDeleteOk{});
        peer.expect<method::TxSelect>(1);
        peer.send(1, method::TxSelectOk{});
        peer.expect<method::TxCommit>(1);
        peer.send(1, method::TxCommitOk{});
        peer.expect<method::TxRollback>(1);
        peer.send(1, method::TxRollbackOk{});
    });
    Channel& c = pair.channel;
    c.declare_exchange("logs", "topic", {.durable = true, .internal = true});
    EXPECT_EQ(c.declare_queue(
                   "", {.exclusive = true, .auto_delete = true, .passive = true, .arguments = {{"x-max-length", 5}}})
                  .name,
              "amq.gen-1");
    c.bind_queue("q", "e", "k");
    c.unbind_queue("q", "e", "k");
    c.bind_exchange("to", "from", "k");
    c.unbind_exchange("to", "from", "k");
    EXPECT_EQ(c.delete_queue("q", false, true), 7u);
    c.delete_exchange("e", true);
    c.select_transactions();
    c.commit();
    c.rollback();
    pair.end();
}

TENDRIL_TEST(AmqpChannel, PublishesWholeMessages) {
    const std::string large(300'000, 'L');
    Pair pair([&](FakePeer& peer) {
        const Published first = peer.expect_publish(1);
        EXPECT_EQ(first.exchange + "," + first.routing_key, "logs,a.b");
        EXPECT_TRUE(first.mandatory);
        EXPECT_EQ(first.message.properties.content_type, "text/plain");
        EXPECT_EQ(first.message.properties.headers.get<std::string>("who"), "me");
        EXPECT_EQ(first.message.body, "hello");
        EXPECT_EQ(peer.expect_publish(1).message.body, "");
        EXPECT_EQ(peer.expect_publish(1).message.body, large);
    });
    Message hello{.body = "hello", .properties = {.content_type = "text/plain", .headers = {{"who", "me"}}}};
    EXPECT_TRUE(pair.channel.publish("logs", "a.b", hello, {.mandatory = true}).ready());
    pair.channel.publish("", "q", {});
    pair.channel.publish("", "q", {.body = large});
    pair.end();
}

// Nothing of it is sent: the next call is what the broker sees.
TENDRIL_TEST(AmqpChannel, RefusesWhatCannotBeSent) {
    Pair pair([](FakePeer& peer) {
        EXPECT_EQ(peer.expect<method::QueuePurge>(1).queue, "end");
        peer.send(1, method::QueuePurgeOk{});
    });
    Channel& c = pair.channel;
    const std::string long_name(256, 'n');
    EXPECT_THROW(c.declare_queue(long_name), std::invalid_argument);
    EXPECT_THROW(c.publish(long_name, "", {}), std::invalid_argument);
    EXPECT_THROW(c.publish("", "q", {.body = "b", .properties = {.type = long_name}}), std::invalid_argument);
    EXPECT_THROW(c.publish("", "q", {.properties = {.headers = {{"h", std::string(200'000, 'h')}}}}),
                 std::invalid_argument);
    EXPECT_THROW(c.declare_exchange("e", "direct", {.exclusive = true}), std::invalid_argument);
    EXPECT_THROW(c.declare_queue("q", {.internal = true}), std::invalid_argument);
    CollectingSink sink;
    EXPECT_THROW(core(c)->consume("q", {.prefetch = 0}, sink, never), std::invalid_argument);
    EXPECT_THROW(core(c)->consume(long_name, {}, sink, never), std::invalid_argument);
    c.purge_queue("end");
    pair.end();
}

// Hundreds of calls at once, some of which are killed or run out of time on the way, on one channel: each of the others
// gets its own answer.
TENDRIL_TEST(AmqpChannel, EachCallerGetsItsOwnAnswer) {
    constexpr int calls = 300;
    Pair pair([](FakePeer& peer) {
        for (int i = 0; i < calls; ++i) {
            const auto declare = peer.expect<method::QueueDeclare>(1);
            const std::string name(declare.queue);
            peer.send(1, method::QueueDeclareOk{name, static_cast<std::uint32_t>(std::stoi(name)), 0});
            if (i % 7 == 0) {
                yield();
            }
        }
    });
    int answered = 0;
    std::vector<Greenlet<void>> callers;
    for (int i = 0; i < calls; ++i) {
        callers.push_back(spawn([&, i] {
            const std::string name = std::to_string(i);
            try {
                const QueueInfo info = pair.channel.declare_queue(name, {}, i % 3 == 1 ? Deadline(0s) : never);
                EXPECT_EQ(info.name, name);
                EXPECT_EQ(info.messages, static_cast<std::uint32_t>(i));
                ++answered;
            } catch (const TimeoutError&) {
                EXPECT_EQ(i % 3, 1);
            }
        }));
    }
    yield();  // all have sent
    for (int i = 2; i < calls; i += 3) {
        callers[static_cast<std::size_t>(i)].kill_nowait();
    }
    join_all(callers);
    EXPECT_GE(answered, calls / 3);
    pair.end();
}

TENDRIL_TEST(AmqpChannel, AChannelErrorEndsThisChannelOnly) {
    Pair pair([](FakePeer& peer) {
        peer.open_channel(2);
        peer.expect<method::QueueDeclare>(1);
        peer.send(1, method::ChannelClose{404, "NOT_FOUND - no queue 'q' in vhost '/'", 50, 10});
        peer.expect<method::ChannelCloseOk>(1);
        peer.expect<method::QueuePurge>(2);
        peer.send(2, method::QueuePurgeOk{1});
        peer.open_channel(1);  // the number is free
    });
    Channel other = pair.connection.open_channel();
    try {
        pair.channel.declare_queue("q", {.passive = true});
        ADD_FAILURE() << "nothing was thrown";
    } catch (const NotFound& e) {
        EXPECT_EQ(e.code(), 404);
        EXPECT_EQ(e.text(), "NOT_FOUND - no queue 'q' in vhost '/'");
        EXPECT_EQ(e.method(), "queue.declare");
    }
    EXPECT_THROW(pair.channel.purge_queue("q"), NotFound);
    EXPECT_EQ(other.purge_queue("q"), 1u);
    const Channel again = pair.connection.open_channel();
    pair.end();
}

TENDRIL_TEST(AmqpChannel, EachRefusalHasItsType) {
    const auto type_of = [](std::uint16_t code) -> std::string {
        Pair pair([code](FakePeer& peer) {
            peer.expect<method::QueuePurge>(1);
            peer.refuse_channel(1, code, "because");
        });
        try {
            pair.channel.purge_queue("q");
            return "none";
        } catch (const AccessRefused&) {
            pair.end();
            return "AccessRefused";
        } catch (const ResourceLocked&) {
            pair.end();
            return "ResourceLocked";
        } catch (const PreconditionFailed&) {
            pair.end();
            return "PreconditionFailed";
        } catch (const ChannelError&) {
            pair.end();
            return "ChannelError";
        }
    };
    EXPECT_EQ(type_of(403), "AccessRefused");
    EXPECT_EQ(type_of(405), "ResourceLocked");
    EXPECT_EQ(type_of(406), "PreconditionFailed");
    EXPECT_EQ(type_of(313), "ChannelError");
}

TENDRIL_TEST(AmqpChannel, GetsOneMessageOrNothing) {
    Pair pair([](FakePeer& peer) {
        EXPECT_FALSE(peer.expect<method::BasicGet>(1).no_ack);
        peer.send(1, method::BasicGetOk{1, true, "logs", "a.b", 3}, {.body = "one"});
        peer.expect<method::BasicGet>(1);
        peer.send(1, method::BasicGetEmpty{});
        EXPECT_TRUE(peer.expect<method::BasicGet>(1).no_ack);
        peer.send(1, method::BasicGetOk{2, false, "", "q", 0}, {.body = "two"});
        EXPECT_EQ(peer.expect<method::BasicAck>(1).delivery_tag, 1u);
    });
    std::optional<Delivery> first = pair.channel.get("q");
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->body() + "," + first->exchange() + "," + first->routing_key(), "one,logs,a.b");
    EXPECT_TRUE(first->redelivered());
    EXPECT_FALSE(pair.channel.get("q").has_value());
    std::optional<Delivery> second = pair.channel.get("q", true);
    EXPECT_EQ(second->body(), "two");
    EXPECT_TRUE(second->ack());  // says nothing
    second.reset();
    EXPECT_TRUE(first->ack());
    first.reset();
    pair.end();
}

TENDRIL_TEST(AmqpChannel, KeepsWhatCameBack) {
    Pair pair([](FakePeer& peer) {
        for (int i = 0; i < 102; ++i) {
            const Published published = peer.expect_publish(1);
            peer.send(1, method::BasicReturn{312, "NO_ROUTE", "", published.routing_key}, published.message);
        }
        peer.expect<method::QueuePurge>(1);
        peer.send(1, method::QueuePurgeOk{});
    });
    EXPECT_FALSE(pair.channel.try_get_returned().has_value());
    for (int i = 0; i < 102; ++i) {
        pair.channel.publish("", "nowhere", {.body = std::to_string(i)}, {.mandatory = true});
    }
    pair.channel.purge_queue("q");
    std::optional<Delivery> back = pair.channel.try_get_returned();
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->body(), "2");  // the last hundred
    EXPECT_THROW(back->ack(), std::logic_error);
    pair.end();
}

TENDRIL_TEST(AmqpChannel, ConfirmsWhatIsPublished) {
    Pair pair([](FakePeer& peer) {
        peer.select_confirms(1);
        for (int i = 0; i < 5; ++i) {
            peer.expect_publish(1);
        }
        peer.send(1, method::BasicReturn{312, "NO_ROUTE", "", "4"}, Message{.body = "4"});
        peer.send(1, method::BasicAck{2, true});
        peer.send(1, method::BasicNack{3, false, false});
        peer.send(1, method::BasicAck{4, false});
        peer.expect<method::QueuePurge>(1);
        peer.refuse_channel(1, 404, "gone");
    });
    pair.channel.select_confirms();
    std::vector<Confirmation> sent;
    for (int i = 1; i <= 5; ++i) {
        const std::string n = std::to_string(i);
        sent.push_back(pair.channel.publish("", n, {.body = n}, {.mandatory = true}));
    }
    sent[0].get();
    sent[1].get();
    EXPECT_THROW(sent[2].get(), Nacked);
    EXPECT_THROW(sent[3].get(), Unroutable);
    EXPECT_FALSE(sent[4].ready());
    EXPECT_THROW(pair.channel.purge_queue("q"), NotFound);
    EXPECT_THROW(sent[4].get(), NotFound);
    pair.end();
}

TENDRIL_TEST(AmqpChannel, WhatIsUnconfirmedAtTheEndIsToldSo) {
    Pair pair([](FakePeer& peer) {
        peer.select_confirms(1);
        peer.expect_publish(1);
        peer.expect_publish(1);
        peer.hang_up();
        throw GreenletExit();
    });
    pair.channel.select_confirms();
    const Confirmation sent = pair.channel.publish("", "q", {});
    const Confirmation other = pair.channel.publish("", "q", {});
    try {
        sent.get();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Unconfirmed& e) {
        EXPECT_EQ(e.reason(), Unconfirmed::Reason::lost);
    }
    EXPECT_TRUE(other.ready());
    pair.script.join();
}

// TQ32: a broker that reads nothing makes publishers wait, in their order; a call still goes into the buffer.
TENDRIL_TEST(AmqpChannel, PublishersWaitForRoom) {
    const std::string body(100'000, 'b');
    bool reads = false;
    Pair pair(
        [&](FakePeer& peer) {
            while (!reads) {
                yield();
            }
            std::size_t published = 0;
            for (int next = 0; next < 3;) {
                const std::string id = peer.expect_publish(1).message.properties.message_id;
                if (!id.empty()) {
                    EXPECT_EQ(id, std::to_string(next++));
                }
                ++published;
            }
            EXPECT_GT(published, 3u);
            peer.expect<method::QueuePurge>(1);
            peer.send(1, method::QueuePurgeOk{});
        },
        {.send_buffer = 200'000});
    for (;;) {
        try {
            pair.channel.publish("", "q", {.body = body}, {}, 5ms);
        } catch (const TimeoutError&) {
            break;
        }
    }
    const std::size_t unsent = testing::core(pair.channel)->connection()->unsent();
    EXPECT_GE(unsent, 200'000u);
    EXPECT_LT(unsent, 400'000u);
    std::vector<Greenlet<void>> waiting;
    for (int i = 0; i < 4; ++i) {
        waiting.push_back(spawn([&, i] {
            pair.channel.publish("", "q",
                                 {.body = body, .properties = {.message_id = std::to_string(i < 2 ? i : i - 1)}});
        }));
    }
    yield();
    waiting[2].kill();
    EXPECT_EQ(testing::core(pair.channel)->connection()->unsent(), unsent);
    reads = true;
    join_all(waiting);
    pair.channel.purge_queue("q");
    pair.end();
}

TENDRIL_TEST(AmqpChannel, PublishersWaitWhileTheBrokerBlocks) {
    Pair pair([](FakePeer& peer) {
        peer.send(0, method::ConnectionBlocked{"low on memory"});
        peer.expect<method::QueuePurge>(1);
        peer.send(1, method::QueuePurgeOk{});
        peer.expect<method::QueuePurge>(1);  // calls are sent, publishes are not
        peer.send(1, method::QueuePurgeOk{});
        peer.send(0, method::ConnectionUnblocked{});
        EXPECT_EQ(peer.expect_publish(1).message.body, "a");
        EXPECT_EQ(peer.expect_publish(1).message.body, "b");
    });
    pair.channel.purge_queue("q");
    EXPECT_TRUE(pair.connection.blocked());
    EXPECT_EQ(pair.connection.blocked_reason(), "low on memory");
    auto a = spawn([&] { pair.channel.publish("", "q", {.body = "a"}); });
    auto b = spawn([&] { pair.channel.publish("", "q", {.body = "b"}); });
    EXPECT_THROW(pair.channel.publish("", "q", {}, {}, 0s), TimeoutError);
    pair.channel.purge_queue("q");
    a.get();
    b.get();
    EXPECT_FALSE(pair.connection.blocked());
    pair.end();
}

// TQ05: larger than max_message: its memory is not taken, the channel is closed, and with it the message goes back.
TENDRIL_TEST(AmqpChannel, RefusesAMessageThatIsTooLarge) {
    Pair pair(
        [](FakePeer& peer) {
            peer.expect<method::BasicGet>(1);
            peer.send(1, method::BasicGetOk{1, false, "", "q", 0}, Message{.body = std::string(5000, 'x')});
            EXPECT_EQ(peer.expect<method::ChannelClose>(1).reply_code, 311);
            peer.send(1, method::ChannelCloseOk{});
        },
        {.max_message = 4999});
    try {
        pair.channel.get("q");
        ADD_FAILURE() << "nothing was thrown";
    } catch (const std::length_error& e) {
        EXPECT_EQ(std::string(e.what()).find("a message of 5000 bytes came"), 0u) << e.what();
    }
    pair.end();
}

}  // namespace
}  // namespace tendril::amqp
