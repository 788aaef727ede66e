// SPDX-License-Identifier: MIT

#include "http/field_parser.hpp"

#include <cstring>

#include <tendril/http/message.hpp>

#include "http/chars.hpp"
#include "http/headers_access.hpp"

namespace tendril::http::detail {

std::optional<std::string_view> HeadLines::next(std::string_view text) {
    const void* found = seen_ < text.size() ? std::memchr(text.data() + seen_, '\n', text.size() - seen_) : nullptr;
    if (found == nullptr) {
        seen_ = text.size();
        return std::nullopt;
    }
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    if (lf == begin_ || text[lf - 1] != '\r') {
        throw ProtocolError(Fault::malformed, 400, "a line that ends without a carriage return");
    }
    const std::string_view line = text.substr(begin_, lf - 1 - begin_);
    begin_ = seen_ = lf + 1;
    return line;
}

void parse_field(std::string_view line, std::size_t at, Headers& headers) {
    std::size_t colon = 0;
    while (colon < line.size() && is_token_char(line[colon])) {
        ++colon;
    }
    if (colon == 0 || colon == line.size() || line[colon] != ':') {
        throw ProtocolError(Fault::malformed, 400,
                            !line.empty() && is_blank(line[0]) ? "a header that goes on in another line"
                                                               : "a header line that is not a name and a colon");
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_field_text(value)) {
        throw ProtocolError(Fault::malformed, 400, "a control character in a header");
    }
    HeadersAccess::note(headers, at, colon, at + static_cast<std::size_t>(value.data() - line.data()), value.size());
}

}  // namespace tendril::http::detail
