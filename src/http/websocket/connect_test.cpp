// SPDX-License-Identifier: MIT

#include <memory>
#include <optional>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http_server.hpp"
#include "until.hpp"

namespace tendril::http {
namespace {

using testing::Served;

void echo(Request& request, Response& response) {
    if (request.path() == "/none") {
        response.send(404, "no");
    } else if (std::optional<WebSocket> socket =
                   websocket_accept(request, response, {.deflate = WebSocketDeflate{}, .subprotocols = {"chat"}})) {
        socket->send("welcome to " + std::string(request.target()));
        while (const auto message = socket->recv()) {
            socket->send(message->data);
        }
    }
}

TENDRIL_TEST(WebSocketConnect, TalksWithAServer) {
    Served served(echo);
    const std::string base = "ws://" + served.server.address().to_string();
    WebSocket socket = websocket_connect(base + "/a?b#c", {.deflate = WebSocketDeflate{}, .subprotocols = {"chat"}});
    EXPECT_EQ(socket.subprotocol(), "chat");
    EXPECT_TRUE(socket.compressed());
    EXPECT_EQ(socket.recv()->data, "welcome to /a?b");
    const std::string text(300'000, 't');
    socket.send(text);
    EXPECT_EQ(socket.recv()->data, text);
    EXPECT_TRUE(socket.close(4001, "enough"));
    EXPECT_EQ(socket.close_code(), 4001);
}

TENDRIL_TEST(WebSocketConnect, OverTlsByAClientsOptions) {
    TlsOptions ours;
    ours.server_side = true;
    ours.certificate = testing::server_identity().certificate;
    ours.key = testing::server_identity().key;
    Server server(wrap_ssl(listen("127.0.0.1:0"), ours), echo);
    server.start();
    const std::string url = "wss://" + server.address().to_string() + "/";
    EXPECT_THROW(websocket_connect(url), TlsError) << "it trusts nobody";

    TlsOptions theirs;
    theirs.ca_file = testing::authority().certificate();
    Client client({.per_origin = 1, .tls = TlsContext(theirs)});
    WebSocket one = websocket_connect(client, url);
    WebSocket two = websocket_connect(client, url);  // the first no longer counts as the client's
    EXPECT_EQ(one.recv()->data, "welcome to /");
    EXPECT_EQ(two.recv()->data, "welcome to /");
    two.send("x");
    EXPECT_EQ(two.recv()->data, "x");
    EXPECT_TRUE(one.close());
    EXPECT_TRUE(two.close());
    EXPECT_EQ(testing::take_unhandled().size(), 1U) << "the server says that it was not trusted";
}

TENDRIL_TEST(WebSocketConnect, SaysThatItIsRefused) {
    Served served(echo);
    const std::string url = "ws://" + served.server.address().to_string() + "/none";
    try {
        websocket_connect(url);
        ADD_FAILURE() << "it is none";
    } catch (const WebSocketRefused& refused) {
        EXPECT_EQ(refused.status(), 404);
    }
    EXPECT_THROW(websocket_connect(url, {.subprotocols = {"a b"}}), std::invalid_argument);
}

TENDRIL_TEST(WebSocketConnect, ComesToAnEndWithItsDeadlineOrAKill) {
    Listener silent = listen("127.0.0.1:0");
    const std::string url = "ws://" + silent.address().to_string() + "/";
    EXPECT_THROW(websocket_connect(url, {}, std::chrono::milliseconds(2)), TimeoutError);
    auto killed = spawn([&] { websocket_connect(url); });
    testing::until_waiting_for_io(1);
    killed.kill();
    EXPECT_TRUE(killed.killed());
}

}  // namespace
}  // namespace tendril::http
