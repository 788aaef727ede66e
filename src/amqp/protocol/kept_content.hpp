// SPDX-License-Identifier: MIT
//
// KeptContent: a message as its frames have it, kept to be sent again: one copy of bytes, where a Message would be one
// of each text. Empty, it keeps its memory for the next one.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "amqp/protocol/properties.hpp"

namespace tendril::amqp::detail {

struct KeptContent {
    std::string bytes;       // the payload of its header frame, then its body
    std::size_t header = 0;  // bytes of the first

    std::string_view body() const noexcept { return std::string_view(bytes).substr(header); }
    Properties properties() const { return decode_header(std::string_view(bytes).substr(0, header)).properties; }
};

}  // namespace tendril::amqp::detail
