// SPDX-License-Identifier: MIT
//
// ContentReader: puts together what follows a method that has content: a header, and bodies until its size is reached.
// One for each channel; the Message is its user's. A body over the limit is skipped: no memory is taken for it. Others
// take memory as they come, whatever their header says.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tendril/amqp/message.hpp>

#include "amqp/protocol/frame.hpp"

namespace tendril::amqp::detail {

class ContentReader {
public:
    explicit ContentReader(std::size_t max_message) noexcept : max_message_(max_message) {}

    // A method that has content has come, for which this Message is, empty, until feed() says that it is complete.
    // Throws: ProtocolError while other content is under way.
    void begin(Message& into);
    // Any other method has come. Throws: the same.
    void check_idle(std::string_view method) const;

    // Takes a header or body frame. Returns: whether the content is complete.
    // Throws: ProtocolError for one that was not expected, or is longer than the header said.
    bool feed(const Frame& frame);

    bool under_way() const noexcept { return state_ != State::idle; }
    std::uint64_t size() const noexcept { return size_; }             // of the body, as its header said
    bool too_large() const noexcept { return size_ > max_message_; }  // skipped: the message has no body

private:
    enum class State : std::uint8_t { idle, header, body };

    void take_body(std::string_view piece);

    const std::size_t max_message_;
    State state_ = State::idle;
    std::uint64_t size_ = 0;
    std::uint64_t left_ = 0;
    Message* message_ = nullptr;  // of what is under way
};

}  // namespace tendril::amqp::detail
