// SPDX-License-Identifier: MIT
//
// What the server reports to its ErrorLog about connections, and what HTTP over TLS offers by ALPN.

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/hub.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http/websocket/handshake.hpp"
#include "http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::RawHttp;
using testing::Served;

using Lines = std::vector<std::string>;

template <class Done>
void until(Done done) {
    while (!done()) {
        sleep(1ms);
    }
}

TENDRIL_TEST(ServerErrors, AHandlersErrorNamesTheRequestAndTheClient) {
    Lines names;
    Hub::current().set_error_handler(
        [&](const ErrorContext& context, const std::exception_ptr&) { names.emplace_back(context.name); });
    std::string request;
    Served served([](Request&, Response&) { throw std::runtime_error("boom"); },
                  {.errors = {.on_event = [&](const ErrorEvent& event) { request = event.request; }}});
    RawHttp client = served.client();
    const std::string me = client.socket.local_address().to_string();
    EXPECT_EQ(client.ask(get("/a?b=1")).status, 500);
    EXPECT_EQ(request, "GET /a?b=1");
    EXPECT_EQ(names, Lines{"\"GET /a?b=1\" of " + me});
    ASSERT_EQ(served.bad_input.size(), 1u);
    EXPECT_TRUE(served.bad_input[0].starts_with("http: error in a handler, \"GET /a?b=1\" of " + me))
        << served.bad_input[0];
    EXPECT_NE(served.bad_input[0].find("http_server.hpp"), std::string::npos) << "the place of the call";
    EXPECT_TRUE(served.bad_input[0].ends_with(": std::runtime_error: boom")) << served.bad_input[0];
}

