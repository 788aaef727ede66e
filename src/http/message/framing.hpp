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

// Reads the framing from the fields: chunked, a length, or neither, which for a response means until_close (the caller
// decides). Lenient: a Transfer-Encoding overrides a Content-Length, and "identity" in it is skipped.
// Throws: ProtocolError: 400 if the fields contradict each other or one is malformed; 501 for a transfer coding other
// than chunked.
Framing framing_of(const Headers& headers, Manner manner = Manner::strict);

}  // namespace tendril::http::detail
