// SPDX-License-Identifier: MIT
// Floor: http
//
// How a WebSocket ends: the codes of its Close frames (RFC 6455, 7.4), and the errors of its handshake and its frames.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <tendril/http/message.hpp>

namespace tendril::http {

// Any other from 3000 on is an application's own.
namespace close_code {
inline constexpr int normal = 1000;
inline constexpr int going_away = 1001;
inline constexpr int protocol_error = 1002;
inline constexpr int unacceptable = 1003;  // data of a kind that is not for this endpoint
inline constexpr int none = 1005;          // never sent: the peer's Close frame had no code
inline constexpr int abnormal = 1006;      // never sent: the connection ended without a Close frame
inline constexpr int invalid_data = 1007;  // text that is not UTF-8, or what cannot be inflated
inline constexpr int policy = 1008;
inline constexpr int too_big = 1009;
inline constexpr int internal_error = 1011;
}  // namespace close_code

namespace detail {
struct WebSocketBlame;
}

// The peer broke the protocol of WebSockets, or ended the connection without a Close frame (code abnormal). status() is
// 400 where the peer is a client, and 502 where it is a server.
class WebSocketError : public ProtocolError {
public:
    WebSocketError(int close_code, const std::string& how)
        : ProtocolError(fault_of(close_code), 400, how), close_code_(close_code) {}

    int close_code() const noexcept { return close_code_; }  // what the peer was told

private:
    friend struct detail::WebSocketBlame;

    static Fault fault_of(int close_code) noexcept {
        switch (close_code) {
        case close_code::too_big:
            return Fault::too_large;
        case close_code::abnormal:
            return Fault::incomplete;
        default:
            return Fault::malformed;
        }
    }
    int close_code_;
    std::uint64_t connection_ = 0;  // the one whose peer it was; 0: unknown
};

// A server did not answer 101 to a WebSocket's request.
class WebSocketRefused : public std::runtime_error {
public:
    explicit WebSocketRefused(int status)
        : std::runtime_error("the server refused a WebSocket with status " + std::to_string(status)), status_(status) {}
    int status() const noexcept { return status_; }

private:
    int status_;
};

}  // namespace tendril::http
