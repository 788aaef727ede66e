// SPDX-License-Identifier: MIT
// Floor: http
//
// How a WebSocket ends: the codes of Close frames (RFC 6455, 7.4), and the errors of the handshake and of frames.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <tendril/http/message.hpp>

namespace tendril::http {

// Codes from 3000 to 4999 are free for applications.
namespace close_code {
inline constexpr int normal = 1000;          // the purpose of the connection is fulfilled
inline constexpr int going_away = 1001;      // the server stops, or the page is left
inline constexpr int protocol_error = 1002;  // a malformed frame, or one at the wrong place
inline constexpr int unacceptable = 1003;    // data of a kind that this side does not take
inline constexpr int none = 1005;            // never sent: the peer's Close frame had no code
inline constexpr int abnormal = 1006;        // never sent: the connection ended without a Close frame
inline constexpr int invalid_data = 1007;    // text that is not UTF-8, or data that cannot be inflated
inline constexpr int policy = 1008;          // a message against the rules of this side
inline constexpr int too_big = 1009;         // beyond WebSocketOptions::max_message
inline constexpr int internal_error = 1011;  // of the server: it cannot do what was asked
}  // namespace close_code

namespace detail {
struct WebSocketBlame;
}

// The peer broke the WebSocket protocol, or ended the connection without a Close frame (code abnormal). status() is 400
// if the peer is a client, 502 if it is a server. If it leaves a server's handler, and is about the WebSocket to that
// handler's client, it is the client's fault and not reported as the handler's error.
class WebSocketError : public ProtocolError {
public:
    // For the library: the code, and how it came.
    WebSocketError(int close_code, const std::string& how)
        : ProtocolError(fault_of(close_code), 400, how), close_code_(close_code) {}

    int close_code() const noexcept { return close_code_; }  // the code sent to the peer, or `abnormal`

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
    std::uint64_t connection_ = 0;  // the connection of the peer at fault; 0: unknown
};

// Thrown by websocket_connect(): the server answered with a status other than 101. The connection is closed.
class WebSocketRefused : public std::runtime_error {
public:
    // For the library: the status of the answer.
    explicit WebSocketRefused(int status)
        : std::runtime_error("the server refused a WebSocket with status " + std::to_string(status)), status_(status) {}
    int status() const noexcept { return status_; }  // what the server answered

private:
    int status_;
};

}  // namespace tendril::http
