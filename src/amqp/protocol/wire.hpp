// SPDX-License-Identifier: MIT
//
// Whole frames, appended to a buffer: a method, a method with its content, a heartbeat. What cannot be sent is refused
// before anything is appended, so the buffer always ends at the end of a frame. Nothing is allocated once the buffer
// has the capacity.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/amqp/message.hpp>

#include "amqp/protocol/encoder.hpp"
#include "amqp/protocol/frame.hpp"
#include "amqp/protocol/kept_content.hpp"
#include "amqp/protocol/method.hpp"
#include "amqp/protocol/properties.hpp"

namespace tendril::amqp::detail {

// Throws: std::invalid_argument for one over frame_max.
void check_frame(std::string_view what, std::size_t payload, std::uint32_t frame_max);

// Writes the head of a frame. Returns: where its payload begins.
inline char* write_head(char* at, FrameType type, std::uint16_t channel, std::size_t payload) noexcept {
    Encoder head(at);
    head.integer(static_cast<std::uint8_t>(type));
    head.integer(channel);
    head.integer(static_cast<std::uint32_t>(payload));
    return head.at();
}

// The frame of a method, its end included. Returns: what follows it. Requires: measure_method(m) was `payload`.
template <class M>
char* write_method(char* at, std::uint16_t channel, const M& m, std::size_t payload) noexcept {
    Encoder encoder(write_head(at, FrameType::method, channel, payload));
    encoder.integer(M::info.id.number());
    M::fields(m, encoder);
    encoder.integer(frame_end);
    return encoder.at();
}

// Room for n bytes more, without losing what the buffer has when it throws std::bad_alloc.
inline void make_room(std::string& out, std::size_t n) {
    if (out.capacity() - out.size() < n) {
        out.reserve(out.size() + n);  // grows at least by half, so appends stay linear
    }
}

template <class M>
std::size_t measure_method(const M& m) {
    Measure measure;
    M::fields(m, measure);
    return 4 + measure.size();
}

// Throws: std::invalid_argument for a text over 255 bytes, a table that cannot be encoded, a frame over frame_max; then
// `out` is as it was.
template <class M>
void append_method(std::string& out, std::uint16_t channel, const M& m, std::uint32_t frame_max = frame_min) {
    const std::size_t payload = measure_method(m);
    check_frame(M::info.name, payload, frame_max);
    make_room(out, frame_overhead + payload);
    const std::size_t at = out.size();
    out.resize(at + frame_overhead + payload);
    write_method(out.data() + at, channel, m, payload);
}

inline std::size_t first_of_body(std::size_t body, std::uint32_t frame_max) noexcept {
    return std::min<std::size_t>(body, frame_max - frame_overhead);
}
// The frames that content of this size takes: its header's and its body's.
std::size_t content_size(std::size_t header, std::size_t body, std::uint32_t frame_max) noexcept;
// Appends the body in its frames, for the first of which the head is there already. Requires: the capacity.
void append_body(std::string& out, std::uint16_t channel, std::string_view body, std::uint32_t frame_max) noexcept;

// A method that has content (method::BasicPublish), with it: the header, and the body in frames of frame_max, the last
// one shorter. kept: gets a copy of all its frames, unless it is null. Throws: as append_method(), also for properties
// over frame_max.
template <class M>
requires(M::info.content) void append_content(std::string& out, std::uint16_t channel, const M& m,
                                              const Properties& properties, std::string_view body,
                                              std::uint32_t frame_max, const HeaderDefaults& defaults = {},
                                              KeptContent* kept = nullptr) {
    const std::size_t payload = measure_method(m);
    check_frame(M::info.name, payload, frame_max);
    const std::size_t header = measure_header(properties, defaults);
    check_frame("the properties of a message", header, frame_max);
    const std::size_t whole = frame_overhead + payload + content_size(header, body.size(), frame_max);
    make_room(out, whole);
    if (kept != nullptr) {
        constexpr std::size_t unit = 64;  // so that it also fits the next one, whose id has a digit more
        kept->frames.clear();
        make_room(kept->frames, (whole + unit - 1) / unit * unit);
    }
    const std::size_t start = out.size();
    const std::size_t heads = frame_overhead + payload + frame_overhead + header + (body.empty() ? 0 : frame_head);
    out.resize(start + heads);
    char* const at =
        write_head(write_method(out.data() + start, channel, m, payload), FrameType::header, channel, header);
    write_header(at, properties, body.size(), defaults);
    at[header] = static_cast<char>(frame_end);
    if (!body.empty()) {
        write_head(at + header + 1, FrameType::body, channel, first_of_body(body.size(), frame_max));
        append_body(out, channel, body, frame_max);
    }
    if (kept != nullptr) {
        kept->frames.assign(out, start, whole);
    }
}

void append_heartbeat(std::string& out);

}  // namespace tendril::amqp::detail
