// SPDX-License-Identifier: MIT
//
// A frame of AMQP 0-9-1: octet type, short channel, long size, payload, octet 206.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tendril::amqp::detail {

enum class FrameType : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

inline constexpr std::size_t frame_head = 7;
inline constexpr std::size_t frame_overhead = 8;  // with the end
inline constexpr unsigned char frame_end = 206;

// Frames (with their overhead) that every peer takes, whatever was agreed on.
inline constexpr std::uint32_t frame_min = 4096;

// What we take before the tune, and the least that we offer: RabbitMQ 4.1 refuses less.
inline constexpr std::uint32_t frame_before_tune = 8192;

// What a client sends first.
inline constexpr std::string_view protocol_header{"AMQP\0\0\x09\x01", 8};

struct Frame {
    FrameType type;
    std::uint16_t channel;
    std::string_view payload;
};

}  // namespace tendril::amqp::detail
