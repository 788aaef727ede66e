// SPDX-License-Identifier: MIT

#include "http/websocket/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tendril::http::detail {
namespace {

using namespace std::string_literals;

constexpr MaskKey key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

// The examples of RFC 6455, 5.7.
TEST(WebSocketFrame, IsAsInTheRfc) {
    EXPECT_EQ(make_frame({.opcode = Opcode::text}, "Hello"), "\x81\x05Hello");
    EXPECT_EQ(make_frame({.opcode = Opcode::text, .masked = true, .key = key}, "Hello"),
              "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    EXPECT_EQ(make_frame({.opcode = Opcode::text, .fin = false}, "Hel"), "\x01\x03Hel");
    EXPECT_EQ(make_frame({.opcode = Opcode::continuation}, "lo"), "\x80\x02lo"s);
    EXPECT_EQ(make_frame({.opcode = Opcode::ping}, "Hello"), "\x89\x05Hello");
    EXPECT_EQ(make_frame({.opcode = Opcode::binary}, std::string(256, 'x')).substr(0, 4), "\x82\x7E\x01\x00"s);
    EXPECT_EQ(make_frame({.opcode = Opcode::binary}, std::string(65536, 'x')).substr(0, 10),
              "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(WebSocketFrame, IsReadAsItWasWrittenByteByByte) {
    for (const std::uint64_t size : {0ULL, 1ULL, 125ULL, 126ULL, 65535ULL, 65536ULL, 1ULL << 40, (1ULL << 63) - 1}) {
        for (const bool masked : {false, true}) {
            FrameHeader header{.opcode = Opcode::text, .compressed = true, .masked = masked, .size = size};
            header.key = masked ? key : MaskKey{};
            std::array<std::byte, longest_header> text;
            const std::size_t n = write_frame_header(header, text);
            FrameParser parser(masked, true);
            FrameHeader read;
            for (std::size_t i = 0; i < n; ++i) {
                Bytes in(text.data() + i, 1);
                EXPECT_EQ(parser.parse(in, read), i + 1 == n);
                EXPECT_TRUE(in.empty());
            }
            EXPECT_EQ(read.opcode, Opcode::text);
            EXPECT_TRUE(read.fin);
            EXPECT_TRUE(read.compressed);
            EXPECT_EQ(read.key, header.key);
            EXPECT_EQ(read.size, size);
        }
    }
}

// Returns: after how many bytes of the text the parser refuses it; 0: never.
std::size_t refused_with(const std::string& text, bool masked = false, bool compresses = false) {
    FrameParser parser(masked, compresses);
    FrameHeader header;
    for (std::size_t i = 0; i < text.size(); ++i) {
        Bytes in(text.data() + i, 1);
        try {
            parser.parse(in, header);
        } catch (const WebSocketError& e) {
            EXPECT_EQ(e.close_code(), close_code::protocol_error);
            return i + 1;
        }
    }
    return 0;
}

TEST(WebSocketFrame, WhatBreaksTheProtocolIsRefusedAtOnce) {
    const struct {
        std::string text;
        std::size_t bytes;
        bool masked = false;
        bool compresses = false;
    } cases[] = {
        {"\x81\x00"s, 0},
        {"\xc1\x00"s, 1},                       // RSV1
        {"\xc1\x00"s, 0, false, true},          // ... agreed on
        {"\xc9\x00"s, 1, false, true},          // ... in a ping
        {"\x41\x00\xc0\x00"s, 3, false, true},  // ... in a continuation
        {"\xa1\x00"s, 1},
        {"\x91\x00"s, 1, false, true},
        {"\x83\x00"s, 1},
        {"\x87\x00"s, 1},
        {"\x8b\x00"s, 1},
        {"\x8f\x00"s, 1},
        {"\x09\x00"s, 1},  // a fragmented ping
        {"\x89\x7e"s, 2},  // a long one
        {"\x88\x7f"s, 2},
        {"\x80\x00"s, 1},      // continues nothing
        {"\x01\x00\x81"s, 3},  // a message in a message
        {"\x01\x00\x89\x00\x80\x00"s, 0},
        {"\x81\x80"s, 2},          // a server masks
        {"\x81\x00"s, 2, true},    // a client does not
        {"\x81\x7e\x00\x7d"s, 4},  // a longer length field than needed
        {"\x81\x7e\x00\x7e"s, 0},
        {"\x81\x7f\0\0\0\0\0\0\xff\xff"s, 10},
        {"\x81\x7f\x80\0\0\0\0\x01\0\0"s, 10},
        {"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s, 0},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(refused_with(each.text, each.masked, each.compresses), each.bytes) << &each - cases;
    }
}

TEST(WebSocketFrame, MasksFromAnyOffset) {
    std::string plain;
    for (int i = 0; i < 100; ++i) {
        plain += static_cast<char>(i);
    }
    for (std::size_t cut = 0; cut <= plain.size(); ++cut) {
        std::string text = plain;
        mask({text.data(), cut}, key);
        mask({text.data() + cut, text.size() - cut}, key, cut);
        for (std::size_t i = 0; i < text.size(); ++i) {
            ASSERT_EQ(text[i], static_cast<char>(static_cast<std::byte>(plain[i]) ^ key[i % 4])) << cut << ' ' << i;
        }
    }
}

TEST(WebSocketFrame, ACloseHasACodeThatMayBeSent) {
    for (int code = 0; code < 65536; ++code) {
        const bool good = (code >= 1000 && code < 5000) && code != 1004 && code != 1005 && code != 1006 &&
                          !(code > 1014 && code < 3000);
        ASSERT_EQ(may_be_sent(code), good) << code;
    }
    EXPECT_EQ(parse_close("").code, close_code::none);
    EXPECT_EQ(parse_close(make_close(4999, "why")).code, 4999);
    EXPECT_EQ(parse_close(make_close(4999, "why")).text, "why");
    EXPECT_EQ(make_close(close_code::none, ""), "");
    const auto code_of = [](const std::string& payload) {
        try {
            parse_close(payload);
        } catch (const WebSocketError& e) {
            return e.close_code();
        }
        return 0;
    };
    EXPECT_EQ(code_of("\x03"), 1002);
    EXPECT_EQ(code_of("\x03\xed"), 1002);
    EXPECT_EQ(code_of("\x03\xe8\xff"), 1007);
    EXPECT_EQ(code_of("\x03\xe8\xe2\x82"), 1007);
}

}  // namespace
}  // namespace tendril::http::detail
