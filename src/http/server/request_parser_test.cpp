// SPDX-License-Identifier: MIT

#include "http/server/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tendril::http::detail {
namespace {

struct Parsed {
    std::string text;
    RequestHead head;
    std::size_t size = 0;
};

// Parses the text in pieces of this size. Throws: ProtocolError.
void parse(Parsed& parsed, std::string_view text, std::size_t piece = 1000000, const HeadLimits& limits = {}) {
    RequestParser parser;
    parser.begin(limits);
    parsed.text = text;
    for (std::size_t n = 0; parsed.size == 0 && n < text.size();) {
        n = std::min(text.size(), n + piece);
        parsed.size = parser.parse(std::string_view(parsed.text).substr(0, n), parsed.head);
    }
    if (parsed.size > 0) {
        parser.finish(parsed.text.data(), parsed.head);
    }
}

// Returns: the status of the error; 0: no error; -1: more bytes are needed.
int verdict(std::string_view text, const HeadLimits& limits = {}) {
    Parsed parsed;
    try {
        parse(parsed, text, 1000000, limits);
        return parsed.size > 0 ? 0 : -1;
    } catch (const ProtocolError& e) {
        return e.status();
    }
}

TEST(RequestParser, ReadsARequestWhateverItsPieces) {
    const std::string text = "POST /a/b?c=d HTTP/1.1\r\nHost: example.org:80\r\nX-Empty:\r\n"
                             "x-tab: \t a\tb \t\r\nContent-Length: 5\r\n\r\nhello";
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 50u, 1000u}) {
        Parsed p;
        parse(p, text, piece);
        EXPECT_EQ(p.size, text.size() - 5);
        EXPECT_EQ(p.head.method, "POST");
        EXPECT_EQ(p.head.target, "/a/b?c=d");
        EXPECT_EQ(p.head.version, Version::http_1_1);
        EXPECT_EQ(p.head.headers.get("host"), "example.org:80");
        EXPECT_TRUE(p.head.headers.contains("X-Empty"));
        EXPECT_EQ(p.head.headers.get("X-Empty"), "");
        EXPECT_EQ(p.head.headers.get("X-Tab"), "a\tb");
        EXPECT_EQ(p.head.framing.kind, Framing::Kind::length);
        EXPECT_EQ(p.head.framing.length, 5u);
        EXPECT_TRUE(p.head.keep_alive);
    }
}

TEST(RequestParser, RefusesARequestLineThatIsNone) {
    EXPECT_EQ(verdict("GET /\r\nHost: a\r\n\r\n"), 400) << "HTTP/0.9";
    EXPECT_EQ(verdict("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / http/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    EXPECT_EQ(verdict(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("G@T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET http://user@b/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("\x16\x03\x01\x02"), 400) << "TLS, at once";
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    EXPECT_EQ(verdict("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 0) << "RFC 9110, 2.5: as 1.1";
    EXPECT_EQ(verdict("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0) << "RFC 9112, 2.2";
    EXPECT_EQ(verdict("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(verdict("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    EXPECT_EQ(verdict("CONNECT [::1]:80 HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    EXPECT_EQ(verdict("GET HTTP://a:80?x HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    EXPECT_EQ(verdict("BREW /pot HTTP/1.0\r\n\r\n"), 0);
}

TEST(RequestParser, RefusesHeadersThatTwoReadersCouldReadInTwoWays) {
    const auto with = [](std::string_view header) {
        return verdict("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(header) + "\r\n\r\n");
    };
    EXPECT_EQ(with("A : b"), 400);
    EXPECT_EQ(with("A\t: b"), 400);
    EXPECT_EQ(with(": b"), 400);
    EXPECT_EQ(with("A"), 400);
    EXPECT_EQ(with(" A: b"), 400) << "obs-fold";
    EXPECT_EQ(with("A: b\r\n c"), 400) << "obs-fold";
    EXPECT_EQ(with(std::string_view("A: b\0c", 6)), 400);
    EXPECT_EQ(with("A: b\x7f"), 400);
    EXPECT_EQ(with("A: b\rc"), 400);
    EXPECT_EQ(with("A: b\nC: d"), 400) << "a bare LF";
    EXPECT_EQ(with("\xc3\xa4: b"), 400);
    EXPECT_EQ(with("A: \xc3\xa4"), 0) << "obs-text is not ours to judge";
    EXPECT_EQ(with("Host: b"), 400) << "two Hosts";
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
    EXPECT_EQ(verdict("GET / HTTP/1.1\nHost: a\n\n"), 400);
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
}

TEST(RequestParser, AgreesWithItselfOnHowTheBodyEnds) {
    const auto with = [](std::string_view header, std::string_view version = "1.1") {
        return verdict("POST / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(header) + "\r\n\r\n");
    };
    EXPECT_EQ(with("Content-Length: 5\r\nContent-Length: 6"), 400);
    EXPECT_EQ(with("Content-Length: 5, 6"), 400);
    EXPECT_EQ(with("Content-Length: 5\r\ncontent-length: 5"), 0);
    EXPECT_EQ(with("Content-Length: 5, 5"), 0);
    for (const char* bad : {"-1", "+5", "1_0", "5 5", "0x5", "", "five", ",5", "5,", "99999999999999999999"}) {
        EXPECT_EQ(with("Content-Length: " + std::string(bad)), 400) << bad;
    }
    EXPECT_EQ(with("Content-Length : 5"), 400);
    EXPECT_EQ(with("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400);
    EXPECT_EQ(with("Transfer-Encoding: gzip, chunked"), 501);
    EXPECT_EQ(with("Transfer-Encoding: xchunked"), 501);
    EXPECT_EQ(with("Transfer-Encoding: chunked, gzip"), 400);
    EXPECT_EQ(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400);
    EXPECT_EQ(with("Transfer-Encoding: chunked;q=1"), 501);
    EXPECT_EQ(with("Transfer-Encoding:"), 400);
    EXPECT_EQ(with("Transfer-Encoding: chunked", "1.0"), 400);
    EXPECT_EQ(with("Transfer-Encoding: Chunked"), 0);
    EXPECT_EQ(with("Expect: 200-ok"), 417);
    EXPECT_EQ(with("Expect: 100-Continue"), 0);
}

TEST(RequestParser, HasLimits) {
    const HeadLimits limits{20, 100, 3};
    EXPECT_EQ(verdict("GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n", limits), 0) << "20 bytes";
    EXPECT_EQ(verdict("GET /1234567 HTTP/1.1\r\nHost: a\r\n\r\n", limits), 414);
    EXPECT_EQ(verdict("GET /1234567890123456789", limits), 414) << "without waiting for its end";
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n", limits), 0);
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), 431);
    EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(100, 'x'), limits), 431);
}

TEST(RequestParser, KnowsWhatTheClientWantsOfTheConnection) {
    const auto head = [](std::string_view text) {
        auto p = std::make_unique<Parsed>();
        parse(*p, text);
        return p;
    };
    EXPECT_TRUE(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->head.keep_alive);
    EXPECT_FALSE(head("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n")->head.keep_alive);
    EXPECT_FALSE(head("GET / HTTP/1.0\r\n\r\n")->head.keep_alive);
    EXPECT_TRUE(head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")->head.keep_alive);
    EXPECT_FALSE(head("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n")->head.upgrades);
    EXPECT_TRUE(
        head("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: keep-alive, Upgrade\r\n\r\n")->head.upgrades);
    EXPECT_FALSE(head("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")->head.expects_continue);
}

}  // namespace
}  // namespace tendril::http::detail
