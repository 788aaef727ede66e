// SPDX-License-Identifier: MIT

#include "http/websocket/decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tendril::http::detail {
namespace {

using namespace std::string_literals;
using Event = MessageDecoder::Event;

constexpr std::size_t most = 1000;

// Returns: the events that these bytes cause, given in pieces: "text:..", "binary:..", "ping:..", and finally the code
// of the error.
std::vector<std::string> told(MessageDecoder& decoder, const std::string& bytes, std::size_t piece = 1'000'000) {
    std::vector<std::string> all;
    try {
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            Bytes in(bytes.data() + at, std::min(piece, bytes.size() - at));
            for (Event event; (event = decoder.feed(in)) != Event::none;) {
                if (event == Event::message) {
                    const std::string kind = decoder.binary() ? "binary:" : "text:";
                    all.push_back(kind + decoder.take_message());
                } else {
                    const char* kind = event == Event::ping ? "ping:" : event == Event::pong ? "pong:" : "close:";
                    all.push_back(kind + std::string(decoder.control()));
                }
            }
        }
    } catch (const WebSocketError& e) {
        all.push_back(std::to_string(e.close_code()));
    }
    return all;
}
using Told = std::vector<std::string>;

std::string frame(Opcode opcode, const std::string& payload, bool fin = true, bool compressed = false) {
    return make_frame({.opcode = opcode, .fin = fin, .compressed = compressed}, payload);
}

std::string packed(Deflater& deflater, const std::string& text) {
    std::string out;
    deflater.write(text, out);
    deflater.flush(out);
    out.resize(out.size() - 4);
    return out;
}

TEST(WebSocketDecoder, JoinsFragmentsAndTellsWhatComesBetween) {
    const std::string bytes = frame(Opcode::text, "one ", false) + frame(Opcode::ping, "p") +
                              frame(Opcode::continuation, "", false) + frame(Opcode::pong, "") +
                              frame(Opcode::continuation, "two") + frame(Opcode::binary, "\xff") +
                              frame(Opcode::close, "");
    for (const std::size_t piece : {1, 2, 1000}) {
        MessageDecoder decoder(false, most, {});
        EXPECT_EQ(told(decoder, bytes, piece), (Told{"ping:p", "pong:", "text:one two", "binary:\xff", "close:"}));
    }
}

TEST(WebSocketDecoder, AMessageIsToldUntilItIsTaken) {
    MessageDecoder decoder(false, most, {});
    const std::string bytes = frame(Opcode::text, "a") + frame(Opcode::text, "b");
    Bytes in = bytes;
    EXPECT_EQ(decoder.feed(in), Event::message);
    EXPECT_EQ(decoder.feed(in), Event::message);
    EXPECT_EQ(decoder.take_message(), "a");
    EXPECT_EQ(decoder.feed(in), Event::message);
    EXPECT_EQ(decoder.take_message(), "b");
    EXPECT_EQ(decoder.feed(in), Event::none);
}

// TL03: the limit holds for one frame and for all fragments together; the first byte that shows an excess is refused.
TEST(WebSocketDecoder, BoundsAWholeMessage) {
    const std::string full(most, 'x');
    const std::string half(most / 2, 'x');
    MessageDecoder decoder(false, most, {});
    EXPECT_EQ(told(decoder, frame(Opcode::binary, full)), Told{"binary:" + full});
    EXPECT_EQ(told(decoder, frame(Opcode::binary, half, false) + frame(Opcode::continuation, half)),
              Told{"binary:" + full});
    EXPECT_EQ(told(decoder, frame(Opcode::binary, full + "x").substr(0, 4)), Told{"1009"}) << "by its header alone";
    MessageDecoder second(false, most, {});
    EXPECT_EQ(told(second, frame(Opcode::binary, half, false) + frame(Opcode::continuation, half + "x").substr(0, 4)),
              Told{"1009"});
    MessageDecoder nothing(false, 0, {});
    EXPECT_EQ(told(nothing, frame(Opcode::binary, "") + frame(Opcode::binary, "x")), (Told{"binary:", "1009"}));
}

