// SPDX-License-Identifier: MIT

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/websocket.hpp>

#include "green_test.hpp"
#include "http/websocket/frame.hpp"
#include "http/websocket/handshake.hpp"
#include "http_server.hpp"

namespace tendril::http {
namespace {

using testing::RawAnswer;
using testing::RawHttp;
using testing::Served;

Handler echo(const WebSocketOptions& options) {
    return [options](Request& request, Response& response) {
        if (std::optional<WebSocket> socket = websocket_accept(request, response, options)) {
            while (const auto message = socket->recv()) {
                socket->send(socket->subprotocol().empty() ? message->data : message->data + " by chat");
            }
        }
    };
}

std::string text_of(const Headers& headers) {
    std::string text = "GET /chat HTTP/1.1\r\n";
    for (const Headers::Field field : headers) {
        text.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    return text + "\r\n";
}

// TL01, TK02: the first frame comes together with the handshake.
TENDRIL_TEST(WebSocketAccept, MakesAWebSocketOfARequest) {
    const WebSocketOptions options{.deflate = WebSocketDeflate{}, .subprotocols = {"chat"}};
    Served served(echo(options));
    RawHttp raw = served.client();
    const detail::WebSocketRequest asked = detail::make_websocket_request("localhost", options);
    const std::string early = detail::make_frame({.opcode = detail::Opcode::text, .masked = true}, "early");
    raw.send(text_of(asked.headers) + early);
    const RawAnswer answer = raw.read();
    ASSERT_EQ(answer.status, 101);
    Headers fields;
    for (const char* name :
         {"Upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"}) {
        ASSERT_TRUE(answer.header(name).has_value()) << name;
        fields.add(name, *answer.header(name));
    }
    EXPECT_EQ(answer.head.find("Upgrade: "), answer.head.rfind("Upgrade: ")) << "said once";
    WebSocketAgreement agreement = detail::check_websocket_answer(answer.status, fields, asked, options);
    EXPECT_TRUE(agreement.deflate.has_value());
    WebSocket socket(std::make_unique<TcpSocket>(std::move(raw.socket)), WebSocketRole::client, options,
                     std::move(agreement), std::string(raw.in.buffered()));
    EXPECT_EQ(socket.recv()->data, "early by chat");
    const std::string long_one(100'000, 'l');
    socket.send(long_one);
    EXPECT_EQ(socket.recv()->data, long_one + " by chat");
    EXPECT_TRUE(socket.close());
}

TENDRIL_TEST(WebSocketAccept, AnswersWhatIsNone) {
    Served served(echo({}));
    const RawAnswer plain = served.ask(testing::get("/"));
    EXPECT_EQ(plain.status, 426);
    EXPECT_EQ(plain.header("Sec-WebSocket-Version"), "13");
    EXPECT_EQ(plain.header("Upgrade"), "websocket");
    EXPECT_EQ(served.ask(testing::post("/", "x")).status, 405);
    EXPECT_EQ(
        served.ask(testing::get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"))
            .status,
        400);
}

}  // namespace
}  // namespace tendril::http
