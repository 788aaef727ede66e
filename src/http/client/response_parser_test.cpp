// SPDX-License-Identifier: MIT

#include "http/client/response_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

using namespace tendril::http;
using namespace tendril::http::detail;

namespace {

ResponseHead parsed(std::string_view text) {
    ResponseParser parser;
    ResponseHead head;
    EXPECT_EQ(parser.parse(text, head), text.size());
    return head;
}

std::string fault_of(std::string_view text) {
    try {
        ResponseParser parser;
        ResponseHead head;
        return parser.parse(text, head) == 0 ? "more" : "taken";
    } catch (const ProtocolError& e) {
        return e.what();
    }
}

std::string framing(std::string_view method, std::string_view text) {
    try {
        const Framing f = response_framing(method, parsed(std::string(text) + "\r\n"));
        switch (f.kind) {
        case Framing::Kind::none:
            return "none";
        case Framing::Kind::length:
            return std::to_string(f.length);
        case Framing::Kind::chunked:
            return "chunked";
        case Framing::Kind::until_close:
            return "close";
        }
    } catch (const ProtocolError&) {
    }
    return "refused";
}

}  // namespace

TEST(ResponseParser, ReadsAHead) {
    const ResponseHead head = parsed("HTTP/1.1 404 Not  there\r\nA: 1\r\nb:\r\nA:\t 2 \r\n\r\n");
    EXPECT_EQ(head.status, 404);
    EXPECT_EQ(head.version, Version::http_1_1);
    EXPECT_EQ(head.reason, "Not  there");
    EXPECT_EQ(head.headers.joined("a"), "1, 2");
    EXPECT_TRUE(head.headers.contains("B"));
    EXPECT_EQ(parsed("HTTP/1.0 200 \r\n\r\n").version, Version::http_1_0);
    EXPECT_EQ(parsed("HTTP/1.7 999 \r\n\r\n").version, Version::http_1_1);
}

// Safe deviations that other clients accept too: docs/design/0013.
TEST(ResponseParser, IsLenient) {
    EXPECT_EQ(parsed("HTTP/1.1 200\r\nA: 1\r\n\r\n").reason, "");
    EXPECT_EQ(parsed("HTTP/1.1 200\r\nA: 1\r\n\r\n").status, 200);
    const ResponseHead lf = parsed("HTTP/1.1 200 OK\nA: 1\r\nB: 2\n\n");
    EXPECT_EQ(lf.reason, "OK");
    EXPECT_EQ(lf.headers.joined("A") + lf.headers.joined("B"), "12");
    EXPECT_EQ(parsed("HTTP/1.1 200 OK\r\nA \t: 1\r\n\r\n").headers.get("A"), "1");
    const ResponseHead folded =
        parsed("HTTP/1.1 200 OK\r\nA: 1 \r\n\t  2\r\n 3\nB:\r\n x\r\nC: y\r\n  \r\nD: z\r\n\r\n");
    EXPECT_EQ(folded.headers.get("A"), "1 2 3");
    EXPECT_EQ(folded.headers.get("B"), "x");
    EXPECT_EQ(folded.headers.get("C"), "y");
    EXPECT_EQ(folded.headers.get("D"), "z");
    EXPECT_EQ(folded.headers.size(), 4U);
    EXPECT_EQ(folded.status, 200);
    EXPECT_EQ(parsed("HTTP/1.1 200 OK\r\nA: \xe9\r\n\r\n").headers.get("A"), "\xe9");
}

TEST(ResponseParser, ReadsFoldedHeadsInARow) {
    const std::string text = "HTTP/1.1 103 Hints\r\nA: 1\r\n 2\r\n\r\nHTTP/1.1 200 OK\r\nB: 3\r\n\r\n";
    ResponseParser parser;
    ResponseHead head;
    std::size_t begin = 0;
    std::string seen;
    for (std::size_t end = 0; end <= text.size(); ++end) {
        if (const std::size_t n = parser.parse(std::string_view(text).substr(begin, end - begin), head); n > 0) {
            begin += n;
            for (const Headers::Field each : head.headers) {
                seen.append(each.name).append("=").append(each.value).append(";");
            }
        }
    }
    EXPECT_EQ(seen, "A=1 2;B=3;");
}

TEST(ResponseParser, GoesOnAtAnyByte) {
    const std::string text = "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\nbody";
    ResponseParser parser;
    ResponseHead head;
    std::size_t begin = 0;
    std::vector<int> seen;
    for (std::size_t end = 0; end <= text.size() && seen.size() < 2; ++end) {
        const std::size_t n = parser.parse(std::string_view(text).substr(begin, end - begin), head);
        if (n > 0) {
            EXPECT_EQ(begin + n, end);
            begin = end;
            seen.push_back(head.status);
            EXPECT_EQ(head.interim(), head.status == 103);
        }
    }
    EXPECT_EQ(seen, (std::vector<int>{103, 200}));
    EXPECT_EQ(text.substr(begin), "body");
    EXPECT_EQ(head.headers.size(), 2U);
    EXPECT_FALSE(head.headers.contains("Link"));
}

