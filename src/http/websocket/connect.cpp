// SPDX-License-Identifier: MIT

#include <memory>
#include <utility>

#include <tendril/http/client.hpp>
#include <tendril/http/websocket.hpp>

#include "http/websocket/handshake.hpp"

namespace tendril::http {

WebSocket websocket_connect(Client& client, const Url& url, const WebSocketOptions& options, Deadline deadline) {
    const detail::WebSocketRequest asked = detail::make_websocket_request(url.host_header(), options);
    // Follows no redirects: the server must be the one that the caller named, as in browsers.
    ClientResponse response = client.request(
        {.url = url.without_fragment(), .headers = asked.headers, .redirects = 0, .decompress = false}, deadline);
    WebSocketAgreement agreement =
        detail::check_websocket_answer(response.status(), response.headers(), asked, options);
    return WebSocket(response.upgrade(), WebSocketRole::client, options, std::move(agreement));
}

WebSocket websocket_connect(const Url& url, const WebSocketOptions& options, Deadline deadline) {
    Client client;
    return websocket_connect(client, url, options, deadline);
}

}  // namespace tendril::http
