// SPDX-License-Identifier: MIT
//
// behaviours.md §3.1: requests over raw sockets, and what they must get (RFC 9110, RFC 9112). Each is followed by a
// second one, which must be answered when the connection goes on, and never when it does not.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "green_test.hpp"
#include "http_server.hpp"

namespace tendril {
namespace {

struct Row {
    const char* name;
    std::string request;
    int status;
    bool goes_on;
};

const std::string host = "Host: a\r\n";

std::string chunked(std::string_view chunks) {
    return "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
}

std::vector<Row> rows() {
    const std::string hidden = "GET /hidden HTTP/1.1\r\n" + host + "\r\n";
    std::string many;
    for (int i = 0; i < 2000; ++i) {
        many += "X" + std::to_string(i) + ": 1\r\n";
    }
    return {
        {"TK17 gzip, chunked", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n" + hidden, 501,
         false},
        {"TK17 xchunked", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n" + hidden, 501, false},
        {"TK17 Content-Length and Transfer-Encoding",
         "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
         400, false},
        {"two Content-Lengths",
         "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + hidden, 400, false},
        {"a blank before the colon", "POST / HTTP/1.1\r\n" + host + "Content-Length : 5\r\n\r\nhello", 400, false},
        {"TK05 +5", "POST / HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello", 400, false},
        {"TK05 1_0", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1_0\r\n\r\nhello", 400, false},
        {"TK05 -1", "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\nhello", 400, false},
        {"TK19 no number", "POST / HTTP/1.1\r\n" + host + "Content-Length: argh\r\n\r\nhello", 400, false},
        {"TK04 chunk size 0x5", chunked("0x5\r\nhello\r\n0\r\n\r\n") + hidden, 400, false},
        {"TK04 chunk size +5", chunked("+5\r\nhello\r\n0\r\n\r\n") + hidden, 400, false},
        {"TK04 chunk size -1", chunked("-1\r\nhello\r\n0\r\n\r\n") + hidden, 400, false},
        {"TK04 no CRLF behind a chunk", chunked("5\r\nhello5\r\nhello\r\n0\r\n\r\n") + hidden, 400, false},
        {"TK04 a chunk extension that is too long", chunked("5;" + std::string(20000, 'x') + "\r\nhello\r\n0\r\n\r\n"),
         400, false},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400, false},
        {"two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400, false},
        {"chunked in HTTP/1.0",
         "POST / HTTP/1.0\r\n" + host + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
             hidden,
         400, false},
        {"HTTP/0.9", "GET /a\r\n", 400, false},
        {"NUL in a header", "GET / HTTP/1.1\r\n" + host + std::string("A: b\0c", 6) + "\r\n\r\n", 400, false},
        {"obs-fold", "GET / HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n", 400, false},
        {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, false},
        {"TK05 a % in a bad request line", "GET /%s%n%%\r\n", 400, false},
        {"2000 headers", "GET / HTTP/1.1\r\n" + host + many + "\r\n", 431, false},
        {"TK19 a header line of 100 KB", "GET / HTTP/1.1\r\n" + host + "A: " + std::string(100'000, 'x') + "\r\n\r\n",
         431, false},
        {"TK10 a request line that is too long", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n" + host + "\r\n",
         414, false},
        {"an unknown expectation", "POST / HTTP/1.1\r\n" + host + "Expect: magic\r\nContent-Length: 0\r\n\r\n", 417,
         false},
        {"HTTP/2.0", "GET / HTTP/2.0\r\n" + host + "\r\n", 505, false},
        {"TK03 a request in the place of trailers", chunked("0\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"), 400,
         false},
        {"TK03 trailers that are too long", chunked("0\r\nA: " + std::string(20000, 'x') + "\r\n\r\n"), 431, false},
        {"valid trailers", chunked("5\r\nhello\r\n0\r\nA: b\r\n\r\n"), 200, true},
        {"chunks", chunked("5;a=b\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"), 200, true},
        {"TK18 neither length nor coding", "POST / HTTP/1.1\r\n" + host + "\r\n", 200, true},
        {"an empty line first", "\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 200, true},
        {"the same length twice", "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
         200, true},
        {"absolute form", "GET http://b/x HTTP/1.1\r\n" + host + "\r\n", 200, true},
        {"headers with underscores", "GET / HTTP/1.1\r\n" + host + "Content_Length: 5\r\n\r\n", 200, true},
    };
}

TENDRIL_TEST(ConformanceK, EveryRequestGetsWhatItMust) {
    std::vector<std::string> targets;
    testing::Served served([&](http::Request& request, http::Response& response) {
        targets.emplace_back(request.path());
        static_cast<void>(request.body().read_all());
        response.send("ok");
    });
    for (const Row& row : rows()) {
        SCOPED_TRACE(row.name);
        targets.clear();
        served.bad_input.clear();
        testing::RawHttp client = served.client();
        client.send(row.request + testing::get("/second", "Connection: close\r\n"));
        EXPECT_EQ(client.read().status, row.status);
        EXPECT_EQ(client.read().status, row.goes_on ? 200 : 0);
        for (const std::string& target : targets) {
            EXPECT_NE(target, "/hidden");
        }
        EXPECT_EQ(!targets.empty() && targets.back() == "/second", row.goes_on);
        EXPECT_EQ(served.bad_input.size(), row.goes_on ? 0u : 1u) << "logged in one line";
        for (const std::string& line : served.bad_input) {
            EXPECT_EQ(line.find("xxx"), std::string::npos) << "without its content";
            EXPECT_EQ(line.find('\n'), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace tendril
