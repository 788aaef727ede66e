// SPDX-License-Identifier: MIT

#include "http/message/deflate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <tendril/http/message.hpp>

namespace tendril::http::detail {
namespace {

// Text that compresses, but not too well.
std::string some_text(std::size_t size) {
    std::string text;
    std::uint32_t x = 1;
    while (text.size() < size) {
        x = x * 1664525 + 1013904223;
        text += static_cast<char>('a' + (x >> 28));
    }
    return text;
}

std::string deflated(const std::string& text, Wrapping wrapping, int level = 6, int bits = 15) {
    Deflater deflater(wrapping, level, bits);
    std::string out;
    deflater.write(text, out);
    deflater.finish(out);
    return out;
}

// Inflates data that is given in pieces and taken in pieces.
std::string inflated(Inflater& inflater, const std::string& data, std::size_t piece = 1'000'000,
                     std::size_t room = 4096) {
    std::string out;
    std::string buffer(room, '\0');
    for (std::size_t at = 0; at < data.size(); at += piece) {
        Bytes in(data.data() + at, std::min(piece, data.size() - at));
        std::size_t n = 0;
        do {
            n = inflater.inflate(in, buffer);
            out.append(buffer, 0, n);
        } while (n == room);
    }
    return out;
}

TEST(Deflate, ComesBackAsItWas) {
    for (const Wrapping wrapping : {Wrapping::raw, Wrapping::zlib, Wrapping::gzip}) {
        for (const std::size_t size : {0, 1, 100, 65'536, 300'000}) {
            for (const int level : {0, 1, 9}) {
                const std::string text = some_text(size);
                const std::string data = deflated(text, wrapping, level);
                Inflater whole(wrapping);
                EXPECT_EQ(inflated(whole, data), text);
                EXPECT_TRUE(whole.ended());
                Inflater bytewise(wrapping == Wrapping::raw ? wrapping : Wrapping::gzip_or_zlib);
                EXPECT_EQ(inflated(bytewise, data, 1, 1), text);
                EXPECT_TRUE(bytewise.ended());
            }
        }
    }
}

TEST(Deflate, AFlushLetsEverythingBeRead) {
    Deflater deflater(Wrapping::raw);
    Inflater inflater(Wrapping::raw);
    for (const std::size_t size : {5, 0, 100'000, 64, 65, 66, 67, 68, 69, 70, 71, 72}) {
        const std::string text = some_text(size);
        std::string data;
        deflater.write(text, data);
        deflater.flush(data);
        EXPECT_EQ(size == 0 ? "" : data.substr(data.size() - 4), size == 0 ? data : std::string("\0\0\xff\xff", 4));
        EXPECT_EQ(inflated(inflater, data), text);
        EXPECT_FALSE(inflater.ended());
    }
}

TEST(Deflate, SmallWindowsAreKeptTo) {
    for (int bits = 8; bits <= 15; ++bits) {
        std::string text;  // repeats itself at every distance
        for (std::size_t i = 1; i < 1500; ++i) {
            text += some_text(i % 700);
        }
        const std::string data = deflated(text, Wrapping::raw, 9, bits);
        EXPECT_LT(data.size(), text.size());
        Inflater inflater(Wrapping::raw, bits);
        EXPECT_EQ(inflated(inflater, data, 100, 1), text) << bits;
    }
}

TEST(Deflate, SeveralMembersAreOneStream) {
    const std::string both = deflated("one", Wrapping::gzip) + deflated("two", Wrapping::gzip);
    for (const std::size_t piece : {1, 20, 1000}) {
        Inflater inflater(Wrapping::gzip_or_zlib);
        EXPECT_EQ(inflated(inflater, both, piece, 2), "onetwo");
        EXPECT_TRUE(inflater.ended());
    }
    Inflater inflater(Wrapping::gzip);
    EXPECT_THROW(inflated(inflater, both + "rubbish"), ProtocolError);
}

TEST(Deflate, WhatFollowsTheEndIsLeft) {
    for (const Wrapping wrapping : {Wrapping::raw, Wrapping::zlib}) {
        const std::string data = deflated("text", wrapping) + "rest";
        Inflater inflater(wrapping);
        Bytes in = data;
        std::string buffer(100, '\0');
        EXPECT_EQ(inflater.inflate(in, buffer), 4u);
        EXPECT_TRUE(inflater.ended());
        EXPECT_EQ(in.size(), 4u);
        EXPECT_EQ(inflater.inflate(in, buffer), 0u);
        EXPECT_EQ(in.size(), 4u);
    }
}

TEST(Deflate, MalformedDataAreRefusedAgainAndAgain) {
    std::string wrong_sum = deflated("text", Wrapping::gzip);
    wrong_sum[wrong_sum.size() - 8] ^= 1;
    const struct {
        Wrapping wrapping;
        std::string data;
    } cases[] = {
        {Wrapping::raw, "\xff\xff\xff\xff"},
        {Wrapping::zlib, "text"},
        {Wrapping::zlib, std::string("\x78\xbb\0\0\0\1", 6)},  // needs a dictionary
        {Wrapping::gzip, "text"},
        {Wrapping::gzip, deflated("text", Wrapping::zlib)},
        {Wrapping::gzip, wrong_sum},
        {Wrapping::gzip_or_zlib, "text"},
    };
    for (const auto& [wrapping, data] : cases) {
        Inflater inflater(wrapping);
        EXPECT_THROW(inflated(inflater, data), ProtocolError);
        EXPECT_THROW(inflated(inflater, "more"), ProtocolError);
        inflater.reset();
        EXPECT_EQ(inflated(inflater, deflated("text", wrapping == Wrapping::gzip_or_zlib ? Wrapping::zlib : wrapping)),
                  "text");
    }
    Inflater cut(Wrapping::gzip);
    inflated(cut, deflated("text", Wrapping::gzip).substr(0, 15));
    EXPECT_FALSE(cut.ended());
}

TEST(Deflate, AResetForgetsWhatWasBefore) {
    const std::string text = some_text(1000);
    Deflater deflater(Wrapping::raw);
    std::string first;
    deflater.write(text, first);
    deflater.finish(first);
    std::string again;
    EXPECT_THROW(deflater.write(text, again), std::logic_error);
    again.clear();
    deflater.reset();
    deflater.write(text, again);
    deflater.release();
    again.clear();
    deflater.write(text, again);
    deflater.finish(again);
    EXPECT_EQ(again, first);
}

TEST(Deflate, RefusesWhatZlibCannotDo) {
    EXPECT_THROW(Deflater(Wrapping::raw, 10), std::invalid_argument);
    EXPECT_THROW(Deflater(Wrapping::raw, -1), std::invalid_argument);
    EXPECT_THROW(Deflater(Wrapping::raw, 6, 7), std::invalid_argument);
    EXPECT_THROW(Deflater{Wrapping::gzip_or_zlib}, std::invalid_argument);
    EXPECT_THROW(Inflater(Wrapping::raw, 16), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::http::detail
