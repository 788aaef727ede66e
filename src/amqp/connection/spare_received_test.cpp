// SPDX-License-Identifier: MIT

#include "amqp/connection/spare_received.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace tendril::amqp::detail {
namespace {

TEST(AmqpSpareReceived, GivesBackAnEmptyOneWithItsMemory) {
    SpareReceived spare;
    std::unique_ptr<Received> received = spare.take();
    Received* const first = received.get();
    received->message = {.body = std::string(1000, 'x'),
                         .properties = {.content_type = "text/plain",
                                        .content_encoding = "gzip",
                                        .headers = {{"a", 1}},
                                        .persistent = true,
                                        .priority = 1,
                                        .correlation_id = "1",
                                        .reply_to = "2",
                                        .expiration = std::chrono::milliseconds(1),
                                        .message_id = "3",
                                        .timestamp = Timestamp{4},
                                        .type = "5",
                                        .user_id = "6",
                                        .app_id = "7"}};
    received->exchange = "8";
    received->routing_key = "9";
    spare.put(std::move(received));
    EXPECT_GT(spare.bytes(), 1000u);
    received = spare.take();
    EXPECT_EQ(received.get(), first);
    EXPECT_EQ(received->message, Message());
    EXPECT_EQ(received->exchange, "");
    EXPECT_EQ(received->routing_key, "");
    EXPECT_GE(received->message.body.capacity(), 1000u);
    EXPECT_EQ(spare.bytes(), 0u);
}

TEST(AmqpSpareReceived, KeepsNoMoreThanItsBound) {
    SpareReceived spare;
    for (int i = 0; i < 100; ++i) {
        auto received = std::make_unique<Received>();
        received->message.body.assign(SpareReceived::most / 10, 'x');
        spare.put(std::move(received));
        EXPECT_LE(spare.bytes(), SpareReceived::most);
    }
    EXPECT_GT(spare.bytes(), SpareReceived::most / 2);
    const std::size_t before = spare.bytes();
    auto large = std::make_unique<Received>();
    large->message.body.assign(2 * SpareReceived::most, 'x');
    spare.put(std::move(large));
    EXPECT_EQ(spare.bytes(), before);
    spare.clear();
    EXPECT_EQ(spare.bytes(), 0u);
}

}  // namespace
}  // namespace tendril::amqp::detail