std::string websocket_request() {
    const detail::WebSocketRequest asked = detail::make_websocket_request("localhost", {});
    std::string text = "GET /chat HTTP/1.1\r\n";
    for (const Headers::Field field : asked.headers) {
        text.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    return text + "\r\n";
}

// The handler has a WebSocket to its client, and ends by an error of recv(): on this one, or on another whose peer
// sends nonsense. Returns: what was reported.
std::vector<ErrorKind> kinds_of_breach(std::optional<WebSocketRole> other) {
    std::vector<ErrorKind> kinds;
    Served served(
        [&](Request& request, Response& response) {
            std::optional<WebSocket> socket = websocket_accept(request, response);
            if (!other.has_value()) {
                socket->recv();
            } else {
                auto [ours, theirs] = TcpSocket::pair();
                WebSocket elsewhere(std::make_unique<TcpSocket>(std::move(ours)), *other);
                theirs.send_all("\xff\xff");
                theirs.shutdown(Shutdown::write);
                elsewhere.recv();
            }
        },
        {.errors = {.on_event = [&](const ErrorEvent& event) { kinds.push_back(event.kind); }}});
    RawHttp raw = served.client();
    EXPECT_EQ(raw.ask(websocket_request()).status, 101);
    if (!other.has_value()) {
        raw.send("\xff\xff");
        raw.socket.shutdown(Shutdown::write);
    }
    until([&] { return !kinds.empty(); });
    return kinds;
}

TENDRIL_TEST(ServerErrors, TheBreachOfAnotherWebSocketIsNotTheClients) {
    EXPECT_EQ(kinds_of_breach(std::nullopt), std::vector{ErrorKind::bad_request});
    EXPECT_EQ(testing::take_unhandled().size(), 0U);
    EXPECT_EQ(kinds_of_breach(WebSocketRole::client), std::vector{ErrorKind::handler}) << "an upstream's";
    EXPECT_EQ(kinds_of_breach(WebSocketRole::server), std::vector{ErrorKind::handler}) << "another client's";
    EXPECT_EQ(testing::take_unhandled().size(), 2U);
}

TENDRIL_TEST(ServerErrors, AWebSocketWhoseTabWasClosedIsNoBadRequest) {
    for (const bool reset : {false, true}) {
        Served served([](Request& request, Response& response) {
            if (std::optional<WebSocket> socket = websocket_accept(request, response)) {
                while (const auto message = socket->recv()) {
                    socket->send(message->data);
                }
            }
        });
        RawHttp raw = served.client();
        ASSERT_EQ(raw.ask(websocket_request()).status, 101);
        if (reset) {
            raw.socket.set(option::linger, 0s);
        }
        raw.socket.close();
        until([&] { return served.server.stats().gone == 1; });
        EXPECT_EQ(served.server.stats().bad_requests, 0u);
        EXPECT_EQ(served.server.stats().errors, 0u);
        EXPECT_EQ(served.bad_input, Lines{});
    }
}

TENDRIL_TEST(ServerErrors, AFailedHandshakeIsALineAndCounted) {
    Lines lines;
    const TlsContext context({.server_side = true,
                              .certificate = testing::server_identity().certificate,
                              .key = testing::server_identity().key});
    Server server(wrap_ssl(listen("127.0.0.1:0"), context), [](Request&, Response&) {},
                  {.errors = {.write = [&](std::string_view line) { lines.emplace_back(line); }}});
    server.start();
    TcpSocket scan = connect(server.address());
    const std::string me = scan.local_address().to_string();
    scan.send_all("GET / HTTP/1.1\r\n\r\n");
    until([&] { return server.stats().failed_handshakes == 1; });
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_NE(lines[0].find("failed TLS handshake from " + me), std::string::npos) << lines[0];
}

TENDRIL_TEST(ServerErrors, TheAccessLogPassesNothingThatATerminalObeys) {
    Lines lines;
    ServerOptions options;
    options.access_log = AccessLog([&](std::string_view line) { lines.emplace_back(line); }, "{user_agent}");
    Served served([](Request&, Response&) {}, options);
    served.ask(get("/", "User-Agent: a\xc2\x9b"
                        "b\xe2\x80\xa8"
                        "c\xe2\x80\xae\xff\xc3\xa4\r\n"));
    EXPECT_EQ(lines, Lines{"a\\xc2\\x9bb\\xe2\\x80\\xa8c\\xe2\\x80\\xae\\xff\xc3\xa4"});
}

TENDRIL_TEST(ServerErrors, HttpIsOfferedByAlpn) {
    const TlsContext context({.server_side = true,
                              .certificate = testing::server_identity().certificate,
                              .key = testing::server_identity().key});
    Server server(wrap_ssl(listen("127.0.0.1:0"), context), [](Request&, Response& response) { response.send("x"); });
    server.start();
    TlsOptions trusting{.ca_file = testing::authority().certificate()};
    trusting.alpn = {"h2", "http/1.1"};
    TlsSocket both = wrap_ssl(connect(server.address()), trusting, {.server_name = "localhost"}, 20s);
    EXPECT_EQ(both.alpn(), "http/1.1");
    both.close();
    trusting.alpn = {};
    TlsSocket none = wrap_ssl(connect(server.address()), trusting, {.server_name = "localhost"}, 20s);
    EXPECT_EQ(none.alpn(), "");
    none.close();
    std::string asked;
    TlsOptions choosing{.server_side = true,
                        .certificate = testing::server_identity().certificate,
                        .key = testing::server_identity().key,
                        .alpn = {"h2", "http/1.1"}};
    TlsListener listener = wrap_ssl(listen("127.0.0.1:0"), choosing);
    auto peer = spawn([&] {
        TlsSocket client = listener.accept();
        client.handshake(20s);
        asked = client.alpn();
        client.send_all("HTTP/1.1 204 No Content\r\n\r\n");
    });
    Client client({.tls = trusting});
    EXPECT_EQ(client.get("https://localhost:" + std::to_string(listener.address().port()) + "/").status(), 204);
    peer.get();
    EXPECT_EQ(asked, "http/1.1");
}

}  // namespace
}  // namespace tendril::http
