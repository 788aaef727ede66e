// SPDX-License-Identifier: MIT
//
// MessageDecoder: what the peer of a WebSocket sends, byte by byte, becomes messages, pings, pongs and a Close. Pure:
// no hub, no I/O. All that RFC 6455 and RFC 7692 demand of a receiver is checked here, as early as it can be.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/bytes.hpp>

#include "http/message/deflate.hpp"
#include "http/message/utf8.hpp"
#include "http/websocket/frame.hpp"

namespace tendril::http::detail {

struct InflateOptions {
    int window_bits = 15;
    bool context_takeover = true;  // a message may refer to those before it
};

class MessageDecoder {
public:
    enum class Event : std::uint8_t { none, message, ping, pong, close };

    // masked: the peer is a client. max_message: bytes, inflated and of all fragments together.
    MessageDecoder(bool masked, std::size_t max_message, const std::optional<InflateOptions>& inflate);

    // Takes from the front of `in` until something has come; `none`: all was taken. A message is told again until it
    // is taken; nothing may follow a Close. No more memory is used than for what has really come, twice at most.
    // Throws: WebSocketError, whose code is what to tell the peer; it is of no use afterwards.
    Event feed(Bytes& in);

    std::string take_message();
    bool binary() const noexcept { return binary_; }

    // Of the ping, pong or Close that was told.
    std::string_view control() const noexcept { return {control_.data(), control_size_}; }

    // So many bytes, at least, are still to come before anything is told.
    std::uint64_t wanted() const noexcept { return in_payload_ ? left_ : 0; }

private:
    void begin_frame();
    bool take_control(Bytes& in);
    void take_data(Bytes& in);
    void inflate(Bytes piece);
    void check_text(std::size_t from);
    void end_message();

    FrameParser parser_;
    std::size_t max_message_;
    std::optional<Inflater> inflater_;
    bool context_takeover_ = true;

    FrameHeader frame_;
    std::uint64_t left_ = 0;   // of its payload
    bool in_payload_ = false;  // of frame_
    std::uint8_t control_size_ = 0;
    std::array<char, longest_control> control_{};

    std::string message_;
    Utf8Validator utf8_;
    bool binary_ = false;
    bool compressed_ = false;
    bool whole_ = false;
};

}  // namespace tendril::http::detail
