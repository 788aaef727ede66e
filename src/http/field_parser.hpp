// SPDX-License-Identifier: MIT
//
// The lines of a message's head, and one field of it: RFC 9112, 2.2 and 5. Pure.

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <tendril/http/headers.hpp>

namespace tendril::http::detail {

// The lines of a head that comes in pieces; each byte is looked at once.
class HeadLines {
public:
    void reset() noexcept { *this = HeadLines(); }

    // text: all that came since the head began. Returns: the next line, without its CRLF; nothing when it has not ended
    // yet. Throws: ProtocolError for a line that ends without CR.
    std::optional<std::string_view> next(std::string_view text);

    std::size_t begin() const noexcept { return begin_; }  // of the next line, from the head's beginning

private:
    std::size_t begin_ = 0;
    std::size_t seen_ = 0;
};

// "Name: value", which begins `at` from the beginning of the text that the headers will refer to. A line that begins
// with a blank (obs-fold) is refused, and a blank before the colon. Throws: ProtocolError.
void parse_field(std::string_view line, std::size_t at, Headers& headers);

}  // namespace tendril::http::detail
