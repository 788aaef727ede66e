// SPDX-License-Identifier: MIT
//
// The lines of a message's head, and one field of it: RFC 9112, 2.2 and 5. Pure. Inline: every message pays for it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <tendril/http/headers.hpp>

#include "http/message/chars.hpp"
#include "http/message/headers_access.hpp"

namespace tendril::http::detail {

[[noreturn]] void refuse_line();  // throws ProtocolError
[[noreturn]] void refuse_field(std::string_view line);

// Whether to accept what should not have been sent. A server answers for others and must be strict, or two readers of
// one request may read it differently; a client, which reads only what it asked for, may be lenient.
enum class Manner : std::uint8_t { strict, lenient };

// Splits a head that comes in pieces into lines; looks at each byte once.
class HeadLines {
public:
    explicit HeadLines(Manner manner = Manner::strict) noexcept : manner_(manner) {}
    void reset() noexcept { *this = HeadLines(manner_); }

    // `text` is everything since the head began.
    // Returns: the next line, without its CRLF; nothing if it has not ended yet.
    // Throws: ProtocolError for a line that ends without CR, if strict.
    std::optional<std::string_view> next(std::string_view text) {
        const void* found = seen_ < text.size() ? std::memchr(text.data() + seen_, '\n', text.size() - seen_) : nullptr;
        if (found == nullptr) {
            seen_ = text.size();
            return std::nullopt;
        }
        const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        const bool cr = lf > begin_ && text[lf - 1] == '\r';
        if (!cr && manner_ == Manner::strict) [[unlikely]] {
            refuse_line();
        }
        const std::string_view line(text.data() + begin_, lf - (cr ? 1 : 0) - begin_);
        begin_ = seen_ = lf + 1;
        return line;
    }

    std::size_t begin() const noexcept { return begin_; }  // where the next line begins in the head

private:
    std::size_t begin_ = 0;
    std::size_t seen_ = 0;
    Manner manner_;
};

// Parses "Name: value", which begins at `at` in the text that the headers will refer to. Refuses a line that begins
// with a blank (obs-fold) and, if strict, blanks before the colon. Throws: ProtocolError.
inline void parse_field(std::string_view line, std::size_t at, Headers& headers, Manner manner = Manner::strict) {
    std::size_t end = 0;
    while (end < line.size() && is_token_char(line[end])) {
        ++end;
    }
    std::size_t colon = end;
    if (manner == Manner::lenient && end > 0) {
        while (colon < line.size() && is_blank(line[colon])) {
            ++colon;
        }
    }
    if (colon == 0 || colon == line.size() || line[colon] != ':') {
        refuse_field(line);
    }
    const std::string_view value = trimmed({line.data() + colon + 1, line.size() - colon - 1});
    if (!is_field_text(value)) {
        refuse_field(line);
    }
    HeadersAccess::note(headers, at, end, at + static_cast<std::size_t>(value.data() - line.data()), value.size());
}

}  // namespace tendril::http::detail
