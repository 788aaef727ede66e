// SPDX-License-Identifier: MIT
//
// MessageDecoder: turns the bytes that the peer of a WebSocket sends into messages, pings, pongs and a Close. Pure: no
// hub, no I/O. Checks everything that RFC 6455 and RFC 7692 demand of a receiver, as early as possible.

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
    bool context_takeover = true;  // a message may refer to earlier ones
};

class MessageDecoder {
public:
    enum class Event : std::uint8_t { none, message, ping, pong, close };

    // `masked`: the peer is a client. `max_message`: the limit in bytes, inflated and for all fragments together.
    MessageDecoder(bool masked, std::size_t max_message, const std::optional<InflateOptions>& inflate);

    // Takes bytes from the front of `in` until an event has come.
    // Returns: the event; `none` when `in` is used up. Returns `message` again until take_message(). Nothing may follow
    // a Close. Uses at most twice the memory of what has really arrived.
    // Throws: WebSocketError, whose code is the one to send to the peer; the decoder cannot be used afterwards.
    Event feed(Bytes& in);

    std::string take_message();
    bool binary() const noexcept { return binary_; }

    // The payload of the ping, pong or Close that feed() returned last.
    std::string_view control() const noexcept { return {control_.data(), control_size_}; }

    // How many bytes, at least, must still come before the next event.
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
    std::uint64_t left_ = 0;   // how much of frame_'s payload is still to come
    bool in_payload_ = false;  // the header of frame_ is complete
    std::uint8_t control_size_ = 0;
    std::array<char, longest_control> control_{};

    std::string message_;
    Utf8Validator utf8_;
    bool binary_ = false;
    bool compressed_ = false;
    bool whole_ = false;
};

}  // namespace tendril::http::detail
