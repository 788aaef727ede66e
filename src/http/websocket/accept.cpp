// SPDX-License-Identifier: MIT

#include <utility>

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/websocket.hpp>

#include "http/websocket/handshake.hpp"

namespace tendril::http {

std::optional<WebSocket> websocket_accept(Request& request, Response& response, const WebSocketOptions& options) {
    detail::WebSocketAnswer answer =
        detail::answer_websocket(request.method(), request.version(), request.headers(), options);
    if (answer.status != 101) {
        for (const Headers::Field field : answer.headers) {
            response.set(field.name, field.value);
        }
        response.send(answer.status, answer.why, "text/plain");
        return std::nullopt;
    }
    answer.headers.remove("Upgrade");  // upgrade() sets it too
    answer.headers.remove("Connection");
    for (const Headers::Field field : answer.headers) {
        response.set(field.name, field.value);
    }
    return WebSocket(response.upgrade("websocket"), WebSocketRole::server, options, std::move(answer.agreement));
}

}  // namespace tendril::http
