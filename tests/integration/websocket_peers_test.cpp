// SPDX-License-Identifier: MIT
//
// WebSockets with Python's websockets, both ways, also over TLS.

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include <tendril/http/client.hpp>
#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/server.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "peer.hpp"

namespace tendril {
namespace {

using namespace std::chrono_literals;
using http::WebSocket;
using http::WebSocketDeflate;
using testing::TemporaryFile;

constexpr char python[] = "/usr/bin/python3";
constexpr char their_package[] = "/usr/lib/python3/dist-packages/websockets";

// Echoes, and says "bye" before it closes when it is told "close". Arguments: a certificate and its key, or nothing.
constexpr char their_server[] = R"(
import asyncio, logging, ssl, sys, websockets

async def echo(socket, path):
    async for message in socket:
        if message == 'close':
            await socket.send('bye')
            return await socket.close(4002, 'as you say')
        elif message == 'ping':
            await (await socket.ping(b'are you there'))
            await socket.send('pong')
        else:
            await socket.send(message)

async def main():
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1], sys.argv[2])
    async with websockets.serve(echo, '127.0.0.1', 0, ssl=tls, subprotocols=['talk', 'chat']) as server:
        print('port', server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

logging.getLogger('websockets.server').setLevel(logging.CRITICAL)  # of a Close code other than 1000, too
asyncio.run(main())
)";

// Arguments: a URL, and the authority to trust. Prints "well" at the end, or what was wrong.
constexpr char their_client[] = R"(
import asyncio, ssl, sys, websockets

async def main():
    tls = ssl.create_default_context(cadata=open(sys.argv[2]).read()) if len(sys.argv) > 2 else None
    async with websockets.connect(sys.argv[1], ssl=tls, subprotocols=['none', 'chat'], max_size=None) as socket:
        assert socket.subprotocol == 'chat', socket.subprotocol
        assert [e.name for e in socket.extensions] == ['permessage-deflate'], socket.extensions
        for message in ['', 'Grüße', bytes(range(256)) * 100, 'long ' * 150_000, b'x' * 1_000_000]:
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send(part for part in ['in ', 'some ', 'fragments'])
        assert await socket.recv() == 'in some fragments'
        await asyncio.wait_for(await socket.ping(b'hello'), 20)
        await socket.close(4000, 'enough')
        assert (socket.close_code, socket.close_reason) == (4000, ''), (socket.close_code, socket.close_reason)
    async with websockets.connect(sys.argv[1], ssl=tls, compression=None, max_size=None) as socket:
        assert socket.extensions == [] and socket.subprotocol is None
        await socket.send(b'y' * 1_048_577)
        try:
            await socket.recv()
            print('it was not refused')
        except websockets.ConnectionClosed:
            assert socket.close_code == 1009, socket.close_code
    print('well')

asyncio.run(main())
)";

// In Debian it comes for Debian's own Python only.
#define TENDRIL_NEEDS_WEBSOCKETS                                    \
    if (!std::filesystem::exists(their_package)) {                  \
        GTEST_SKIP() << their_package << " is not on this machine"; \
    }

void echo(http::Request& request, http::Response& response) {
    const http::WebSocketOptions options{.deflate = WebSocketDeflate{}, .subprotocols = {"chat"}};
    if (std::optional<WebSocket> socket = http::websocket_accept(request, response, options)) {
        try {
            while (const auto message = socket->recv()) {
                message->binary ? socket->send_binary(message->data) : socket->send(message->data);
            }
            EXPECT_EQ(socket->close_code(), 4000);
            EXPECT_EQ(socket->close_reason(), "enough");
        } catch (const http::WebSocketError& error) {
            EXPECT_EQ(error.close_code(), http::close_code::too_big);
        }
    }
}

TENDRIL_TEST(WebSocketPeers, PythonsClient) {
    TENDRIL_NEEDS_WEBSOCKETS
    http::Server server("127.0.0.1:0", echo);
    server.start();
    EXPECT_EQ(output_of({python, "-c", their_client, "ws://" + server.address().to_string() + "/chat"}), "well\n");
}

TENDRIL_TEST(WebSocketPeers, PythonsClientOverTls) {
    TENDRIL_NEEDS_WEBSOCKETS
    TlsOptions tls;
    tls.server_side = true;
    tls.certificate = testing::server_identity().certificate;
    tls.key = testing::server_identity().key;
    http::Server server(wrap_ssl(listen("127.0.0.1:0"), tls), echo);
    server.start();
    const TemporaryFile authority(testing::authority().certificate());
    EXPECT_EQ(output_of({python, "-c", their_client, "wss://localhost:" + std::to_string(server.address().port()) + "/",
                         authority.path()}),
              "well\n");
}

void talk_with_their_server(http::Client& client, const std::string& url) {
    for (const bool deflate : {false, true}) {
        http::WebSocketOptions options{.subprotocols = {"none", "chat"}};
        if (deflate) {
            options.deflate.emplace();
        }
        WebSocket socket = http::websocket_connect(client, url, options, 20s);
        EXPECT_EQ(socket.subprotocol(), "chat");
        EXPECT_EQ(socket.compressed(), deflate);
        for (const std::string& text : {std::string(), std::string("Gr\xc3\xbc\xc3\x9f"), std::string(700'000, 'l')}) {
            socket.send(text);
            EXPECT_EQ(socket.recv(20s)->data, text);
            socket.send_binary(text);
            const std::optional<WebSocket::Message> back = socket.recv(20s);
            EXPECT_TRUE(back->binary);
            EXPECT_EQ(back->data, text);
        }
        socket.send("ping");
        EXPECT_EQ(socket.recv(20s)->data, "pong");
        if (deflate) {
            EXPECT_TRUE(socket.close(4003, "enough"));
        } else {
            socket.send("close");
            EXPECT_EQ(socket.recv(20s)->data, "bye");
            EXPECT_FALSE(socket.recv(20s).has_value());
            EXPECT_EQ(socket.close_code(), 4002);
            EXPECT_EQ(socket.close_reason(), "as you say");
        }
    }
}

TENDRIL_TEST(WebSocketPeers, PythonsServer) {
    TENDRIL_NEEDS_WEBSOCKETS
    Peer server({python, "-c", their_server}, {.out = PIPE});
    http::Client client;
    talk_with_their_server(client, "ws://127.0.0.1:" + Peer::after(server->stdout_(), "port ") + "/");
}

TENDRIL_TEST(WebSocketPeers, PythonsServerOverTls) {
    TENDRIL_NEEDS_WEBSOCKETS
    const TemporaryFile certificate(testing::server_identity().certificate);
    const TemporaryFile key(testing::server_identity().key);
    Peer server({python, "-c", their_server, certificate.path(), key.path()}, {.out = PIPE});
    http::Client client({.tls = TlsOptions{.ca_file = testing::authority().certificate()}});
    talk_with_their_server(client, "wss://localhost:" + Peer::after(server->stdout_(), "port ") + "/");
}

}  // namespace
}  // namespace tendril
