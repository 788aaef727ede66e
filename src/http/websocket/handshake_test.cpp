// SPDX-License-Identifier: MIT

#include "http/websocket/handshake.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tendril::http::detail {
namespace {

constexpr auto v11 = Version::http_1_1;

// The request of RFC 6455, 1.2.
Headers request() {
    return {{"Host", "server.example.com"},
            {"Upgrade", "websocket"},
            {"Connection", "Upgrade"},
            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
            {"Origin", "http://server.example.com"},
            {"Sec-WebSocket-Protocol", "chat, superchat"},
            {"Sec-WebSocket-Version", "13"}};
}

Headers with(std::string_view name, std::string_view value) {
    Headers headers = request();
    headers.set(name, value);
    return headers;
}
Headers without(std::string_view name) {
    Headers headers = request();
    headers.remove(name);
    return headers;
}
Headers twice(std::string_view name) {
    Headers headers = request();
    headers.add(name, headers.get(name));
    return headers;
}

int status_of(const Headers& headers, const WebSocketOptions& options = {}) {
    return answer_websocket("GET", v11, headers, options).status;
}

// TL01
TEST(WebSocketHandshake, AnswersAsInTheRfc) {
    const WebSocketAnswer answer = answer_websocket("GET", v11, request(), {.subprotocols = {"chat"}});
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.headers.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(answer.headers.get("Upgrade"), "websocket");
    EXPECT_EQ(answer.headers.get("Connection"), "Upgrade");
    EXPECT_EQ(answer.headers.get("Sec-WebSocket-Protocol"), "chat");
    EXPECT_EQ(answer.agreement.subprotocol, "chat");
    EXPECT_FALSE(answer.agreement.deflate.has_value());
    EXPECT_EQ(status_of(with("Upgrade", "h2c, WebSocket")), 101);
    EXPECT_EQ(status_of(with("Connection", "keep-alive, upgrade")), 101);
}

// TL01
TEST(WebSocketHandshake, RefusesRequestsThatAreNone) {
    EXPECT_EQ(answer_websocket("POST", v11, request(), {}).status, 405);
    EXPECT_EQ(answer_websocket("POST", v11, request(), {}).headers.get("Allow"), "GET");
    EXPECT_EQ(answer_websocket("GET", Version::http_1_0, request(), {}).status, 400);
    for (const Headers& headers : {without("Upgrade"), with("Upgrade", "h2c"), without("Sec-WebSocket-Version"),
                                   with("Sec-WebSocket-Version", "8"), twice("Sec-WebSocket-Version")}) {
        const WebSocketAnswer answer = answer_websocket("GET", v11, headers, {});
        EXPECT_EQ(answer.status, 426);
        EXPECT_EQ(answer.headers.get("Sec-WebSocket-Version"), "13");
        EXPECT_EQ(answer.headers.get("Upgrade"), "websocket");
        EXPECT_FALSE(answer.why.empty());
    }
    for (const Headers& headers :
         {without("Connection"), with("Connection", "close"), without("Host"), without("Sec-WebSocket-Key"),
          twice("Sec-WebSocket-Key"), with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"),
          with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=x"), with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!Q=="),
          with("Sec-WebSocket-Key", "YWJj"), with("Content-Length", "1"), with("Transfer-Encoding", "chunked"),
          with("Sec-WebSocket-Protocol", "a b"), with("Sec-WebSocket-Extensions", "permessage-deflate; =1"),
          with("Sec-WebSocket-Extensions", "a b")}) {
        EXPECT_EQ(status_of(headers), 400);
    }
    EXPECT_EQ(status_of(with("Content-Length", "0")), 101);
}

TEST(WebSocketHandshake, LetsPagesOfItsOwnHostInOnlyUnlessTold) {
    EXPECT_EQ(status_of(without("Origin")), 101) << "no browser";
    EXPECT_EQ(status_of(with("Origin", "HTTPS://SERVER.example.com:443")), 101);
    EXPECT_EQ(status_of(with("Origin", "http://server.example.com:")), 101);
    EXPECT_EQ(status_of(with("Origin", "http://server.example.com:080")), 101);
    for (const char* origin : {"http://example.com", "http://server.example.com:8080", "null", "",
                               "http://server.example.com.evil.example", "ftp://server.example.com"}) {
        EXPECT_EQ(status_of(with("Origin", origin)), 403) << origin;
    }
    EXPECT_EQ(status_of(twice("Origin")), 403);
    const WebSocketOptions options{.allow_origin = [](std::string_view origin) { return origin == "null"; }};
    EXPECT_EQ(status_of(with("Origin", "null"), options), 101);
    EXPECT_EQ(status_of(request(), options), 403);
}

