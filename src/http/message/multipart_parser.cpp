// SPDX-License-Identifier: MIT

#include "http/message/multipart_parser.hpp"

#include <algorithm>
#include <cstring>

#include <tendril/http/media_type.hpp>
#include <tendril/http/message.hpp>

#include "http/message/chars.hpp"
#include "http/message/headers_access.hpp"

namespace tendril::http::detail {

namespace {

[[noreturn]] void malformed(const char* how) {
    throw ProtocolError(Fault::malformed, 400, how);
}

[[noreturn]] void too_large(const char* how) {
    throw ProtocolError(Fault::too_large, 413, how);
}

bool is_boundary(std::string_view text) noexcept {
    constexpr std::string_view others = "'()+_,-./:=? ";
    return !text.empty() && text.size() <= 70 && text.back() != ' ' &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_alpha(c) || is_digit(c) || others.find(c) != std::string_view::npos; });
}

std::size_t common_prefix(std::string_view a, std::string_view b) noexcept {
    const std::size_t n = std::min(a.size(), b.size());
    return static_cast<std::size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin()).first - a.begin());
}

}  // namespace

std::string multipart_boundary(std::string_view content_type) {
    const auto type = MediaType::parse(content_type);
    if (!type.has_value() || type->type != "multipart") {
        throw ProtocolError(Fault::unsupported, 415, "the Content-Type is not multipart");
    }
    const auto named = [](const MediaType::Parameter& each) { return each.name == "boundary"; };
    if (std::count_if(type->parameters.begin(), type->parameters.end(), named) != 1 ||
        !is_boundary(type->parameter("boundary"))) {
        malformed("a multipart Content-Type without exactly one valid boundary");
    }
    return std::string(type->parameter("boundary"));
}

MultipartParser::MultipartParser(std::string_view boundary, const MultipartLimits& limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits) {}

MultipartParser::Step MultipartParser::next(std::string_view input) {
    switch (state_) {
    case State::preamble:
    case State::body:
        return search(input);
    case State::delimiter:
    case State::dash:
    case State::padding:
        return behind_delimiter(input);
    case State::headers:
        return read_headers(input);
    case State::end:
        return {Event::end, 0, {}};
    }
    return {};
}

// A carriage return occurs only at the delimiter's beginning. So the bytes matched before a mismatch cannot hold the
// beginning of another delimiter, and no byte is looked at again.
MultipartParser::Step MultipartParser::search(std::string_view input) {
    return matched_ > 0 ? go_on_matching(input) : find(input);
}

MultipartParser::Step MultipartParser::go_on_matching(std::string_view input) {
    const std::size_t n = common_prefix(input, std::string_view(delimiter_).substr(matched_));
    matched_ += n;
    if (matched_ == delimiter_.size()) {
        return delimiter_found(n);
    }
    if (n == input.size()) {
        return {Event::more, n, {}};
    }
    const std::string_view held = std::string_view(delimiter_).substr(held_from_, matched_ - held_from_);
    matched_ = held_from_ = 0;
    return text(held, n);
}

MultipartParser::Step MultipartParser::find(std::string_view input) {
    std::size_t from = 0;
    while (from < input.size()) {
        const void* found = std::memchr(input.data() + from, '\r', input.size() - from);
        if (found == nullptr) {
            break;
        }
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
        const std::size_t n = common_prefix(input.substr(at), delimiter_);
        if (n == delimiter_.size() || at + n == input.size()) {
            matched_ = n;
            // Returns the text before it first; the next call continues after the matched bytes.
            if (at > 0) {
                return text(input.substr(0, at), at + n);
            }
            return n == delimiter_.size() ? delimiter_found(n) : Step{Event::more, n, {}};
        }
        from = at + n;
    }
    return text(input, input.size());
}

MultipartParser::Step MultipartParser::text(std::string_view data, std::size_t consumed) {
    if (state_ == State::body) {
        return {data.empty() ? Event::more : Event::data, consumed, data};
    }
    preamble_ += data.size();
    if (preamble_ > limits_.max_preamble) {
        too_large("a multipart body with too much before its first part");
    }
    return {Event::more, consumed, {}};
}

MultipartParser::Step MultipartParser::delimiter_found(std::size_t consumed) {
    const bool ends_part = state_ == State::body;
    state_ = State::delimiter;
    matched_ = 0;
    return {ends_part ? Event::part_end : Event::more, consumed, {}};
}

// After a delimiter, "--" ends the body; else blanks and a line end follow.
MultipartParser::Step MultipartParser::behind_delimiter(std::string_view input) {
    if (input.empty()) {
        return {Event::more, 0, {}};
    }
    const char c = input.front();
    if (state_ == State::dash) {
        if (c != '-') {
            malformed("a multipart delimiter with something after it");
        }
        state_ = State::end;
        return {Event::end, 1, {}};
    }
    if (state_ == State::delimiter && c == '-') {
        state_ = State::dash;
    } else if (is_blank(c)) {
        state_ = State::padding;
    } else if (c == '\r') {
        begin_headers();
    } else {
        malformed("a multipart delimiter with something after it");
    }
    return {Event::more, 1, {}};
}

// A part's head begins with the end of the delimiter's line, as an empty first line.
void MultipartParser::begin_headers() {
    if (parts_ == limits_.max_parts) {
        too_large("a multipart body has too many parts");
    }
    ++parts_;
    state_ = State::headers;
    head_.assign("\r");
    lines_.reset();
    HeadersAccess::begin(headers_);
}

MultipartParser::Step MultipartParser::read_headers(std::string_view input) {
    const void* found = input.empty() ? nullptr : std::memchr(input.data(), '\n', input.size());
    const std::size_t n =
        found == nullptr ? input.size() : static_cast<std::size_t>(static_cast<const char*>(found) - input.data()) + 1;
    if (n > limits_.max_header_bytes || head_.size() > limits_.max_header_bytes - n) {
        too_large("a part of a multipart body has headers that are too large");
    }
    head_.append(input.substr(0, n));
    const std::size_t at = lines_.begin();
    const auto line = lines_.next(head_);
    if (!line.has_value()) {
        return {Event::more, n, {}};
    }
    if (at == 0) {  // the rest of the delimiter's line
        if (!line->empty()) {
            malformed("a multipart delimiter with something after it");
        }
        return {Event::more, n, {}};
    }
    if (!line->empty()) {
        parse_field(*line, at, headers_);
        return {Event::more, n, {}};
    }
    HeadersAccess::rebase(headers_, head_.data());
    state_ = State::body;
    matched_ = held_from_ = 2;  // an empty part may end right here
    return {Event::part, n, {}};
}

}  // namespace tendril::http::detail
