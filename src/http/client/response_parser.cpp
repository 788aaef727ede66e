// SPDX-License-Identifier: MIT

#include "http/client/response_parser.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "http/message/chars.hpp"
#include "http/message/headers_access.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t usual_count = 16;  // fields in a head

[[noreturn]] void refuse(Fault fault, const char* how) {
    throw ProtocolError(fault, 502, how);
}

Version parse_version(std::string_view text) {
    if (!text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7])) {
        refuse(Fault::malformed, "a status line that does not begin with a version");
    }
    if (text[5] != '1') {
        refuse(Fault::unsupported, "a response of a version that is not HTTP/1");
    }
    return text[7] == '0' ? Version::http_1_0 : Version::http_1_1;
}

}  // namespace

std::size_t ResponseParser::parse(std::string_view text, ResponseHead& head) {
    refuse_other_protocols(text);
    for (;;) {
        const std::size_t at = lines_.begin();
        const std::optional<std::string_view> line = lines_.next(text);
        if (!line.has_value()) {
            check_limits(text.size());
            return 0;
        }
        check_limits(lines_.begin());
        if (has_status_line_ && line->empty()) {
            const std::size_t size = lines_.begin();
            end_head(text, head);
            return size;
        }
        take_line(*line, at, head);
    }
}

void ResponseParser::take_line(std::string_view line, std::size_t at, ResponseHead& head) {
    if (!has_status_line_) {
        parse_status_line(line, head);
    } else if (is_blank(line[0]) && !head.headers.empty()) {
        folded_ = true;  // end_head() unfolds it
    } else {
        if (head.headers.size() == limits_.header_count) {
            refuse(Fault::too_large, "a response with too many headers");
        }
        parse_field(line, at, head.headers, Manner::lenient);
    }
}

namespace {

// Turns each obs-fold into one blank: RFC 9112, 5.2. `head` ends with its empty line, which is kept.
std::string unfolded(std::string_view head) {
    std::string text;
    text.reserve(head.size());
    HeadLines lines(Manner::lenient);
    while (const std::optional<std::string_view> line = lines.next(head)) {
        if (!line->empty() && is_blank(line->front())) {
            text.resize(trimmed(std::string_view(text).substr(0, text.size() - 2)).size());
            text.append(" ").append(trimmed(*line));
        } else {
            text.append(*line);
        }
        text.append("\r\n");
    }
    return text;
}

}  // namespace

void ResponseParser::parse_folded(std::string_view text, ResponseHead& head) {
    const std::string plain = unfolded(text);
    HeadLines lines;
    lines.next(plain);  // the status line
    HeadersAccess::begin(head.headers);
    for (;;) {
        const std::size_t at = lines.begin();
        const std::optional<std::string_view> line = lines.next(plain);
        if (!line.has_value() || line->empty()) {
            break;
        }
        parse_field(*line, at, head.headers, Manner::lenient);
    }
    HeadersAccess::own(head.headers, plain);
}

void ResponseParser::check_limits(std::size_t size) const {
    if (!has_status_line_) {
        if (size > limits_.status_line + 2) {
            refuse(Fault::too_large, "a status line that is too long");
        }
    } else if (size - fields_begin_ > limits_.header_bytes) {
        refuse(Fault::too_large, "a response whose headers are too long");
    }
}

// Refuses another protocol at its first bytes, before it has sent enough to hold a line.
void ResponseParser::refuse_other_protocols(std::string_view text) const {
    constexpr std::string_view begin = "HTTP/";
    if (!has_status_line_ && text.substr(0, begin.size()) != begin.substr(0, text.size())) {
        refuse(Fault::malformed, "the response is not HTTP");
    }
}

// Parses "HTTP/1.1 200 reason"; the blank before an empty reason may be missing.
void ResponseParser::parse_status_line(std::string_view line, ResponseHead& head) {
    if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
        refuse(Fault::malformed, "a status line that is not a version, a status and a reason");
    }
    head.version = parse_version(line);
    head.status = 0;
    for (const char c : line.substr(9, 3)) {
        if (!is_digit(c)) {
            refuse(Fault::malformed, "a status that is not three digits");
        }
        head.status = head.status * 10 + (c - '0');
    }
    if (head.status < 100) {
        refuse(Fault::malformed, "a status below 100");
    }
    const std::string_view reason = line.substr(std::min<std::size_t>(line.size(), 13));
    if (!is_field_text(reason)) {
        refuse(Fault::malformed, "a control character in a status line");
    }
    head.reason = reason;
    HeadersAccess::begin(head.headers);
    HeadersAccess::reserve(head.headers, usual_count);
    has_status_line_ = true;
    fields_begin_ = lines_.begin();
}

void ResponseParser::end_head(std::string_view text, ResponseHead& head) {
    const std::string_view whole = text.substr(0, lines_.begin());
    if (std::exchange(folded_, false)) [[unlikely]] {
        parse_folded(whole, head);
    } else {
        HeadersAccess::own(head.headers, whole);
    }
    if (head.interim() && ++heads_ > limits_.interim_heads) {
        refuse(Fault::too_large, "too many interim responses");
    }
    lines_.reset();
    has_status_line_ = false;
}

Framing response_framing(std::string_view method, const ResponseHead& head) {
    if (method == "HEAD" || !may_have_body(head.status) || (method == "CONNECT" && head.status < 300)) {
        return {};
    }
    Framing framing = framing_of(head.headers, Manner::lenient);
    if (framing.kind == Framing::Kind::none) {
        framing.kind = Framing::Kind::until_close;
    } else if (framing.kind == Framing::Kind::length && framing.length == 0) {
        framing.kind = Framing::Kind::none;
    }
    return framing;
}

bool keeps_alive(const ResponseHead& head) noexcept {
    if (head.headers.contains("Transfer-Encoding") &&
        (head.version == Version::http_1_0 || head.headers.contains("Content-Length"))) {
        return false;
    }
    return !head.headers.lists("Connection", "close") &&
           (head.version == Version::http_1_1 || head.headers.lists("Connection", "keep-alive"));
}

}  // namespace tendril::http::detail
