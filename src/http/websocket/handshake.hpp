// SPDX-License-Identifier: MIT
//
// The opening handshake of a WebSocket: RFC 6455, 4; RFC 7692, 5 and 7.1. Pure: makes and checks the fields of both
// sides, sends nothing.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/http/headers.hpp>
#include <tendril/http/message.hpp>
#include <tendril/http/websocket.hpp>

namespace tendril::http::detail {

std::string websocket_accept(std::string_view key);  // the server's answer to Sec-WebSocket-Key

// A server's answer.
struct WebSocketAnswer {
    int status = 101;      // any other status refuses the request: 400, 403 (its origin), 405, 426
    std::string_view why;  // why it was refused, for the log
    Headers headers;       // of the response
    WebSocketAgreement agreement;
};

// Throws: std::invalid_argument for options that no peer can agree to.
WebSocketAnswer answer_websocket(std::string_view method, Version version, const Headers& request,
                                 const WebSocketOptions& options);

// A client's request, a GET. `host` is as in the field Host. Throws: as answer_websocket().
struct WebSocketRequest {
    std::string key;
    Headers headers;
};
WebSocketRequest make_websocket_request(std::string_view host, const WebSocketOptions& options);

// Throws: WebSocketRefused for any status except 101; ProtocolError if the response does not answer this request.
WebSocketAgreement check_websocket_answer(int status, const Headers& response, const WebSocketRequest& request,
                                          const WebSocketOptions& options);

// One element of Sec-WebSocket-Extensions: RFC 6455, 9.1. Its views point into the list.
struct Extension {
    struct Parameter {
        std::string_view name;
        std::optional<std::string_view> value;
    };
    std::string_view name;
    std::vector<Parameter> parameters;
};
std::optional<std::vector<Extension>> parse_extensions(std::string_view list);  // nothing if malformed

// The first acceptable offer, and the parameters of the answer to it.
struct AcceptedDeflate {
    WebSocketDeflate agreed;
    std::string answer;
};
std::optional<AcceptedDeflate> accept_deflate(const std::vector<Extension>& offers, const WebSocketDeflate& ours);

// A client's offer, and what the server's answer agrees to; nothing if the answer is not allowed.
std::string offer_deflate(const WebSocketDeflate& ours);
std::optional<WebSocketDeflate> agree_on_deflate(const Extension& answer, const WebSocketDeflate& ours);

}  // namespace tendril::http::detail
