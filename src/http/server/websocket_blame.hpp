// SPDX-License-Identifier: MIT
//
// WebSocketBlame: notes in a WebSocketError which connection's peer is at fault. A handler may hold other WebSockets
// than the one to its client: to another server, or to other clients.

#pragma once

#include <cstdint>

#include <tendril/http/websocket.hpp>

namespace tendril::http::detail {

struct WebSocketBlame {
    // role: our own side. connection: PeerWatch::connection().
    static void set(WebSocketError& error, WebSocketRole role, std::uint64_t connection) {
        if (role == WebSocketRole::client) {
            static_cast<ProtocolError&>(error) = error.with_status(502);
        }
        error.connection_ = connection;
    }

    static bool is_of(const WebSocketError& error, std::uint64_t connection) noexcept {
        return connection != 0 && error.connection_ == connection;
    }
};

}  // namespace tendril::http::detail
