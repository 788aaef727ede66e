// SPDX-License-Identifier: MIT

#include "http/message/chunked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <tendril/http/message.hpp>

namespace tendril::http::detail {
namespace {

struct Decoded {
    std::string data;
    std::string rest;
    bool ended = false;
    Headers trailers;
    int error = 0;
};

Decoded decode(std::string_view text, std::size_t piece = 1000000) {
    ChunkedDecoder decoder;
    Decoded result;
    try {
        while (!text.empty() && !decoder.ended()) {
            std::string_view in = text.substr(0, piece);
            const std::size_t before = in.size();
            while (!in.empty() && !decoder.ended()) {
                decoder.advance(in);
                const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(decoder.data_left(), in.size()));
                if (n > 0) {
                    result.data += in.substr(0, n);
                    in.remove_prefix(n);
                    decoder.took(n);
                }
            }
            text.remove_prefix(before - in.size());
        }
        result.trailers = decoder.trailers();
    } catch (const ProtocolError& e) {
        result.error = e.status();
    }
    result.rest = text;
    result.ended = decoder.ended();
    return result;
}

TEST(Chunked, IsReadWhateverItsPieces) {
    const std::string text = "4\r\nWiki\r\n0a;name=\"a;b\" ; x\r\n0123456789\r\n0\r\nA: 1\r\nb:2\r\n\r\nGET";
    for (const std::size_t piece : {1u, 2u, 3u, 5u, 100u}) {
        const Decoded d = decode(text, piece);
        EXPECT_EQ(d.error, 0);
        EXPECT_TRUE(d.ended);
        EXPECT_EQ(d.data, "Wiki0123456789");
        EXPECT_EQ(d.trailers.get("B"), "2");
        EXPECT_EQ(d.trailers.size(), 2u);
        EXPECT_EQ(d.rest, "GET") << "TK03: what follows is the next request's";
    }
    EXPECT_EQ(decode("0\r\n\r\n").data, "");
    EXPECT_TRUE(decode("0\r\n\r\n").ended);
    EXPECT_FALSE(decode("0\r\n").ended) << "TK03: the end is the empty line";
}

TEST(Chunked, TK04_RefusesSizesThatAreNone) {
    for (const char* bad : {"0x5\r\n",
                            "+5\r\n",
                            "-1\r\n",
                            " 5\r\n",
                            "g\r\n",
                            "\r\n",
                            ";a\r\n",
                            "5\n",
                            "5\r5",
                            "5 5\n",
                            "11112222333344445\r\n",
                            "5;a\x01\r\n",
                            "5;a\n",
                            "5;\r\n",
                            "5;a=\r\n",
                            "5;=b\r\n",
                            "5;a=\"b\r\n",
                            "5;a=b\"\r\n",
                            "5;a b\r\n",
                            "5 \r\n",
                            "5;a \r\n"}) {
        EXPECT_EQ(decode(bad).error, 400) << bad;
    }
    EXPECT_EQ(decode("5\r\nhello0\r\n\r\n").error, 400) << "no CRLF behind the data";
    EXPECT_EQ(decode("5\r\nhello\n0\r\n\r\n").error, 400);
    EXPECT_EQ(decode("5\r\nhello\rx").error, 400);
}

TEST(Chunked, TK06_SizesBeyond32Bits) {
    ChunkedDecoder decoder;
    std::string_view in = "100000001\r\nx";
    decoder.advance(in);
    EXPECT_EQ(decoder.data_left(), 0x100000001u);
    in = "ffffffffffffffff\r\n";
    ChunkedDecoder largest;
    largest.advance(in);
    EXPECT_EQ(largest.data_left(), UINT64_MAX);
}

TEST(Chunked, TK03_TrailersAreCheckedAndBounded) {
    EXPECT_EQ(decode("0\r\nGET / HTTP/1.1\r\n\r\n").error, 400);
    EXPECT_EQ(decode("0\r\nA : b\r\n\r\n").error, 400);
    EXPECT_EQ(decode("0\r\n A: b\r\n\r\n").error, 400);
    EXPECT_EQ(decode("0\r\nA: b\n\r\n").error, 400);
    EXPECT_EQ(decode("0\r\nA: " + std::string(20000, 'x') + "\r\n\r\n").error, 431);
    std::string many = "0\r\n";
    for (int i = 0; i < 101; ++i) {
        many += "a:1\r\n";
    }
    EXPECT_EQ(decode(many + "\r\n").error, 431);
}

TEST(Chunked, ExtensionsCannotOutweighTheData) {
    EXPECT_EQ(decode("1;" + std::string(20000, 'x') + "\r\n").error, 400);
    std::string text;
    for (int i = 0; i < 200; ++i) {
        text += "1;" + std::string(200, 'x') + "\r\ny\r\n";
    }
    EXPECT_EQ(decode(text).error, 400);
    std::string usual;
    for (int i = 0; i < 5000; ++i) {
        usual += "00001;a=b\r\ny\r\n";
    }
    EXPECT_EQ(decode(usual + "0\r\n\r\n").data.size(), 5000u);
}

}  // namespace
}  // namespace tendril::http::detail
