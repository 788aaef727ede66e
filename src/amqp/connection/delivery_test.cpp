// SPDX-License-Identifier: MIT
//
// Delivery, against a broker by script: TQ11, TQ35 to TQ38, and what a consumer of a channel gets.

#include <tendril/amqp/delivery.hpp>

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

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
namespace method = testing::method;

// A consumer of a channel, whose deliveries the script sends.
struct Consuming {
    template <class Script>
    explicit Consuming(Script play, ConsumeOptions options = {})
        : script(spawn([this, play] {
              FakePeer peer = broker.accept();
              peer.open_channel(1);
              play(peer);
              peer.close_connection();
          })),
          connection(connect(broker.url())), channel(connection.open_channel()),
          tag(core(channel)->consume("work", options, sink, never)) {}
    void end() {
        connection.close();
        script.get();
    }

    FakeBroker broker;
    Greenlet<void> script;
    CollectingSink sink;
    Connection connection;
    Channel channel;
    std::string tag;
};

void deliver(FakePeer& peer, const std::string& consumer, std::uint64_t count) {
    for (std::uint64_t tag = 1; tag <= count; ++tag) {
        peer.deliver(1, consumer, tag, {.body = std::to_string(tag)});
    }
}

TENDRIL_TEST(AmqpDelivery, ComesWithWhatWasPublished) {
    Consuming at(
        [](FakePeer& peer) {
            const auto qos = peer.expect<method::BasicQos>(1);
            EXPECT_EQ(qos.prefetch_count, 7);
            EXPECT_FALSE(qos.global);
            peer.send(1, method::BasicQosOk{});
            const auto consume = peer.expect<method::BasicConsume>(1);
            EXPECT_EQ(consume.queue, "work");
            EXPECT_TRUE(consume.exclusive);
            EXPECT_EQ(consume.arguments.get<int>("x-priority"), -3);
            const std::string tag(consume.consumer_tag);
            peer.send(1, method::BasicConsumeOk{tag});
            peer.deliver(1, tag, 1,
                         {.body = "a",
                          .properties = {.headers = {{"x-delivery-count", 4}, {"x-stream-offset", std::int64_t{99}}}}});
            peer.deliver(1, tag, 2, {.body = std::string(300'000, 'b')}, true);
            EXPECT_EQ(peer.expect<method::BasicReject>(1).delivery_tag, 2u);
            EXPECT_EQ(peer.expect<method::BasicAck>(1).delivery_tag, 1u);
        },
        {.prefetch = 7, .exclusive = true, .priority = -3});
    Delivery first = at.sink.deliveries.get();
    EXPECT_EQ(first.body(), "a");
    EXPECT_EQ(first.delivery_count(), 4u);
    EXPECT_EQ(first.stream_offset(), 99u);
    Delivery second = at.sink.deliveries.get();
    EXPECT_EQ(second.body().size(), 300'000u);
    EXPECT_EQ(second.delivery_count(), 1u);
    EXPECT_EQ(second.stream_offset(), std::nullopt);
    EXPECT_TRUE(second.reject());
    EXPECT_TRUE(first.ack());
    at.end();
}

// By whatever way it is destroyed; and never acked.
TENDRIL_TEST(AmqpDelivery, GoesBackWhenItIsDestroyedUnsettled) {
    Consuming at([](FakePeer& peer) {
        deliver(peer, peer.take_consumer(1), 6);
        for (const std::uint64_t tag : {1, 2, 3, 4, 5, 6}) {
            const auto reject = peer.expect<method::BasicReject>(1);
            EXPECT_EQ(reject.delivery_tag, tag);
            EXPECT_TRUE(reject.requeue);
        }
    });
    { const Delivery by_scope = at.sink.deliveries.get(); }
    try {
        const Delivery by_exception = at.sink.deliveries.get();
        throw std::runtime_error("");
    } catch (const std::runtime_error&) {
    }
    auto killed = spawn([&] {
        const Delivery by_kill = at.sink.deliveries.get();
        sleep(never);
    });
    yield();
    killed.kill();
    std::vector<Delivery> several;
    several.push_back(at.sink.deliveries.get());
    several.clear();
    Delivery assigned = at.sink.deliveries.get();
    assigned = at.sink.deliveries.get();
    EXPECT_TRUE(assigned.requeue());
    at.end();
}

TENDRIL_TEST(AmqpDelivery, IsSettledOnce) {
    Consuming at([](FakePeer& peer) {
        deliver(peer, peer.take_consumer(1), 1);
        EXPECT_EQ(peer.expect<method::BasicAck>(1).delivery_tag, 1u);
    });
    Delivery delivery = at.sink.deliveries.get();
    EXPECT_FALSE(delivery.settled());
    EXPECT_TRUE(delivery.ack());
    EXPECT_TRUE(delivery.settled());
    EXPECT_THROW(delivery.ack(), std::logic_error);
    EXPECT_THROW(delivery.requeue(), std::logic_error);
    Delivery moved = std::move(delivery);
    EXPECT_THROW(delivery.reject(), std::logic_error);  // NOLINT(bugprone-use-after-move): that is the question
    at.end();
}

// Acks of one turn are merged; a delivery between them that is not settled is never covered.
TENDRIL_TEST(AmqpDelivery, AcksOfARunAreOneFrame) {
    constexpr std::uint64_t count = 500;
    std::set<std::uint64_t> acked;
    std::size_t frames = 0;
    Consuming at(
        [&](FakePeer& peer) {
            deliver(peer, peer.take_consumer(1), count);
            std::set<std::uint64_t> unacked;
            for (std::uint64_t tag = 1; tag <= count; ++tag) {
                unacked.insert(tag);
            }
            while (!unacked.empty()) {
                const auto ack = peer.expect<method::BasicAck>(1);
                EXPECT_TRUE(unacked.contains(ack.delivery_tag)) << ack.delivery_tag;
                ++frames;
                for (auto it = unacked.begin(); it != unacked.end() && *it <= ack.delivery_tag;) {
                    if (ack.multiple || *it == ack.delivery_tag) {
                        EXPECT_TRUE(acked.contains(*it)) << *it << " was not acked";
                        it = unacked.erase(it);
                    } else {
                        ++it;
                    }
                }
            }
        },
        {.prefetch = count});
    std::vector<Delivery> held;
    std::minstd_rand random(2);
    for (std::uint64_t i = 0; i < count; ++i) {
        held.push_back(at.sink.deliveries.get());
    }
    while (!held.empty()) {
        for (int n = 0; n < 20 && !held.empty(); ++n) {
            const std::size_t which = random() % 16 == 0 ? random() % std::min<std::size_t>(held.size(), 8) : 0;
            acked.insert(held[which].tag());
            EXPECT_TRUE(held[which].ack());
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
        }
        yield();
    }
    at.end();
    EXPECT_LT(frames, count / 2);
}

// An ack that is late settles nothing, whatever the number means by then.
TENDRIL_TEST(AmqpDelivery, OfALostChannelSettlesNothing) {
    Consuming at([](FakePeer& peer) {
        deliver(peer, peer.take_consumer(1), 3);
        peer.expect<method::ChannelClose>(1);
        peer.send(1, method::ChannelCloseOk{});
        peer.open_channel(1);
        deliver(peer, peer.take_consumer(1), 1);
        EXPECT_EQ(peer.expect<method::BasicAck>(1).delivery_tag, 1u);
    });
    Delivery old = at.sink.deliveries.get();
    Delivery lets_go = at.sink.deliveries.get();
    Delivery third = at.sink.deliveries.get();
    at.channel.close();
    EXPECT_NE(at.sink.end, nullptr);
    Channel next = at.connection.open_channel();
    CollectingSink sink;
    core(next)->consume("work", {}, sink, never);
    Delivery fresh = sink.deliveries.get();
    EXPECT_EQ(fresh.tag(), old.tag());
    EXPECT_FALSE(old.ack());
    { const Delivery gone = std::move(lets_go); }
    EXPECT_TRUE(fresh.ack());
    at.end();
    EXPECT_FALSE(third.requeue());
}

TENDRIL_TEST(AmqpDelivery, OfANoAckConsumerIsSettledAlready) {
    Consuming at(
        [](FakePeer& peer) {
            const auto consume = peer.expect<method::BasicConsume>(1);
            EXPECT_TRUE(consume.no_ack);
            const std::string tag(consume.consumer_tag);
            peer.send(1, method::BasicConsumeOk{tag});
            deliver(peer, tag, 3);
            peer.expect<method::QueuePurge>(1);
            peer.send(1, method::QueuePurgeOk{});
        },
        {.prefetch = 0, .no_ack = true});
    Delivery acked = at.sink.deliveries.get();
    EXPECT_TRUE(acked.ack());
    EXPECT_THROW(acked.ack(), std::logic_error);
    { const Delivery dropped = at.sink.deliveries.get(); }
    Delivery requeued = at.sink.deliveries.get();
    EXPECT_TRUE(requeued.requeue());
    at.channel.purge_queue("q");
    at.end();
}

// After basic.recover the broker knows none of the tags before it, and what came before its answer comes again.
TENDRIL_TEST(AmqpDelivery, OfBeforeARecoverSettlesNothing) {
    Consuming at([](FakePeer& peer) {
        const std::string tag = peer.take_consumer(1);
        deliver(peer, tag, 2);
        EXPECT_EQ(peer.expect<method::BasicAck>(1).delivery_tag, 1u);
        EXPECT_TRUE(peer.expect<method::BasicRecover>(1).requeue);
        peer.deliver(1, tag, 3, {.body = "was on its way"});
        peer.send(1, method::BasicRecoverOk{});
        peer.deliver(1, tag, 4, {.body = "again"}, true);
        EXPECT_EQ(peer.expect<method::BasicAck>(1).delivery_tag, 4u);
    });
    Delivery first = at.sink.deliveries.get();
    Delivery second = at.sink.deliveries.get();
    EXPECT_TRUE(first.ack());
    auto recover = spawn([&] { at.channel.recover(); });
    yield();
    EXPECT_FALSE(second.ack());
    recover.get();
    Delivery again = at.sink.deliveries.get();
    EXPECT_EQ(again.body(), "again");
    EXPECT_TRUE(again.ack());
    at.end();
}

TENDRIL_TEST(AmqpDelivery, IsNotHandedOverAfterACancel) {
    Consuming at([](FakePeer& peer) {
        const std::string tag = peer.take_consumer(1);
        peer.expect<method::BasicCancel>(1);
        peer.deliver(1, tag, 1, {.body = "crossed it"});
        peer.send(1, method::BasicCancelOk{tag});
        EXPECT_TRUE(peer.expect<method::BasicReject>(1).requeue);
        peer.expect<method::QueuePurge>(1);
        peer.send(1, method::QueuePurgeOk{});
    });
    core(at.channel)->cancel(at.tag, never);
    core(at.channel)->cancel(at.tag, never);
    at.channel.purge_queue("q");
    EXPECT_TRUE(at.sink.deliveries.empty());
    at.end();
    EXPECT_EQ(at.sink.end, nullptr);
}

TENDRIL_TEST(AmqpDelivery, ABrokersCancelIsAnswered) {
    Consuming at([](FakePeer& peer) {
        const std::string tag = peer.take_consumer(1);
        peer.send(1, method::BasicCancel{tag, false});
        EXPECT_EQ(peer.expect<method::BasicCancelOk>(1).consumer_tag, tag);
        peer.expect<method::QueuePurge>(1);
        peer.send(1, method::QueuePurgeOk{});
    });
    at.channel.purge_queue("q");
    EXPECT_TRUE(at.sink.was_cancelled);
    at.end();
    EXPECT_EQ(at.sink.end, nullptr);
}

// TQ43: held on purpose, the reader reads nothing, and that is not taken for the broker's silence.
TENDRIL_TEST(AmqpDelivery, ComesWhenReadingGoesOn) {
    Consuming at([](FakePeer& peer) {
        const std::string tag = peer.take_consumer(1);
        peer.expect<method::QueuePurge>(1);
        peer.send(1, method::QueuePurgeOk{});
        peer.expect<method::QueuePurge>(1);
        deliver(peer, tag, 1);
        peer.send(1, method::QueuePurgeOk{});
        EXPECT_EQ(peer.expect<method::BasicReject>(1).delivery_tag, 1u);
    });
    detail::ConnectionCore& connection = *core(at.channel)->connection();
    connection.hold_reading();
    connection.hold_reading();
    at.channel.purge_queue("q");  // what the reader was waiting for
    EXPECT_THROW(at.channel.purge_queue("q", 10ms), TimeoutError);
    connection.resume_reading();
    EXPECT_TRUE(at.sink.deliveries.empty());
    connection.resume_reading();
    { const Delivery delivery = at.sink.deliveries.get(); }
    at.end();
}

// TQ11: a consumer that gets nothing, a confirmation that nobody awaits, and messages that come back and that nobody
// fetches, more of them than are kept, hold up no call of another channel.
TENDRIL_TEST(AmqpDelivery, ThatNobodyGetsHoldsUpNothing) {
    constexpr std::uint64_t many = 300;
    Consuming at([](FakePeer& peer) {
        const std::string tag = peer.take_consumer(1);
        for (const std::uint16_t channel : {std::uint16_t{2}, std::uint16_t{3}}) {
            peer.open_channel(channel);
        }
        peer.select_confirms(3);
        deliver(peer, tag, many);
        for (std::uint64_t i = 1; i <= many; ++i) {
            peer.send(2, method::BasicReturn{312, "NO_ROUTE", "", "nowhere"}, {.body = "back"});
            peer.expect_publish(3);
            peer.send(3, method::BasicAck{i, false});
        }
        peer.expect<method::QueuePurge>(2);
        peer.send(2, method::QueuePurgeOk{});
    });
    Channel returns = at.connection.open_channel();
    Channel confirms = at.connection.open_channel();
    confirms.select_confirms();
    for (std::uint64_t i = 1; i <= many; ++i) {
        confirms.publish("", "q", {.body = "text"});
    }
    returns.purge_queue("q");
    EXPECT_TRUE(returns.try_get_returned().has_value());
    EXPECT_EQ(at.sink.deliveries.size(), many);
    at.end();
}

}  // namespace
}  // namespace tendril::amqp
