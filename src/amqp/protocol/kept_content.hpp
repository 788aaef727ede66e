// SPDX-License-Identifier: MIT
//
// KeptContent: a message's frames as they were sent, kept to be sent again: one copy of bytes, where a Message would be
// one of each text. Empty, it keeps its memory for the next one.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tendril/amqp/message.hpp>

namespace tendril::amqp::detail {

struct KeptContent {
    struct Message {
        std::string_view routing_key;  // in `frames`
        amqp::Message message;
    };

    std::string frames;  // of basic.publish, of the header, of the body

    Message read() const;  // Requires: frames of one message. Throws: std::bad_alloc
};

}  // namespace tendril::amqp::detail