TEST(ResponseParser, RefusesWhatIsNoHttp) {
    const std::vector<std::pair<std::string, const char*>> examples = {
        {"\r\n", "not HTTP"},
        {"HTTP/1.1 20\r\n", "not a version, a status"},
        {"HTTP/1.1\r\n", "not a version, a status"},
        {"HTTP/1.1 200OK\r\n", "not a version, a status"},
        {"HTTP/1.1  200 OK\r\n", "not a version, a status"},
        {"HTTP/1.1 2000 OK\r\n", "not a version, a status"},
        {"HTTP/1.1 +20 OK\r\n", "three digits"},
        {"HTTP/1.1 099 OK\r\n", "below 100"},
        {"HTTP/2.0 200 OK\r\n", "not HTTP/1"},
        {"http/1.1 200 OK\r\n", "not HTTP"},
        {"HTTP/11  200 OK\r\n", "does not begin"},
        {"HTTP/1.1 200 O\001K\r\n", "control character"},
        {"HTTP/1.1 200 OK\r\nA B: 1\r\n\r\n", "not a name and a colon"},
        {"HTTP/1.1 200 OK\r\n : 1\r\n\r\n", "continues on another line"},
        {"HTTP/1.1 200 OK\r\nA\r\n\r\n", "not a name and a colon"},
        {"HTTP/1.1 200 OK\r\n: 1\r\n\r\n", "not a name and a colon"},
        {"HTTP/1.1 200 OK\r\n A: 1\r\n\r\n", "continues on another line"},
        {"HTTP/1.1 200 OK\r\nA: 1\r\n \001\r\n\r\n", "control character"},
        {"HTTP/1.1 200 OK\r\n\r\r\n", "not a name and a colon"},
        {"HTTP/1.1 200 OK\r\nA: \r\r\n\r\n", "control character"},
        {std::string("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 23), "control character"},
        {"\x15\x03\x03", "not HTTP"},
        {"SSH-2.0-OpenSSH", "not HTTP"},
        {"HTTP/1.1 200 " + std::string(8192, 'x'), "too long"},
        {"HTTP/1.1 200 OK\r\nA: " + std::string(65536, 'x'), "too long"},
    };
    for (const auto& each : examples) {
        EXPECT_NE(fault_of(each.first).find(each.second), std::string::npos)
            << each.first.substr(0, 40) << ": " << fault_of(each.first);
    }
    EXPECT_EQ(fault_of("HTT"), "more");
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 201; ++i) {
        many += "A: 1\r\n";
    }
    EXPECT_NE(fault_of(many).find("too many headers"), std::string::npos);
}

TEST(ResponseParser, BoundsInterimHeads) {
    ResponseParser parser;
    ResponseHead head;
    for (int i = 0; i < 16; ++i) {
        EXPECT_GT(parser.parse("HTTP/1.1 100 Continue\r\n\r\n", head), 0U);
    }
    EXPECT_THROW(parser.parse("HTTP/1.1 100 Continue\r\n\r\n", head), ProtocolError);
    EXPECT_FALSE(parsed("HTTP/1.1 101 Switching Protocols\r\n\r\n").interim());
}

TEST(ResponseParser, KnowsHowTheBodyEnds) {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    EXPECT_EQ(framing("GET", ok), "close");
    EXPECT_EQ(framing("GET", ok + "Content-Length: 5\r\n"), "5");
    EXPECT_EQ(framing("GET", ok + "Content-Length: 0\r\n"), "none");
    EXPECT_EQ(framing("GET", ok + "Content-Length: 5, 5\r\nContent-Length: 5\r\n"), "5");
    EXPECT_EQ(framing("GET", ok + "Content-Length: 5\r\nContent-Length: 6\r\n"), "refused");
    EXPECT_EQ(framing("GET", ok + "Content-Length: +5\r\n"), "refused");
    EXPECT_EQ(framing("GET", ok + "Content-Length: 99999999999999999999\r\n"), "refused");
    EXPECT_EQ(framing("GET", ok + "Transfer-Encoding: Chunked\r\n"), "chunked");
    EXPECT_EQ(framing("GET", ok + "Transfer-Encoding: chunked, gzip\r\n"), "refused");
    EXPECT_EQ(framing("GET", ok + "Transfer-Encoding: gzip, chunked\r\n"), "refused");
    EXPECT_EQ(framing("GET", ok + "Transfer-Encoding: chunked, chunked\r\n"), "refused");
    EXPECT_EQ(framing("GET", ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "chunked");
    EXPECT_EQ(framing("GET", ok + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n"), "5");
    EXPECT_EQ(framing("GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"), "chunked");
    // These have no body, whatever their fields say.
    EXPECT_EQ(framing("HEAD", ok + "Content-Length: 5\r\n"), "none");
    EXPECT_EQ(framing("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n"), "none");
    EXPECT_EQ(framing("GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n"), "none");
    EXPECT_EQ(framing("CONNECT", ok + "Content-Length: 5\r\n"), "none");
    EXPECT_EQ(framing("CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 5\r\n"), "5");
}

TEST(ResponseParser, KnowsWhetherTheConnectionLives) {
    EXPECT_TRUE(keeps_alive(parsed("HTTP/1.1 200 OK\r\n\r\n")));
    EXPECT_FALSE(keeps_alive(parsed("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n")));
    EXPECT_FALSE(keeps_alive(parsed("HTTP/1.0 200 OK\r\n\r\n")));
    EXPECT_TRUE(keeps_alive(parsed("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n")));
    EXPECT_FALSE(keeps_alive(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n")));
    EXPECT_FALSE(
        keeps_alive(parsed("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nTransfer-Encoding: chunked\r\n\r\n")));
}
