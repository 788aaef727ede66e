// SPDX-License-Identifier: MIT
//
// The content header: what a header frame holds. Its flags say which properties follow.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <tendril/amqp/message.hpp>

namespace tendril::amqp::detail {

struct ContentHeader {
    std::uint64_t body_size = 0;
    Properties properties;
};

// What a header says where the Properties say nothing.
struct HeaderDefaults {
    std::optional<bool> persistent = {};
    std::string_view message_id = {};
};

// The bytes of a header frame's payload. Throws: std::invalid_argument for a text over 255 bytes, or a table that
// cannot be encoded.
std::size_t measure_header(const Properties& properties, const HeaderDefaults& defaults = {});

// Requires: measure_header() has taken them, and there is that much room.
void write_header(char* out, const Properties& properties, std::uint64_t body_size,
                  const HeaderDefaults& defaults = {}) noexcept;

// Throws: ProtocolError. An expiration that is not a number, and a delivery mode other than 1 and 2, are taken as
// absent, since a broker hands over what others sent.
ContentHeader decode_header(std::string_view payload);
// The same into Properties that are empty. Returns: the body's size.
std::uint64_t decode_header(std::string_view payload, Properties& into);

// Makes them empty; the texts keep their memory, which text_capacity() adds up.
void clear(Properties& properties) noexcept;
std::size_t text_capacity(const Properties& properties) noexcept;

}  // namespace tendril::amqp::detail
