// SPDX-License-Identifier: MIT
//
// The opening handshake of a WebSocket: RFC 6455, 4; RFC 7692, 5 and 7.1. Pure: both sides' fields are made and
// checked, nothing is sent.

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

std::string websocket_accept(std::string_view key);  // what a server answers to Sec-WebSocket-Key

// A server's answer.
struct WebSocketAnswer {
    int status = 101;      // else the request is refused: 400, 403 (its origin), 405, 426
    std::string_view why;  // it is, for the log
    Headers headers;       // of the response
    WebSocketAgreement agreement;
};

// Throws: std::invalid_argument for options that nobody can agree on.
WebSocketAnswer answer_websocket(std::string_view method, Version version, const Headers& request,
                                 const WebSocketOptions& options);

// A client's request: GET. `host` as in the field Host. Throws: as above.
struct WebSocketRequest {
    std::string key;
    Headers headers;
};
WebSocketRequest make_websocket_request(std::string_view host, const WebSocketOptions& options);

// Throws: WebSocketRefused, any other status than 101; ProtocolError, it is none to this request.
WebSocketAgreement check_websocket_answer(int status, const Headers& response, const WebSocketRequest& request,
                                          const WebSocketOptions& options);

// Sec-WebSocket-Extensions: RFC 6455, 9.1. Views of the list.
struct Extension {
    struct Parameter {
        std::string_view name;
        std::optional<std::string_view> value;
    };
    std::string_view name;
    std::vector<Parameter> parameters;
};
std::optional<std::vector<Extension>> parse_extensions(std::string_view list);  // nothing: malformed

// The first offer that can be accepted, and the parameters of the answer to it.
struct AcceptedDeflate {
    WebSocketDeflate agreed;
    std::string answer;
};
std::optional<AcceptedDeflate> accept_deflate(const std::vector<Extension>& offers, const WebSocketDeflate& ours);

// A client's offer, and what comes of the answer to it; nothing: the answer must not be so.
std::string offer_deflate(const WebSocketDeflate& ours);
std::optional<WebSocketDeflate> agree_on_deflate(const Extension& answer, const WebSocketDeflate& ours);

}  // namespace tendril::http::detail
