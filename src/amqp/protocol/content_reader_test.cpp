// SPDX-License-Identifier: MIT

#include "amqp/protocol/content_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/properties.hpp"

namespace tendril::amqp::detail {
namespace {

std::string header(std::uint64_t size, const Properties& properties = {}) {
    std::string payload(measure_header(properties), '\0');
    write_header(payload.data(), properties, size);
    return payload;
}

bool feed_header(ContentReader& reader, std::uint64_t size) {
    const std::string payload = header(size, {.type = "t"});
    return reader.feed({FrameType::header, 1, payload});
}

bool feed_body(ContentReader& reader, std::string_view piece) {
    return reader.feed({FrameType::body, 1, piece});
}

TEST(AmqpContentReader, TQ05_PutsAMessageTogether) {
    ContentReader reader(100);
    for (int round = 0; round < 2; ++round) {
        Message message;
        reader.begin(message);
        EXPECT_FALSE(feed_header(reader, 6));
        EXPECT_FALSE(feed_body(reader, "abc"));
        EXPECT_FALSE(feed_body(reader, ""));
        EXPECT_TRUE(reader.under_way());
        EXPECT_TRUE(feed_body(reader, "def"));
        EXPECT_FALSE(reader.under_way());
        EXPECT_EQ(message, (Message{.body = "abcdef", .properties = {.type = "t"}}));
    }
    Message message;
    reader.begin(message);
    EXPECT_TRUE(feed_header(reader, 0)) << "an empty body has no frame";
    EXPECT_EQ(message, (Message{.body = "", .properties = {.type = "t"}}));
}

TEST(AmqpContentReader, TQ05_SkipsWhatIsTooLarge) {
    ContentReader reader(100);
    Message message;
    reader.begin(message);
    EXPECT_FALSE(feed_header(reader, 101));
    EXPECT_TRUE(reader.too_large());
    EXPECT_FALSE(feed_body(reader, std::string(100, 'x')));
    EXPECT_TRUE(feed_body(reader, "x"));
    EXPECT_TRUE(reader.too_large());
    EXPECT_EQ(reader.size(), 101u);
    EXPECT_EQ(message.body.capacity(), std::string().capacity());
    message = {};
    reader.begin(message);
    EXPECT_FALSE(feed_header(reader, 100));
    EXPECT_FALSE(reader.too_large());
}

TEST(AmqpContentReader, TQ03_TakesNoMemoryForWhatHasNotCome) {
    ContentReader reader(std::size_t{1} << 40);
    Message message;
    reader.begin(message);
    EXPECT_FALSE(feed_header(reader, std::uint64_t{1} << 40));
    EXPECT_FALSE(feed_body(reader, std::string(1000, 'x')));
    EXPECT_LE(message.body.capacity(), 2000u);
}

TEST(AmqpContentReader, TQ03_RefusesWhatComesOutOfTurn) {
    ContentReader reader(100);
    EXPECT_THROW(feed_header(reader, 1), ProtocolError) << "no method";
    EXPECT_THROW(feed_body(reader, "x"), ProtocolError);
    Message message;
    reader.begin(message);
    EXPECT_THROW(reader.begin(message), ProtocolError);
    EXPECT_THROW(reader.check_idle("queue.declare-ok"), ProtocolError);
    EXPECT_THROW(feed_body(reader, "x"), ProtocolError) << "no header";
    EXPECT_FALSE(feed_header(reader, 3));
    EXPECT_THROW(feed_header(reader, 3), ProtocolError) << "two";
    EXPECT_THROW(feed_body(reader, "four"), ProtocolError) << "longer than its header said";
}

}  // namespace
}  // namespace tendril::amqp::detail