TEST(WebSocketDecoder, BoundsWhatItInflatesWhileItInflates) {
    Deflater deflater(Wrapping::raw, 9);
    const std::string full = packed(deflater, std::string(most, 'x'));
    for (const std::size_t piece : {1, 1000}) {
        MessageDecoder decoder(false, most, InflateOptions());
        EXPECT_EQ(told(decoder, frame(Opcode::binary, full, true, true), piece),
                  Told{"binary:" + std::string(most, 'x')});
    }
    // A bomb is refused after its first few bytes, long before all of it is inflated.
    Deflater fresh(Wrapping::raw, 9);
    const std::string bomb = packed(fresh, std::string(100'000'000, 'x'));
    ASSERT_LT(bomb.size(), 100'000u);
    MessageDecoder decoder(false, most, InflateOptions());
    EXPECT_EQ(told(decoder, frame(Opcode::binary, bomb, false, true).substr(0, 300)), Told{"1009"});
    // The same in fragments, each of them small.
    MessageDecoder by_fragments(false, most, InflateOptions());
    Deflater other(Wrapping::raw);
    std::string bytes;
    std::string part;
    for (int i = 0; i < 3; ++i) {
        part.clear();
        other.write(std::string(most / 2, static_cast<char>('a' + i)), part);
        other.flush(part);
        bytes += frame(i == 0 ? Opcode::binary : Opcode::continuation, part, false, i == 0);
    }
    EXPECT_EQ(told(by_fragments, bytes), Told{"1009"});
    MessageDecoder boundless(false, SIZE_MAX, InflateOptions());
    EXPECT_EQ(told(boundless, frame(Opcode::binary, full, true, true)).size(), 1u);
}

TEST(WebSocketDecoder, UsesNoMoreMemoryThanHasCome) {
    MessageDecoder decoder(false, std::size_t{1} << 40, {});
    const std::string bytes = frame(Opcode::binary, std::string(70'000, 'x'));
    Bytes in(bytes.data(), 20);
    EXPECT_EQ(decoder.feed(in), Event::none);
    EXPECT_EQ(decoder.wanted(), 70'000u - 10);
    const std::string huge = "\x82\x7f\x00\x00\x00\xff\x00\x00\x00\x00"s;
    MessageDecoder other(false, std::size_t{1} << 40, {});
    EXPECT_EQ(told(other, huge + "x"), Told{});
    EXPECT_LT(other.take_message().capacity(), 100u);
}

// The examples of RFC 7692, 7.2.3, and data that ends with a final block.
TEST(WebSocketDecoder, InflatesAsInTheRfc) {
    const std::string hello = "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"s;
    const std::string taken_over = "\xc1\x05\xf2\x00\x11\x00\x00"s;
    MessageDecoder decoder(false, most, InflateOptions());
    EXPECT_EQ(told(decoder, hello + taken_over), (Told{"text:Hello", "text:Hello"}));
    MessageDecoder fragmented(false, most, InflateOptions());
    EXPECT_EQ(told(fragmented, "\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"s), Told{"text:Hello"});
    const std::string stored = "\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s;
    const std::string last = "\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s;
    const std::string last_alone = "\xc1\x07\xf3\x48\xcd\xc9\xc9\x07\x00"s;
    const std::string two_blocks = "\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s;
    const std::string empty = "\xc1\x01\x00"s;
    MessageDecoder several(false, most, InflateOptions());
    EXPECT_EQ(told(several, stored + last + two_blocks + last_alone + empty + hello),
              (Told{"text:Hello", "text:Hello", "text:Hello", "text:Hello", "text:", "text:Hello"}));
    MessageDecoder alone(false, most, InflateOptions{.context_takeover = false});
    EXPECT_EQ(told(alone, hello + frame(Opcode::text, "plain") + taken_over),
              (Told{"text:Hello", "text:plain", "1007"}))
        << "it refers to what was forgotten";
}

TEST(WebSocketDecoder, RefusesWhatCannotBeInflated) {
    Deflater deflater(Wrapping::raw);
    const std::string good = packed(deflater, "some text, some text, and more of it");
    for (const std::string& bad : {"\xff\xff\xff"s, good.substr(0, good.size() / 2), "\x07"s}) {
        MessageDecoder decoder(false, most, InflateOptions());
        EXPECT_EQ(told(decoder, frame(Opcode::binary, bad, true, true)), Told{"1007"});
    }
    MessageDecoder small(false, most, InflateOptions{.window_bits = 8});
    std::string text(300, 'a');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>(i * i >> 3);
    }
    Deflater wide(Wrapping::raw);
    EXPECT_EQ(told(small, frame(Opcode::binary, packed(wide, text + text), true, true), 1), Told{"1007"})
        << "a window that is larger than agreed";
}

TEST(WebSocketDecoder, ChecksTextsAlsoInflatedAndAcrossFragments) {
    const std::string kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    for (std::size_t cut = 0; cut <= kosme.size(); ++cut) {
        MessageDecoder decoder(false, most, {});
        EXPECT_EQ(told(decoder, frame(Opcode::text, kosme.substr(0, cut), false) +
                                    frame(Opcode::continuation, kosme.substr(cut))),
                  Told{"text:" + kosme});
    }
    MessageDecoder early(false, most, {});
    EXPECT_EQ(told(early, frame(Opcode::text, "\xf4\x90 and more", false).substr(0, 4)), Told{"1007"});
    MessageDecoder ends(false, most, {});
    EXPECT_EQ(told(ends, frame(Opcode::text, "\xe2\x82")), Told{"1007"});
    Deflater deflater(Wrapping::raw);
    MessageDecoder inflated(false, most, InflateOptions());
    EXPECT_EQ(told(inflated, frame(Opcode::binary, packed(deflater, "\xff"), true, true) +
                                 frame(Opcode::text, packed(deflater, kosme), true, true) +
                                 frame(Opcode::text, packed(deflater, "\xff"), true, true)),
              (Told{"binary:\xff", "text:" + kosme, "1007"}));
}

}  // namespace
}  // namespace tendril::http::detail
