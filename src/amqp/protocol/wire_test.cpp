// SPDX-License-Identifier: MIT

#include "amqp/protocol/wire.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/frame_reader.hpp"
#include "amqp/protocol/methods.hpp"

namespace tendril::amqp::detail {
namespace {

using namespace std::literals;

std::vector<Frame> frames_of(FrameReader& reader, std::string_view bytes) {
    std::vector<Frame> frames;
    const std::span<char> room = reader.room();
    bytes.copy(room.data(), room.size());
    reader.filled(bytes.size());
    while (const auto frame = reader.next()) {
        frames.push_back(*frame);
    }
    return frames;
}

template <class M>
std::string payload_of(const M& m) {
    std::string out;
    append_method(out, 1, m);
    return out.substr(frame_head, out.size() - frame_overhead);
}

// Gives each field a value of its own.
struct FillIn {
    unsigned n = 0;
    void operator()(std::string_view /*name*/, ShortString& text) { text = n++ % 2 == 0 ? "short"sv : ""sv; }
    void operator()(std::string_view /*name*/, LongString& text) { text = n++ % 2 == 0 ? "a longer text"sv : "x"sv; }
    void operator()(std::string_view /*name*/, Table& table) { table.set("key", static_cast<int>(n++)); }
    void operator()(std::string_view /*name*/, bool& bit) { bit = n++ % 3 != 1; }
    template <std::unsigned_integral I>
    void operator()(std::string_view /*name*/, I& i) {
        i = static_cast<I>(0x0123456789abcdef + n++);
    }
    template <class T>
    void operator()(std::string_view /*name*/, Reserved<T> /*r*/) {}
};

template <class... M>
void round_trip(unsigned start, MethodList<M...> /*methods*/) {
    (
        [start] {
            M sent;
            FillIn fill{start};
            M::fields(sent, fill);
            const std::string payload = payload_of(sent);
            int visited = 0;
            visit_method(payload, [&]<class Got>(const Got& got) {
                if constexpr (std::is_same_v<Got, M>) {
                    ++visited;
                    EXPECT_EQ(payload_of(got), payload);
                }
            });
            EXPECT_EQ(visited, 1) << M::info.name;
            for (std::size_t n = 0; n < payload.size(); ++n) {
                EXPECT_THROW(decode_method<M>(std::string_view(payload).substr(0, n)), ProtocolError) << M::info.name;
            }
            EXPECT_THROW(decode_method<M>(payload + '\0'), ProtocolError) << M::info.name;
        }(),
        ...);
}

TEST(AmqpWire, TQ01_EveryMethodComesBackAsItWasSent) {
    for (const unsigned start : {0u, 1u, 2u}) {
        round_trip(start, AllMethods{});
    }
}

TEST(AmqpWire, TQ01_BitsArePackedFromTheLowest) {
    const std::string payload =
        payload_of(method::QueueDeclare{.queue = "q", .durable = true, .exclusive = false, .auto_delete = true});
    EXPECT_EQ(payload, "\0\x32\0\x0a\0\0\x01q\x0a\0\0\0\0"s);
    const auto got = decode_method<method::QueueDeclare>(payload);
    EXPECT_EQ(got.queue, "q");
    EXPECT_TRUE(got.durable && got.auto_delete && !got.passive && !got.exclusive && !got.no_wait);
}

TEST(AmqpWire, TQ05_ContentIsCutIntoFramesOfTheAgreedSize) {
    for (const std::size_t size : {0u, 1u, 4088u, 4089u, 20000u}) {
        const std::string body(size, 'b');
        std::string out = "before";
        append_content(out, 7, method::BasicPublish{.exchange = "e", .routing_key = "k"}, {.type = "t"}, body, 4096);
        FrameReader reader;
        std::string_view rest = std::string_view(out).substr(6);
        std::string got;
        std::size_t bodies = 0;
        while (!rest.empty()) {
            const std::span<char> room = reader.room();
            const std::size_t n = rest.copy(room.data(), room.size());
            reader.filled(n);
            rest.remove_prefix(n);
            while (const auto frame = reader.next()) {
                EXPECT_EQ(frame->channel, 7);
                EXPECT_LE(frame->payload.size() + 8, 4096u);
                if (frame->type == FrameType::header) {
                    EXPECT_EQ(decode_header(frame->payload).body_size, size);
                } else if (frame->type == FrameType::body) {
                    got += frame->payload;
                    ++bodies;
                }
            }
        }
        EXPECT_EQ(got, body);
        EXPECT_EQ(bodies, (size + 4087) / 4088) << "an empty body has no frame";
    }
}

TEST(AmqpWire, WhatIsKeptIsTheMessageThatWasSent) {
    const Properties sent{.content_type = "text/plain",
                          .headers = {{"kind", "one"}, {"inside", Table{{"n", 1.5}}}},
                          .priority = 3,
                          .expiration = std::chrono::seconds(1)};
    std::string out = "before";
    KeptContent kept;
    for (const std::size_t size : {10'000u, 0u, 100u}) {
        const std::string body(size, 'b');
        append_content(out, 7, method::BasicPublish{.exchange = "e", .routing_key = "key"}, sent, body, 4096,
                       {.persistent = true, .message_id = "made"}, &kept);
        Properties expected = sent;
        expected.persistent = true;
        expected.message_id = "made";
        const KeptContent::Message got = kept.read();
        EXPECT_EQ(got.routing_key, "key");
        EXPECT_EQ(got.message.properties, expected);
        EXPECT_EQ(got.message.body, body);
    }
    append_content(out, 7, method::BasicPublish{}, {.persistent = false, .message_id = "given"}, "", 4096,
                   {.persistent = true, .message_id = "made"}, &kept);
    EXPECT_EQ(kept.read().message.properties, (Properties{.persistent = false, .message_id = "given"}));
}

TEST(AmqpWire, TQ02_PropertiesComeBackAsTheyWereSent) {
    const Properties all{.content_type = "text/plain",
                         .content_encoding = "gzip",
                         .headers = {{"a", 1}},
                         .persistent = true,
                         .priority = std::uint8_t{9},
                         .correlation_id = "c",
                         .reply_to = "r",
                         .expiration = 1500ms,
                         .message_id = "m",
                         .timestamp = Timestamp{1'700'000'000},
                         .type = "t",
                         .user_id = "u",
                         .app_id = "p"};
    for (const Properties& sent : {all, Properties{}, Properties{.persistent = false, .app_id = "p"}}) {
        std::string payload(measure_header(sent), '\0');
        write_header(payload.data(), sent, 77);
        const ContentHeader got = decode_header(payload);
        EXPECT_EQ(got.body_size, 77u);
        EXPECT_EQ(got.properties, sent);
        for (std::size_t n = 0; n < payload.size(); ++n) {
            EXPECT_THROW(decode_header(std::string_view(payload).substr(0, n)), ProtocolError);
        }
        EXPECT_THROW(decode_header(payload + 'x'), ProtocolError);
    }
}

TEST(AmqpWire, WhatOthersSentOddlyIsTakenAsAbsent) {
    // Flags: delivery-mode, expiration.
    const auto got = decode_header("\0\x3c\0\0\0\0\0\0\0\0\0\0\x11\0\x07\x04soon"sv);
    EXPECT_EQ(got.properties, Properties{});
}

TEST(AmqpWire, TQ02_WhatCannotBeSentIsRefusedAndNothingIsAppended) {
    std::string out = "kept";
    const std::string long_name(256, 'n');
    EXPECT_THROW(append_method(out, 1, method::QueueDeclare{.queue = long_name}), std::invalid_argument);
    EXPECT_THROW(append_content(out, 1, method::BasicPublish{}, {.message_id = long_name}, "body", 4096),
                 std::invalid_argument);
    EXPECT_THROW(append_content(out, 1, method::BasicPublish{}, {.headers = {{"k", std::string(5000, 'v')}}}, "", 4096),
                 std::invalid_argument);
    method::QueueDeclare large;
    large.arguments.set("k", std::string(5000, 'v'));
    EXPECT_THROW(append_method(out, 1, large), std::invalid_argument);
    EXPECT_EQ(out, "kept");
    append_method(out, 1, large, 8192);
    EXPECT_GT(out.size(), 5000u);
}

TEST(AmqpWire, AWarmBufferIsNotAllocatedAgain) {
    std::string out;
    const auto append = [&] {
        append_content(out, 1, method::BasicPublish{.exchange = "e"}, {.message_id = "1"}, "body", 4096);
    };
    append();
    append();
    const char* const at = out.data();
    out.clear();
    append();
    append();
    EXPECT_EQ(out.data(), at);
}

TEST(AmqpWire, TQ03_UnknownMethodsAreRefused) {
    const auto ignore = [](const auto& /*m*/) {};
    EXPECT_THROW(visit_method("\0\x3c\0\x0c"sv, ignore), ProtocolError);
    EXPECT_THROW(visit_method("\0\x3c\0"sv, ignore), ProtocolError);
    EXPECT_THROW(decode_method<method::BasicQosOk>("\0\x3c\0\x0c"sv), ProtocolError);
    ASSERT_NE(method_info({60, 60}), nullptr);
    EXPECT_EQ(method_info({60, 60})->name, "basic.deliver");
    EXPECT_EQ(method_info({60, 12}), nullptr);
}

TEST(AmqpWire, AHeartbeatIsAFrameOfChannelZero) {
    std::string out;
    append_heartbeat(out);
    EXPECT_EQ(out, "\x08\0\0\0\0\0\0\xce"sv);
    FrameReader reader;
    const auto frames = frames_of(reader, out);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].type, FrameType::heartbeat);
}

}  // namespace
}  // namespace tendril::amqp::detail
