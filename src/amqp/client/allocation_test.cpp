// SPDX-License-Identifier: MIT
//
// A publish and a delivery allocate nothing once they are warm. Sanitizer builds have their own operator new and are
// left out.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/publisher.hpp>

#include "client_peers.hpp"
#include "context/sanitizer.hpp"
#include "green_test.hpp"

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

#include "allocations.hpp"

namespace tendril::amqp {
namespace {

namespace method = testing::method;

// Allocations of calls of publish_later(), without what the broker's end allocates.
std::size_t allocated(testing::ClientPeers& peers, const PublisherOptions& options, bool as_bytes) {
    constexpr std::uint16_t channel = 1;
    constexpr int rounds = 20;
    constexpr int each = 50;
    Publisher publisher = peers.client->publisher("orders", options);
    testing::FakePeer p = peers.accept_publishing();
    p.open_channel(channel);
    if (options.confirm) {
        p.select_confirms(channel);
    }
    const Message message{.body = std::string(100, 'x'), .properties = {.headers = {{"kind", "a text that is long"}}}};
    const std::string bytes(100, 'y');
    std::size_t counted = 0;
    for (int round = 1; round <= rounds; ++round) {
        const std::size_t before = allocations;
        for (int i = 0; i < each; ++i) {
            if (as_bytes) {
                publisher.publish_later("a routing key of some length", bytes);
            } else {
                publisher.publish_later("a routing key of some length", message);
            }
        }
        counted += round > rounds / 2 ? allocations - before : 0;
        for (int i = 0; i < each; ++i) {
            p.expect_publish(channel);
        }
        if (options.confirm) {
            p.send(channel, method::BasicAck{static_cast<std::uint64_t>(round * each), true});
            publisher.flush();
        }
    }
    return counted;
}

TENDRIL_TEST(AmqpAllocation, NoneToPublish) {
    for (const bool as_bytes : {false, true}) {
        testing::ClientPeers peers;
        EXPECT_EQ(allocated(peers, {}, as_bytes), 0u) << as_bytes;
    }
}

TENDRIL_TEST(AmqpAllocation, NoneToPublishWithoutKeeping) {
    for (const bool as_bytes : {false, true}) {
        testing::ClientPeers peers;
        EXPECT_EQ(allocated(peers, {.resend = false}, as_bytes), 0u) << as_bytes;
    }
}

TENDRIL_TEST(AmqpAllocation, NoneToPublishWithoutConfirms) {
    for (const bool as_bytes : {false, true}) {
        testing::ClientPeers peers;
        EXPECT_EQ(allocated(peers, {.confirm = false}, as_bytes), 0u) << as_bytes;
    }
}

TENDRIL_TEST(AmqpAllocation, NoneToConsume) {
    constexpr int rounds = 20;
    constexpr int each = 50;
    testing::ClientPeers peers;
    Consumer consumer = peers.client->consumer("work", {.prefetch = each});
    testing::FakePeer& p = peers.c;
    p.open_channel(1);
    p.expect<method::BasicQos>(1);
    p.send(1, method::BasicQosOk{});
    const std::string tag(p.expect<method::BasicConsume>(1).consumer_tag);
    p.send(1, method::BasicConsumeOk{tag});
    const Message message{.body = std::string(100, 'x'), .properties = {.content_type = "application/octet-stream"}};
    std::size_t counted = 0;
    for (int round = 0; round < rounds; ++round) {
        for (int i = 1; i <= each; ++i) {
            p.deliver(1, tag, static_cast<std::uint64_t>(round * each + i), message);
        }
        std::vector<Delivery>
            at_once;  // in the first rounds, so that the most acks that may be due have had their room
        const std::size_t before = allocations;
        for (int i = 0; i < each; ++i) {
            Delivery delivery = consumer.get();
            EXPECT_EQ(delivery.message(), message);
            if (round < rounds / 2) {
                at_once.push_back(std::move(delivery));
            } else {
                EXPECT_TRUE(delivery.ack());
            }
        }
        for (Delivery& delivery : at_once) {
            EXPECT_TRUE(delivery.ack());
        }
        counted += round >= rounds / 2 ? allocations - before : 0;
        while (p.expect<method::BasicAck>(1).delivery_tag < static_cast<std::uint64_t>((round + 1) * each)) {
        }
    }
    EXPECT_EQ(counted, 0u);
}

}  // namespace
}  // namespace tendril::amqp

#endif
