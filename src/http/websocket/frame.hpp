// SPDX-License-Identifier: MIT
//
// The frames of RFC 6455, 5.2 to 5.5: reads and writes their headers, masks their payload. Pure: no hub, no I/O.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/bytes.hpp>
#include <tendril/http/websocket_error.hpp>

namespace tendril::http::detail {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr bool is_control(Opcode opcode) noexcept {
    return static_cast<std::uint8_t>(opcode) >= 8;
}

using MaskKey = std::array<std::byte, 4>;

struct FrameHeader {
    Opcode opcode = Opcode::binary;
    bool fin = true;          // the last frame of its message
    bool compressed = false;  // RSV1, in the first frame of a message: RFC 7692
    bool masked = false;
    MaskKey key{};
    std::uint64_t size = 0;  // of the payload
};

constexpr std::size_t longest_header = 14;
constexpr std::size_t longest_control = 125;  // payload

// Reads the headers of one direction, one after another.
class FrameParser {
public:
    // `masked`: the peer is a client, which must mask; a server must not. `compresses`: the two sides agreed on RSV1.
    FrameParser(bool masked, bool compresses) noexcept : masked_(masked), compresses_(compresses) {}

    // Takes bytes of a header from the front of `in`.
    // Returns: whether the header is complete; `in` then begins with its payload.
    // Throws: WebSocketError at the first invalid byte.
    bool parse(Bytes& in, FrameHeader& header);

private:
    void check_first(unsigned byte) const;
    void check_second(unsigned byte);
    std::uint64_t size() const;

    bool masked_;
    bool compresses_;
    bool in_message_ = false;  // the next data frame continues a message
    std::uint8_t come_ = 0;
    std::uint8_t wanted_ = 2;
    std::array<std::byte, longest_header> bytes_{};
};

// Returns: its size.
std::size_t write_frame_header(const FrameHeader& header, std::array<std::byte, longest_header>& out) noexcept;

// Returns: a whole frame, for control frames and for tests.
std::string make_frame(const FrameHeader& header, Bytes payload);

// Masks or unmasks bytes that begin `offset` bytes into the payload.
void mask(Buffer bytes, const MaskKey& key, std::uint64_t offset = 0) noexcept;

// Whether a Close frame may have this code: RFC 6455, 7.4, and the codes that IANA added.
constexpr bool may_be_sent(int close_code) noexcept {
    return (close_code >= 1000 && close_code <= 1003) || (close_code >= 1007 && close_code <= 1014) ||
           (close_code >= 3000 && close_code <= 4999);
}

struct CloseReason {
    int code = close_code::none;
    std::string_view text;  // points into the payload
};

// Throws: WebSocketError.
CloseReason parse_close(std::string_view payload);
std::string make_close(int code, std::string_view text);  // returns the payload; empty for close_code::none

}  // namespace tendril::http::detail
