// SPDX-License-Identifier: MIT

#include "amqp/protocol/wire.hpp"

#include <algorithm>
#include <stdexcept>

namespace tendril::amqp::detail {

void check_frame(std::string_view what, std::size_t payload, std::uint32_t frame_max) {
    if (payload + frame_overhead > frame_max) {
        throw std::invalid_argument(std::string(what) + ": " + std::to_string(payload + frame_overhead) +
                                    " bytes; a frame of this connection may have " + std::to_string(frame_max));
    }
}

char* append_frame(std::string& out, FrameType type, std::uint16_t channel, std::size_t payload) noexcept {
    const std::size_t at = out.size();
    out.resize(at + frame_overhead + payload);
    Encoder head(out.data() + at);
    head.integer(static_cast<std::uint8_t>(type));
    head.integer(channel);
    head.integer(static_cast<std::uint32_t>(payload));
    out.back() = static_cast<char>(frame_end);
    return head.at();
}

std::size_t content_size(std::size_t header, std::size_t body, std::uint32_t frame_max) noexcept {
    const std::size_t most = frame_max - frame_overhead;
    const std::size_t frames = (body + most - 1) / most;
    return frame_overhead + header + frames * frame_overhead + body;
}

void write_content(std::string& out, std::uint16_t channel, const Properties& properties, std::size_t header,
                   std::string_view body, std::uint32_t frame_max, const HeaderDefaults& defaults) noexcept {
    write_header(append_frame(out, FrameType::header, channel, header), properties, body.size(), defaults);
    while (!body.empty()) {
        const std::size_t n = std::min<std::size_t>(body.size(), frame_max - frame_overhead);
        // As append_frame() does, without a pass of zeros over the body.
        char head[frame_head];
        Encoder encoder(head);
        encoder.integer(static_cast<std::uint8_t>(FrameType::body));
        encoder.integer(channel);
        encoder.integer(static_cast<std::uint32_t>(n));
        out.append(head, frame_head).append(body, 0, n).push_back(static_cast<char>(frame_end));
        body.remove_prefix(n);
    }
}

void append_heartbeat(std::string& out) {
    make_room(out, frame_overhead);
    append_frame(out, FrameType::heartbeat, 0, 0);
}

}  // namespace tendril::amqp::detail
