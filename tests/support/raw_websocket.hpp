// SPDX-License-Identifier: MIT
//
// The other side of a WebSocket, frame by frame: it sends any frames, and reads what really came.

#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/socket.hpp>

#include "http/websocket/frame.hpp"

namespace tendril::testing {

constexpr http::WebSocketRole both_roles[] = {http::WebSocketRole::server, http::WebSocketRole::client};

// More than the buffers of a socket hold.
inline const std::string& endless() {
    static const std::string text(20'000'000, 'x');
    return text;
}

class RawWebSocket {
public:
    // Connects to a new WebSocket of this role.
    explicit RawWebSocket(http::WebSocketRole role, const http::WebSocketOptions& options = {},
                          const http::WebSocketAgreement& agreement = {}, std::string leftover = {})
        : masks_(role == http::WebSocketRole::server), parser_(!masks_, agreement.deflate.has_value()) {
        auto [one, other] = TcpSocket::pair();
        socket = std::move(other);
        web =
            http::WebSocket(std::make_unique<TcpSocket>(std::move(one)), role, options, agreement, std::move(leftover));
    }

    // Returns a frame with this first byte: FIN, RSV1 to 3, opcode.
    std::string frame(unsigned first, std::string_view payload) const {
        using std::byte;
        std::string text =
            http::detail::make_frame({.masked = masks_, .key = {byte{1}, byte{2}, byte{0xf3}, byte{4}}}, payload);
        text[0] = static_cast<char>(first);
        return text;
    }

    std::string close_frame(int code) const { return frame(0x88, http::detail::make_close(code, {})); }

    // Sends in pieces of this many bytes; 0: as one. Stops when the WebSocket accepts no more.
    void send(const std::string& bytes, std::size_t piece = 0) {
        try {
            for (std::size_t at = 0; at < bytes.size();) {
                const std::size_t n = std::min(piece > 0 ? piece : bytes.size(), bytes.size() - at);
                socket.send_all({bytes.data() + at, n});
                at += n;
                if (piece > 0) {
                    yield();
                }
            }
        } catch (const std::system_error&) {
        }
    }

    // Returns the next frame: "text:...", "binary", "more" (a continuation), "ping", "pong", "close:1000 reason"; with
    // "+" before a frame that is not the last of its message, "z" before a compressed one; "end" at the end.
    std::string next() {
        while (!parser_.parse(rest_, header)) {
            if (!fill()) {
                return "end";
            }
        }
        std::string payload;
        while (payload.size() < header.size) {
            if (rest_.empty() && !fill()) {
                return "cut";
            }
            const std::size_t n = std::min<std::size_t>(rest_.size(), header.size - payload.size());
            payload.append(reinterpret_cast<const char*>(rest_.data()), n);
            rest_ = rest_.after(n);
        }
        if (header.masked) {
            http::detail::mask(payload, header.key);
        }
        return describe(payload);
    }

    // Returns all frames to the end; then closes this side too.
    std::vector<std::string> all() {
        std::vector<std::string> frames;
        do {
            frames.push_back(next());
        } while (frames.back() != "end" && frames.back() != "cut");
        socket.close();
        return frames;
    }

    http::WebSocket web;
    TcpSocket socket;
    http::detail::FrameHeader header;  // of the last frame

private:
    bool fill() {
        std::size_t n = 0;
        try {
            n = socket.recv(buffer_);
        } catch (const std::system_error&) {  // ECONNRESET
        }
        rest_ = {buffer_.data(), n};
        return n > 0;
    }

    std::string describe(const std::string& payload) const {
        const std::string marks = std::string(header.fin ? "" : "+") + (header.compressed ? "z" : "");
        switch (header.opcode) {
        case http::detail::Opcode::continuation:
            return marks + "more:" + payload;
        case http::detail::Opcode::text:
            return marks + "text:" + payload;
        case http::detail::Opcode::binary:
            return marks + "binary:" + payload;
        case http::detail::Opcode::ping:
            return marks + "ping:" + payload;
        case http::detail::Opcode::pong:
            return marks + "pong:" + payload;
        case http::detail::Opcode::close:
            break;
        }
        const auto said = http::detail::parse_close(payload);
        return "close:" + (payload.empty() ? "" : std::to_string(said.code)) +
               (said.text.empty() ? "" : " " + std::string(said.text));
    }

    bool masks_;
    http::detail::FrameParser parser_;
    std::string buffer_ = std::string(16384, '\0');
    Bytes rest_;
};

}  // namespace tendril::testing