TEST(WebSocketHandshake, ChoosesTheSubprotocolThatItLikesBest) {
    const auto chosen = [](std::vector<std::string> ours) {
        return answer_websocket("GET", v11, request(), {.subprotocols = std::move(ours)}).agreement.subprotocol;
    };
    EXPECT_EQ(chosen({"superchat", "chat"}), "superchat");
    EXPECT_EQ(chosen({"other", "chat"}), "chat");
    EXPECT_EQ(chosen({"Chat"}), "") << "case matters";
    EXPECT_EQ(chosen({}), "");
}

std::string answered(std::string_view offer, const WebSocketDeflate& ours = {}) {
    const auto offers = parse_extensions(offer);
    const auto accepted = offers.has_value() ? accept_deflate(*offers, ours) : std::nullopt;
    return accepted.has_value() ? accepted->answer : "";
}

// TL04
TEST(WebSocketHandshake, AcceptsTheFirstOfferThatItCan) {
    const struct {
        const char* offer;
        const char* answer;
        WebSocketDeflate ours = {};
    } cases[] = {
        {"permessage-deflate", "permessage-deflate"},
        {"Permessage-Deflate ; Client_Max_Window_Bits", "permessage-deflate"},
        {"x-webkit-deflate-frame, permessage-deflate;server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover"},
        {"permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"},
        {"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"},
        {"permessage-deflate; server_max_window_bits=\"10\"", "permessage-deflate; server_max_window_bits=10"},
        {"permessage-deflate; client_max_window_bits=8", "permessage-deflate; client_max_window_bits=8"},
        {"permessage-deflate; server_max_window_bits=10",
         "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9",
         {.server_no_context_takeover = true,
          .client_no_context_takeover = true,
          .server_max_window_bits = 9,
          .client_max_window_bits = 9}},
        {"permessage-deflate; client_max_window_bits",
         "permessage-deflate; client_max_window_bits=9",
         {.client_max_window_bits = 9}},
        // Out of range, unknown, doubled or malformed: declined, and the next offer is considered.
        {"permessage-deflate; server_max_window_bits=7", ""},
        {"permessage-deflate; server_max_window_bits=16", ""},
        {"permessage-deflate; server_max_window_bits=08", ""},
        {"permessage-deflate; server_max_window_bits", ""},
        {"permessage-deflate; client_max_window_bits=16", ""},
        {"permessage-deflate; client_max_window_bits=a", ""},
        {"permessage-deflate; client_no_context_takeover=1", ""},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits=9", ""},
        {"permessage-deflate; unknown", ""},
        {"permessage-bzip2", ""},
        {"", ""},
        {"permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=12",
         "permessage-deflate; server_max_window_bits=12"},
        {"permessage-deflate; a=\"b,c\", permessage-deflate", ""},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(answered(each.offer, each.ours), each.answer) << each.offer;
    }
    // To a client that does not offer client_max_window_bits the server cannot name any: the client may use all 15.
    const auto offers = parse_extensions("permessage-deflate");
    EXPECT_EQ(accept_deflate(*offers, {.client_max_window_bits = 9})->agreed.client_max_window_bits, 15);
}

// TL04
TEST(WebSocketHandshake, TheClientTakesOnlyAnAnswerToItsOffer) {
    const WebSocketDeflate small{
        .server_no_context_takeover = true, .server_max_window_bits = 10, .client_max_window_bits = 12};
    EXPECT_EQ(offer_deflate({}), "permessage-deflate; client_max_window_bits");
    EXPECT_EQ(offer_deflate(small), "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; "
                                    "client_max_window_bits=12");
    const auto agreed = [](std::string_view answer, const WebSocketDeflate& ours) {
        return agree_on_deflate(parse_extensions(answer)->front(), ours);
    };
    EXPECT_TRUE(agreed("permessage-deflate", {}).has_value());
    const auto all = agreed("permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                            "server_max_window_bits=9; client_max_window_bits=15",
                            small);
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(all->server_no_context_takeover);
    EXPECT_TRUE(all->client_no_context_takeover);
    EXPECT_EQ(all->server_max_window_bits, 9);
    EXPECT_EQ(all->client_max_window_bits, 12);
    for (const char* answer :
         {"permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_no_context_takeover",
          "permessage-deflate; server_no_context_takeover; server_max_window_bits=11"}) {
        EXPECT_FALSE(agreed(answer, small).has_value()) << answer;
    }
    for (const char* answer : {"permessage-deflate; client_max_window_bits", "permessage-deflate; unknown",
                               "permessage-deflate; server_max_window_bits=16", "other"}) {
        EXPECT_FALSE(agreed(answer, {}).has_value()) << answer;
    }
}

