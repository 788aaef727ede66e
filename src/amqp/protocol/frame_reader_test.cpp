// SPDX-License-Identifier: MIT

#include "amqp/protocol/frame_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/wire.hpp"

namespace tendril::amqp::detail {
namespace {

using namespace std::literals;

struct Owned {
    FrameType type;
    std::uint16_t channel;
    std::string payload;
    friend bool operator==(const Owned&, const Owned&) = default;
};

// Feeds the bytes in pieces and collects the frames.
std::vector<Owned> frames_of(FrameReader& reader, std::string_view bytes, std::size_t piece = SIZE_MAX) {
    std::vector<Owned> frames;
    while (!bytes.empty()) {
        const std::span<char> room = reader.room();
        const std::size_t n = bytes.substr(0, piece).copy(room.data(), room.size());
        reader.filled(n);
        bytes.remove_prefix(n);
        while (const auto frame = reader.next()) {
            frames.push_back({frame->type, frame->channel, std::string(frame->payload)});
        }
    }
    return frames;
}

std::string frame(int type, std::uint16_t channel, std::string_view payload, unsigned char end = frame_end) {
    std::string out(frame_head, '\0');
    Encoder head(out.data());
    head.integer(static_cast<std::uint8_t>(type));
    head.integer(channel);
    head.integer(static_cast<std::uint32_t>(payload.size()));
    return out.append(payload) + static_cast<char>(end);
}

std::string refusal(std::string_view bytes) {
    FrameReader reader;
    try {
        frames_of(reader, bytes);
    } catch (const ProtocolError& e) {
        EXPECT_THROW(reader.next(), ProtocolError) << "for good";
        return e.what();
    }
    return "";
}

TEST(AmqpFrameReader, TQ04_FramesAreTheSameHoweverTheyAreCut) {
    const std::vector<Owned> sent{{FrameType::method, 0, "\0\x0a\0\x0a"s},
                                  {FrameType::heartbeat, 0, ""},
                                  {FrameType::header, 3, std::string(14, '\xce')},
                                  {FrameType::body, 3, std::string(5000, 'b')},
                                  {FrameType::body, 65535, ""}};
    std::string bytes;
    for (const Owned& each : sent) {
        bytes += frame(static_cast<int>(each.type), each.channel, each.payload);
    }
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 8u, 9u, 100u, 4096u, 1000000u}) {
        FrameReader reader;
        EXPECT_EQ(frames_of(reader, bytes, piece), sent) << piece;
        EXPECT_TRUE(reader.empty());
    }
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        FrameReader reader;
        std::vector<Owned> got = frames_of(reader, std::string_view(bytes).substr(0, n));
        EXPECT_TRUE(std::equal(got.begin(), got.end(), sent.begin()));
        const auto rest = frames_of(reader, std::string_view(bytes).substr(n));
        got.insert(got.end(), rest.begin(), rest.end());
        EXPECT_EQ(got, sent) << n;
    }
}

TEST(AmqpFrameReader, TQ03_OversizeIsRefusedByItsHeadAlone) {
    const std::string large(frame_before_tune - 8, 'x');
    EXPECT_EQ(refusal(frame(3, 1, large)), "");
    const std::string larger = frame(3, 1, large + "x").substr(0, frame_head);
    EXPECT_NE(refusal(larger).find("8193 bytes; agreed on are at most 8192"), std::string::npos) << refusal(larger);
    EXPECT_NE(refusal("\x01\0\0\xff\xff\xff\xff"s), "");

    FrameReader reader;
    reader.set_frame_max(100'000);
    EXPECT_EQ(frames_of(reader, frame(3, 1, std::string(99'992, 'x'))).size(), 1u);
    EXPECT_THROW(frames_of(reader, frame(3, 1, std::string(99'993, 'x'))), ProtocolError);
    EXPECT_LE(reader.capacity(), 100'000u);
}

TEST(AmqpFrameReader, TQ03_BrokenFramesAreRefused) {
    EXPECT_NE(refusal(frame(1, 0, "abcd", 0)), "") << "the end";
    EXPECT_NE(refusal(frame(1, 0, "abcd") + frame(4, 0, "abcd")), "") << "the type";
    EXPECT_NE(refusal(frame(1, 0, "abcd") + frame('A', 0, "abcd")), "");
    EXPECT_NE(refusal(frame(8, 1, "")), "") << "a heartbeat on a channel";
    EXPECT_NE(refusal(frame(8, 0, "x")), "");
    EXPECT_NE(refusal(frame(2, 0, std::string(14, '\0'))), "") << "content on channel 0";
    EXPECT_NE(refusal(frame(3, 0, "x")), "");
}

TEST(AmqpFrameReader, TQ07_SaysWhatThePeerSpeaksInstead) {
    EXPECT_EQ(refusal("AMQP\0\0\x09"sv), "") << "not whole yet";
    EXPECT_NE(refusal("AMQP\x01\x01\0\x09"sv).find("wants AMQP 0-9"), std::string::npos);
    EXPECT_NE(refusal("AMQP\x01\x01\x08\0"sv).find("wants AMQP 8-0"), std::string::npos);
    EXPECT_NE(refusal("AMQP\0\0\x09\x01"sv).find("wants AMQP 0.9.1"), std::string::npos);
    EXPECT_NE(refusal("AMQP\x03\x01\0\0"sv).find("wants AMQP 1.0.0 with SASL"), std::string::npos);
    EXPECT_NE(refusal("HTTP/1.1 400 Bad Request\r\n"sv).find("HTTP/1.1 400"), std::string::npos);
    EXPECT_NE(refusal("\x15\x03\x01\0\x02\x02\x28"sv).find("amqps://"), std::string::npos);
}

TEST(AmqpFrameReader, TheBufferGrowsWithWhatComesAndIsTrimmed) {
    FrameReader reader;
    EXPECT_EQ(reader.room().size(), 4096u);
    std::string many;
    while (many.size() < 300'000) {
        many += frame(3, 1, std::string(100, 'x'));
    }
    frames_of(reader, many);
    EXPECT_EQ(reader.capacity(), 65536u);
    EXPECT_TRUE(reader.empty());
    reader.trim();
    EXPECT_EQ(reader.capacity(), 0u);
    EXPECT_EQ(frames_of(reader, frame(3, 1, "again")).size(), 1u);
    EXPECT_EQ(reader.capacity(), 4096u);
}

}  // namespace
}  // namespace tendril::amqp::detail
