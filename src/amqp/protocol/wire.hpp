// SPDX-License-Identifier: MIT
//
// Whole frames, appended to a buffer: a method, a method with its content, a heartbeat. What cannot be sent is refused
// before anything is appended, so the buffer always ends at the end of a frame. Nothing is allocated once the buffer
// has the capacity.

#pragma once

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

// Appends a frame's head, and its payload and end as bytes to be written. Returns: where the payload begins.
// Requires: the capacity, so that what was begun can be finished.
char* append_frame(std::string& out, FrameType type, std::uint16_t channel, std::size_t payload) noexcept;

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
template <class M>
void write_method(std::string& out, std::uint16_t channel, const M& m, std::size_t payload) noexcept {
    Encoder encoder(append_frame(out, FrameType::method, channel, payload));
    encoder.integer(M::info.id.number());
    M::fields(m, encoder);
}

// Throws: std::invalid_argument for a text over 255 bytes, a table that cannot be encoded, a frame over frame_max; then
// `out` is as it was.
template <class M>
void append_method(std::string& out, std::uint16_t channel, const M& m, std::uint32_t frame_max = frame_min) {
    const std::size_t payload = measure_method(m);
    check_frame(M::info.name, payload, frame_max);
    make_room(out, frame_overhead + payload);
    write_method(out, channel, m, payload);
}

// The frames that content of this size takes: its header's and its body's.
std::size_t content_size(std::size_t header, std::size_t body, std::uint32_t frame_max) noexcept;
void write_content(std::string& out, std::uint16_t channel, const Properties& properties, std::size_t header,
                   std::string_view body, std::uint32_t frame_max, const HeaderDefaults& defaults) noexcept;

// A method that has content (method::BasicPublish), with it: the header, and the body in frames of frame_max, the last
// one shorter. kept: gets a copy of the content, unless it is null. Throws: as append_method(), also for properties
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
    make_room(out, frame_overhead + payload + content_size(header, body.size(), frame_max));
    if (kept != nullptr) {
        constexpr std::size_t unit = 64;  // so that it also fits the next one, whose id has a digit more
        kept->bytes.clear();
        make_room(kept->bytes, (header + body.size() + unit - 1) / unit * unit);
    }
    const std::size_t at = out.size() + frame_overhead + payload + frame_head;
    write_method(out, channel, m, payload);
    write_content(out, channel, properties, header, body, frame_max, defaults);
    if (kept != nullptr) {
        kept->bytes.append(out, at, header).append(body);
        kept->header = header;
    }
}

void append_heartbeat(std::string& out);

}  // namespace tendril::amqp::detail