TEST(WebSocketHandshake, BothSidesAgree) {
    for (int server = 8; server <= 15; ++server) {
        for (int client = 8; client <= 15; ++client) {
            for (int flags = 0; flags < 16; ++flags) {
                const WebSocketOptions c{.deflate = WebSocketDeflate{.server_no_context_takeover = (flags & 1) != 0,
                                                                     .client_no_context_takeover = (flags & 2) != 0,
                                                                     .server_max_window_bits = server,
                                                                     .client_max_window_bits = client}};
                const WebSocketOptions s{.deflate = WebSocketDeflate{.server_no_context_takeover = (flags & 4) != 0,
                                                                     .client_no_context_takeover = (flags & 8) != 0,
                                                                     .server_max_window_bits = 23 - server,
                                                                     .client_max_window_bits = 10}};
                const WebSocketRequest asked = make_websocket_request("host", c);
                const WebSocketAnswer answer = answer_websocket("GET", v11, asked.headers, s);
                ASSERT_EQ(answer.status, 101);
                const auto one = check_websocket_answer(answer.status, answer.headers, asked, c).deflate;
                const auto other = answer.agreement.deflate;
                ASSERT_TRUE(one.has_value() && other.has_value());
                EXPECT_EQ(one->server_max_window_bits, other->server_max_window_bits);
                EXPECT_LE(one->client_max_window_bits, other->client_max_window_bits);
                EXPECT_EQ(one->server_no_context_takeover, other->server_no_context_takeover);
                EXPECT_EQ(one->client_no_context_takeover, other->client_no_context_takeover);
            }
        }
    }
}

TEST(WebSocketHandshake, TheClientChecksTheAnswer) {
    const WebSocketOptions options{
        .deflate = WebSocketDeflate(), .subprotocols = {"chat"}, .headers = {{"Cookie", "a=b"}}};
    const WebSocketRequest asked = make_websocket_request("host:81", options);
    EXPECT_EQ(asked.headers.get("Host"), "host:81");
    EXPECT_EQ(asked.headers.get("Cookie"), "a=b");
    EXPECT_NE(asked.key, make_websocket_request("host:81", options).key);
    const Headers good = answer_websocket("GET", v11, asked.headers, options).headers;
    const auto accepts = [&](int status, const std::function<void(Headers&)>& change) {
        Headers answer = good;
        change(answer);
        const WebSocketAgreement agreement = check_websocket_answer(status, answer, asked, options);
        return agreement.subprotocol + (agreement.deflate.has_value() ? "+" : "-");
    };
    EXPECT_EQ(accepts(101, [](Headers&) {}), "chat+");
    EXPECT_EQ(accepts(101, [](Headers& h) { h.remove("Sec-WebSocket-Protocol"); }), "+");
    EXPECT_EQ(accepts(101, [](Headers& h) { h.remove("Sec-WebSocket-Extensions"); }), "chat-");
    EXPECT_THROW(accepts(404, [](Headers&) {}), WebSocketRefused);
    const std::function<void(Headers&)> bad[] = {
        [](Headers& h) { h.remove("Upgrade"); },
        [](Headers& h) { h.set("Connection", "close"); },
        [](Headers& h) { h.remove("Sec-WebSocket-Accept"); },
        [](Headers& h) { h.set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); },
        [](Headers& h) { h.add("Sec-WebSocket-Accept", h.get("Sec-WebSocket-Accept")); },
        [](Headers& h) { h.set("Sec-WebSocket-Protocol", "other"); },
        [](Headers& h) { h.add("Sec-WebSocket-Protocol", "chat"); },
        [](Headers& h) { h.set("Sec-WebSocket-Extensions", "other"); },
        [](Headers& h) { h.set("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=7"); },
        [](Headers& h) { h.add("Sec-WebSocket-Extensions", "permessage-deflate"); },
        [](Headers& h) { h.set("Sec-WebSocket-Extensions", "a b"); },
    };
    for (const auto& change : bad) {
        EXPECT_THROW(accepts(101, change), ProtocolError) << &change - bad;
    }
}

TEST(WebSocketHandshake, RefusesOptionsThatMakeNoSense) {
    EXPECT_THROW(make_websocket_request("h", {.subprotocols = {"a b"}}), std::invalid_argument);
    EXPECT_THROW(make_websocket_request("h", {.deflate = WebSocketDeflate{.server_max_window_bits = 7}}),
                 std::invalid_argument);
    EXPECT_THROW(status_of(request(), {.deflate = WebSocketDeflate{.level = 10}}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::http::detail
