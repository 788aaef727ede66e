// SPDX-License-Identifier: MIT

#include "amqp/protocol/content_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/properties.hpp"

namespace tendril::amqp::detail {

void ContentReader::begin(Message& into) {
    check_idle("another method with content");
    message_ = &into;
    size_ = left_ = 0;
    state_ = State::header;
}

void ContentReader::check_idle(std::string_view method) const {
    if (under_way()) {
        throw ProtocolError("the broker sent " + std::string(method) + " before the content of a message was complete");
    }
}

bool ContentReader::feed(const Frame& frame) {
    if (frame.type == FrameType::header && state_ == State::header) {
        size_ = left_ = decode_header(frame.payload, message_->properties);
        state_ = State::body;
    } else if (frame.type == FrameType::body && state_ == State::body) {
        take_body(frame.payload);
    } else {
        throw ProtocolError(frame.type == FrameType::header
                                ? "the broker sent a content header that no method announced"
                                : "the broker sent a body frame without a content header before it");
    }
    if (left_ > 0) {
        return false;
    }
    state_ = State::idle;
    return true;
}

void ContentReader::take_body(std::string_view piece) {
    if (piece.size() > left_) {
        throw ProtocolError("the broker sent a body longer than the " + std::to_string(size_) +
                            " bytes that its content header said");
    }
    if (!too_large()) {
        std::string& body = message_->body;
        if (body.capacity() - body.size() < piece.size()) {
            // Doubles as it grows, but not over what the header said.
            const std::uint64_t doubled = std::max<std::uint64_t>(2 * body.size(), body.size() + piece.size());
            body.reserve(static_cast<std::size_t>(std::min(size_, doubled)));
        }
        body.append(piece);
    }
    left_ -= piece.size();
}

}  // namespace tendril::amqp::detail
