// SPDX-License-Identifier: MIT
//
// The kinds of cases in the Autobahn test suite, against an echo: what a peer sends, and what it must get back.

#include <tendril/http/websocket.hpp>

#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"
#include "raw_websocket.hpp"

namespace tendril::http {
namespace {

using namespace std::string_literals;
using testing::RawWebSocket;

struct Sent {
    unsigned first;  // FIN 80, RSV 40 20 10, opcode
    std::string payload;
};
struct Case {
    std::string name;
    std::vector<Sent> sent;
    std::vector<std::string> got;
};

// Returns: how it ended.
int echo(WebSocket& web) {
    try {
        while (const auto message = web.recv()) {
            message->binary ? web.send_binary(message->data) : web.send(message->data);
        }
        return web.close_code();
    } catch (const WebSocketError& e) {
        EXPECT_EQ(web.close_code(), e.close_code());
        EXPECT_THROW(web.recv(), WebSocketError) << "from then on always";
        return -e.close_code();
    }
}

void check(const Case& each, std::size_t piece, const WebSocketOptions& options = {}) {
    for (const WebSocketRole role : {WebSocketRole::server, WebSocketRole::client}) {
        SCOPED_TRACE(each.name + (role == WebSocketRole::server ? ", by a server" : ", by a client") + ", pieces of " +
                     std::to_string(piece));
        RawWebSocket raw(role, options);
        std::string bytes;
        for (const Sent& sent : each.sent) {
            bytes += raw.frame(sent.first, sent.payload);
        }
        auto echoing = spawn([&] { return echo(raw.web); });
        auto sending = spawn([&] { raw.send(bytes, piece); });
        auto expected = each.got;
        expected.push_back("end");
        EXPECT_EQ(raw.all(), expected);
        echoing.join();
        sending.join();
        EXPECT_FALSE(raw.web.is_open());
    }
}

std::string code(int number, const std::string& reason = {}) {
    return std::string{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)} + reason;
}

const Sent bye{0x88, code(1000)};

void check_all(const std::vector<Case>& cases) {
    for (const Case& each : cases) {
        for (const std::size_t piece : {0, 1}) {
            check(each, piece);
        }
    }
}

TENDRIL_TEST(WebSocketCases, Framing1) {
    for (const std::size_t size : {0, 125, 126, 127, 128, 65535, 65536}) {
        const std::string payload(size, '*');
        const Case both{"echo of " + std::to_string(size),
                        {{0x81, payload}, {0x82, payload}, bye},
                        {"text:" + payload, "binary:" + payload, "close:1000"}};
        check(both, 0);
        check(both, size < 1000 ? 1 : 997);
    }
}

TENDRIL_TEST(WebSocketCases, Pings2) {
    const std::string long_payload(125, '\xfe');
    Case ten{"ten pings", {}, {}};
    for (const char c : "0123456789"s) {
        ten.sent.push_back({0x89, std::string(1, c)});
        ten.got.push_back("pong:"s + c);
    }
    ten.sent.push_back(bye);
    ten.got.push_back("close:1000");
    check_all({
        {"empty", {{0x89, ""}, bye}, {"pong:", "close:1000"}},
        {"text", {{0x89, "Hello, world!"}, bye}, {"pong:Hello, world!", "close:1000"}},
        {"binary", {{0x89, "\0\xff\xfe"s}, bye}, {"pong:\0\xff\xfe"s, "close:1000"}},
        {"125 bytes", {{0x89, long_payload}, bye}, {"pong:" + long_payload, "close:1000"}},
        {"126 bytes", {{0x89, long_payload + "x"}, bye}, {"close:1002"}},
        {"unasked pong", {{0x8a, "unasked"}, {0x8a, ""}, {0x89, "a"}, bye}, {"pong:a", "close:1000"}},
        ten,
    });
}

TENDRIL_TEST(WebSocketCases, ReservedBits3AndOpcodes4) {
    for (const unsigned first : {0x91, 0xa1, 0xb1, 0xc1, 0xd1, 0xe1, 0xf2, 0xc9, 0xa8, 0x83, 0x84, 0x85, 0x86, 0x87,
                                 0x8b, 0x8c, 0x8d, 0x8e, 0x8f}) {
        check_all({{"first byte " + std::to_string(first),
                    {{0x81, "good"}, {first, "bad"}, {0x89, "ignored"}},
                    {"text:good", "close:1002"}}});
    }
}

TENDRIL_TEST(WebSocketCases, Fragments5) {
    check_all({
        {"a fragmented ping", {{0x09, "a"}, {0x80, "b"}}, {"close:1002"}},
        {"a fragmented pong", {{0x0a, "a"}, {0x80, "b"}}, {"close:1002"}},
        {"two", {{0x01, "one, "}, {0x80, "two"}, bye}, {"text:one, two", "close:1000"}},
        {"a ping between",
         {{0x01, "one, "}, {0x89, "ping"}, {0x80, "two"}, bye},
         {"pong:ping", "text:one, two", "close:1000"}},
        {"five, and pings",
         {{0x01, "1"}, {0x00, "2"}, {0x89, "p"}, {0x00, ""}, {0x00, "4"}, {0x89, "q"}, {0x80, "5"}, bye},
         {"pong:p", "pong:q", "text:1245", "close:1000"}},
        {"continues nothing", {{0x80, "x"}, bye}, {"close:1002"}},
        {"continues nothing, is not the last", {{0x00, "x"}, {0x81, "y"}}, {"close:1002"}},
        {"continues what has ended", {{0x01, "a"}, {0x80, "b"}, {0x80, "c"}}, {"text:ab", "close:1002"}},
        {"a message inside one", {{0x01, "a"}, {0x81, "b"}}, {"close:1002"}},
        {"a close inside one", {{0x01, "a"}, bye}, {"close:1000"}},
    });
}

TENDRIL_TEST(WebSocketCases, Utf8Of6) {
    const std::string kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    check_all({
        {"valid", {{0x81, kosme}, bye}, {"text:" + kosme, "close:1000"}},
        {"split inside of characters",
         {{0x01, kosme.substr(0, 1)}, {0x00, kosme.substr(1, 2)}, {0x80, kosme.substr(3)}, bye},
         {"text:" + kosme, "close:1000"}},
        {"noncharacters are characters",
         {{0x81, "\xef\xbf\xbe\xf0\x9f\xbf\xbf"}, bye},
         {"text:\xef\xbf\xbe\xf0\x9f\xbf\xbf", "close:1000"}},
        {"invalid", {{0x81, kosme + "\xed\xa0\x80" + "edited"}, bye}, {"close:1007"}},
        {"invalid in a fragment, the message has not ended",
         {{0x01, kosme}, {0x00, "\xf4\x90\x80\x80"}},
         {"close:1007"}},
        {"ends inside a character", {{0x81, "\xce"}, bye}, {"close:1007"}},
        {"in binary nobody cares", {{0x82, "\xff\xc0"}, bye}, {"binary:\xff\xc0", "close:1000"}},
    });
}

// Also TL02.
TENDRIL_TEST(WebSocketCases, Closing7) {
    const std::string reason(123, '*');
    check_all({
        {"no code", {{0x88, ""}}, {"close:"}},
        {"half a code", {{0x88, "\x03"}}, {"close:1002"}},
        {"a reason", {{0x88, code(1000, "Hello")}}, {"close:1000"}},
        {"the longest reason", {{0x88, code(1000, reason)}}, {"close:1000"}},
        {"a longer one", {{0x88, code(1000, reason + "*")}}, {"close:1002"}},
        {"a reason that is not UTF-8", {{0x88, code(1000, "\xce\xba\xed\xa0\x80")}}, {"close:1007"}},
        {"data behind it", {bye, {0x81, "ignored"}, {0x89, "ignored"}, bye}, {"close:1000"}},
        {"a message before it", {{0x81, "a"}, bye}, {"text:a", "close:1000"}},
    });
    for (const int number : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
        check({std::to_string(number), {{0x88, code(number)}}, {"close:" + std::to_string(number)}}, 0);
    }
    for (const int number : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
        check({std::to_string(number), {{0x88, code(number)}}, {"close:1002"}}, 0);
    }
}

TENDRIL_TEST(WebSocketCases, Large9) {
    const std::string whole(std::size_t{1} << 20, 'x');
    Case fragments{"16 fragments", {}, {}};
    for (unsigned i = 0; i < 16; ++i) {
        fragments.sent.push_back({(i == 15 ? 0x80U : 0U) | (i == 0 ? 2U : 0U), whole.substr(0, whole.size() / 16)});
    }
    fragments.sent.push_back(bye);
    fragments.got = {"binary:" + whole, "close:1000"};
    const WebSocketOptions options{.fragment_size = whole.size()};
    check({"one frame", {{0x81, whole}, bye}, {"text:" + whole, "close:1000"}}, 0, options);
    check({"one frame", {{0x82, whole}, bye}, {"binary:" + whole, "close:1000"}}, 100'000, options);
    check(fragments, 0, options);
    check(fragments, 40'000, options);
    check({"too large", {{0x82, whole + "x"}}, {"close:1009"}}, 0, options);
    fragments.sent.back() = {0x80, "x"};
    fragments.sent[15].first = 0;
    fragments.got = {"close:1009"};
    check(fragments, 0, options);
}

TENDRIL_TEST(WebSocketCases, SendsInFragments10) {
    check({"",
           {{0x81, "0123456789"}, {0x82, "0123"}, {0x81, "01234567"}, bye},
           {"+text:0123", "+more:4567", "more:89", "binary:0123", "+text:0123", "more:4567", "close:1000"}},
          0, {.fragment_size = 4});
}

}  // namespace
}  // namespace tendril::http
