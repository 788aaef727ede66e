// SPDX-License-Identifier: MIT
//
// How a message's body ends: RFC 9112, 6.3.

#pragma once

#include <cstdint>

#include <tendril/http/headers.hpp>

#include "http/message/field_parser.hpp"

namespace tendril::http::detail {

struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };
    Kind kind = Kind::none;
    std::uint64_t length = 0;  // of Kind::length
};

// What the fields say: chunked, a length, or none of both, which for a response means until_close (the caller's word).
// Lenient: a Transfer-Encoding goes before a Content-Length, and "identity" in it is passed over.
// Throws: ProtocolError: they contradict each other, or one of them is not what it should be (400); another transfer
// coding than chunked (501).
Framing framing_of(const Headers& headers, Manner manner = Manner::strict);

}  // namespace tendril::http::detail
