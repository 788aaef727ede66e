// SPDX-License-Identifier: MIT

#include "amqp/protocol/wire.hpp"

#include <stdexcept>

#include "amqp/protocol/decoder.hpp"
#include "amqp/protocol/methods_basic.hpp"

namespace tendril::amqp::detail {

void check_frame(std::string_view what, std::size_t payload, std::uint32_t frame_max) {
    if (payload + frame_overhead > frame_max) {
        throw std::invalid_argument(std::string(what) + ": " + std::to_string(payload + frame_overhead) +
                                    " bytes; a frame of this connection may have " + std::to_string(frame_max));
    }
}

std::size_t content_size(std::size_t header, std::size_t body, std::uint32_t frame_max) noexcept {
    const std::size_t most = frame_max - frame_overhead;
    const std::size_t frames = (body + most - 1) / most;
    return frame_overhead + header + frames * frame_overhead + body;
}

void append_body(std::string& out, std::uint16_t channel, std::string_view body, std::uint32_t frame_max) noexcept {
    for (;;) {
        const std::size_t n = first_of_body(body.size(), frame_max);
        out.append(body, 0, n).push_back(static_cast<char>(frame_end));
        body.remove_prefix(n);
        if (body.empty()) {
            return;
        }
        char head[frame_head];
        write_head(head, FrameType::body, channel, first_of_body(body.size(), frame_max));
        out.append(head, frame_head);
    }
}

void append_heartbeat(std::string& out) {
    make_room(out, frame_overhead);
    char frame[frame_overhead];
    *write_head(frame, FrameType::heartbeat, 0, 0) = static_cast<char>(frame_end);
    out.append(frame, frame_overhead);
}

KeptContent::Message KeptContent::read() const {
    Message all;
    for (std::string_view rest = frames; !rest.empty();) {
        Decoder head(rest, "a kept frame");
        const auto type = static_cast<FrameType>(head.integer<std::uint8_t>("type"));
        head.integer<std::uint16_t>("channel");
        const std::string_view payload = rest.substr(frame_head, head.integer<std::uint32_t>("size"));
        if (type == FrameType::method) {
            all.routing_key = Decoder::method<method::BasicPublish>(payload).routing_key;
        } else if (type == FrameType::header) {
            all.message.body.reserve(decode_header(payload, all.message.properties));
        } else {
            all.message.body.append(payload);
        }
        rest.remove_prefix(frame_overhead + payload.size());
    }
    return all;
}

}  // namespace tendril::amqp::detail
