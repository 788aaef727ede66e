// SPDX-License-Identifier: MIT

#include "http/websocket/frame.hpp"

#include <cstring>

#include "http/message/utf8.hpp"

namespace tendril::http::detail {

namespace {

[[noreturn]] void refuse(const char* how) {
    throw WebSocketError(close_code::protocol_error, how);
}

constexpr unsigned fin_bit = 0x80;
constexpr unsigned compressed_bit = 0x40;
constexpr unsigned reserved_bits = 0x30;
constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned size_bits = 0x7f;
constexpr unsigned two_bytes = 126;
constexpr unsigned eight_bytes = 127;

constexpr bool is_known(unsigned opcode) noexcept {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

}  // namespace

void FrameParser::check_first(unsigned byte) const {
    const unsigned opcode = byte & opcode_bits;
    if ((byte & reserved_bits) != 0) {
        refuse("a WebSocket frame has a reserved bit set");
    }
    if (!is_known(opcode)) {
        refuse("a WebSocket frame has an unknown opcode");
    }
    const bool control = is_control(static_cast<Opcode>(opcode));
    if ((byte & compressed_bit) != 0 && (!compresses_ || control || opcode == 0)) {
        refuse("a WebSocket frame has the compression bit set where it is not allowed");
    }
    if (control && (byte & fin_bit) == 0) {
        refuse("a control frame of a WebSocket is fragmented");
    }
    if (!control && (opcode == 0) != in_message_) {
        refuse(in_message_ ? "a message of a WebSocket begins inside another"
                           : "a continuation frame of a WebSocket continues nothing");
    }
}

void FrameParser::check_second(unsigned byte) {
    if (((byte & mask_bit) != 0) != masked_) {
        refuse(masked_ ? "a WebSocket client sent a frame without a mask" : "a WebSocket server sent a masked frame");
    }
    const unsigned size = byte & size_bits;
    if (size > longest_control && is_control(static_cast<Opcode>(std::to_integer<unsigned>(bytes_[0]) & opcode_bits))) {
        refuse("a control frame of a WebSocket is longer than 125 bytes");
    }
    wanted_ = static_cast<std::uint8_t>(2 + (size == two_bytes ? 2 : size == eight_bytes ? 8 : 0) + (masked_ ? 4 : 0));
}

std::uint64_t FrameParser::size() const {
    const unsigned short_size = std::to_integer<unsigned>(bytes_[1]) & size_bits;
    if (short_size < two_bytes) {
        return short_size;
    }
    const std::size_t digits = short_size == two_bytes ? 2 : 8;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        size = size << 8 | std::to_integer<std::uint64_t>(bytes_[2 + i]);
    }
    if (size < (digits == 2 ? two_bytes : std::uint64_t{1} << 16)) {
        refuse("a WebSocket frame states its length in more bytes than necessary");
    }
    if (size >> 63 != 0) {
        refuse("a WebSocket frame has a length of more than 63 bits");
    }
    return size;
}

bool FrameParser::parse(Bytes& in, FrameHeader& header) {
    while (come_ < wanted_) {
        if (in.empty()) {
            return false;
        }
        const std::byte next = *in.data();
        in = in.after(1);
        bytes_[come_++] = next;
        if (come_ == 1) {
            check_first(std::to_integer<unsigned>(next));
        } else if (come_ == 2) {
            check_second(std::to_integer<unsigned>(next));
        }
    }
    const unsigned first = std::to_integer<unsigned>(bytes_[0]);
    header.opcode = static_cast<Opcode>(first & opcode_bits);
    header.fin = (first & fin_bit) != 0;
    header.compressed = (first & compressed_bit) != 0;
    header.masked = masked_;
    header.size = size();
    if (masked_) {
        std::memcpy(header.key.data(), bytes_.data() + wanted_ - 4, 4);
    }
    if (!is_control(header.opcode)) {
        in_message_ = !header.fin;
    }
    come_ = 0;
    wanted_ = 2;
    return true;
}

std::size_t write_frame_header(const FrameHeader& header, std::array<std::byte, longest_header>& out) noexcept {
    out[0] = static_cast<std::byte>((header.fin ? fin_bit : 0) | (header.compressed ? compressed_bit : 0) |
                                    static_cast<unsigned>(header.opcode));
    const std::size_t digits = header.size < two_bytes ? 0 : header.size >> 16 == 0 ? 2 : 8;
    const std::uint64_t told = digits == 0 ? header.size : digits == 2 ? two_bytes : eight_bytes;
    out[1] = static_cast<std::byte>((header.masked ? mask_bit : 0) | told);
    for (std::size_t i = 0; i < digits; ++i) {
        out[2 + i] = static_cast<std::byte>(header.size >> (8 * (digits - 1 - i)));
    }
    if (!header.masked) {
        return 2 + digits;
    }
    std::memcpy(out.data() + 2 + digits, header.key.data(), 4);
    return 2 + digits + 4;
}

std::string make_frame(const FrameHeader& header, Bytes payload) {
    FrameHeader whole = header;
    whole.size = payload.size();
    std::array<std::byte, longest_header> head;
    const std::size_t size = write_frame_header(whole, head);
    std::string frame(reinterpret_cast<const char*>(head.data()), size);
    frame.append(reinterpret_cast<const char*>(payload.data()), payload.size());
    if (whole.masked) {
        mask({frame.data() + size, payload.size()}, whole.key);
    }
    return frame;
}

void mask(Buffer bytes, const MaskKey& key, std::uint64_t offset) noexcept {
    std::array<std::byte, 8> twice;
    for (std::size_t i = 0; i < twice.size(); ++i) {
        twice[i] = key[(offset + i) % key.size()];
    }
    std::uint64_t pattern = 0;
    std::memcpy(&pattern, twice.data(), sizeof pattern);
    std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= sizeof pattern; at += sizeof pattern, left -= sizeof pattern) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, at, sizeof eight);
        eight ^= pattern;
        std::memcpy(at, &eight, sizeof eight);
    }
    for (std::size_t i = 0; i < left; ++i) {
        at[i] ^= twice[i];
    }
}

CloseReason parse_close(std::string_view payload) {
    if (payload.empty()) {
        return {};
    }
    if (payload.size() == 1) {
        refuse("a Close frame of a WebSocket has half a code");
    }
    const int code = static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    if (!may_be_sent(code)) {
        refuse("a Close frame of a WebSocket has a code that must not be sent");
    }
    if (!is_utf8(payload.substr(2))) {
        throw WebSocketError(close_code::invalid_data, "a Close frame of a WebSocket has a reason that is not UTF-8");
    }
    return {code, payload.substr(2)};
}

std::string make_close(int code, std::string_view text) {
    std::string payload;
    if (code != close_code::none) {
        payload += static_cast<char>(code >> 8);
        payload += static_cast<char>(code & 0xff);
        payload += text;
    }
    return payload;
}

}  // namespace tendril::http::detail
