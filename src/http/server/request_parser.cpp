// SPDX-License-Identifier: MIT

#include "http/server/request_parser.hpp"

#include <array>
#include <optional>

#include "http/message/authority.hpp"
#include "http/message/chars.hpp"
#include "http/message/headers_access.hpp"

namespace tendril::http::detail {

namespace {

[[noreturn]] void malformed(const char* how) {
    throw ProtocolError(Fault::malformed, 400, how);
}

constexpr std::array<bool, 256> target_chars = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x21; c < 0x7f; ++c) {
        table[c] = c != '#';
    }
    return table;
}();

// Whether this is a host and perhaps a port. RFC 9110, 4.2.1: the host of an http URL is never empty.
bool names_host(std::string_view text) noexcept {
    const std::optional<Authority> found = parse_authority(text);
    return found.has_value() && !found->host.empty();
}

// text: what follows the target in the request line.
Version parse_version(std::string_view text) {
    if (text == "HTTP/1.1") [[likely]] {
        return Version::http_1_1;
    }
    if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7])) {
        malformed("a request line without a version");
    }
    if (text[5] != '1') {
        throw ProtocolError(Fault::unsupported, 505, "a version that is not HTTP/1");
    }
    return text[7] == '0' ? Version::http_1_0 : Version::http_1_1;
}

// The four forms of RFC 9112, 3.2.
void check_target(std::string_view method, std::string_view target) {
    if (method == "CONNECT") {
        const std::optional<Authority> to = parse_authority(target);
        if (!to.has_value() || to->host.empty() || !to->port.has_value()) {
            malformed("CONNECT with something other than a host and a port");
        }
        return;
    }
    if (target.front() == '/' || (target == "*" && method == "OPTIONS")) {
        return;
    }
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos || !(same_ignoring_case(target.substr(0, scheme), "http") ||
                                              same_ignoring_case(target.substr(0, scheme), "https"))) {
        malformed("a request target that is neither a path nor a URL");
    }
    const std::string_view rest = target.substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (!names_host(authority)) {
        malformed("a request target whose host or port is invalid");
    }
}

void note_connection(std::string_view value, bool& close, bool& keep, bool& upgrade) {
    std::string_view rest = value;
    for (std::string_view element; next_in_list(rest, element);) {
        if (!is_token(element)) {
            malformed("a Connection that is not a list of words");
        }
        close = close || same_ignoring_case(element, "close");
        keep = keep || same_ignoring_case(element, "keep-alive");
        upgrade = upgrade || same_ignoring_case(element, "upgrade");
    }
}

}  // namespace

void RequestParser::begin(const HeadLimits& limits) noexcept {
    *this = RequestParser();
    limits_ = limits;
}

std::size_t RequestParser::parse(std::string_view text, RequestHead& head) {
    for (;;) {
        const std::size_t at = lines_.begin();
        const std::optional<std::string_view> line = lines_.next(text);
        if (!line.has_value()) {
            check_limits(text.size());
            if (!has_request_line_ && text.size() > at && !is_token_char(text[at]) && text[at] != '\r') {
                malformed("what came is not HTTP");  // for example TLS on the wrong port
            }
            return 0;
        }
        check_limits(lines_.begin());
        if (!has_request_line_) {
            if (line->empty() && at == 0) {
                continue;  // RFC 9112, 2.2: old clients send an empty line after a body
            }
            parse_request_line(*line, at, head);
        } else if (line->empty()) {
            return lines_.begin();
        } else {
            if (head.headers.size() == limits_.header_count) {
                throw ProtocolError(Fault::too_large, 431, "too many headers");
            }
            parse_field(*line, at, head.headers);
        }
    }
}

void RequestParser::check_limits(std::size_t size) const {
    if (!has_request_line_) {
        if (size - head_begin_ > limits_.request_line + 2) {
            throw ProtocolError(Fault::too_large, 414, "a request line that is too long");
        }
    } else if (size - fields_begin_ > limits_.header_bytes) {
        throw ProtocolError(Fault::too_large, 431, "headers that are too long");
    }
}

void RequestParser::parse_request_line(std::string_view line, std::size_t at, RequestHead& head) {
    std::size_t end = 0;
    while (end < line.size() && is_token_char(line[end])) {
        ++end;
    }
    if (end == 0 || end == line.size() || line[end] != ' ') {
        malformed("a request line that is not a method, a blank and a target");
    }
    const std::size_t begin = end + 1;
    std::size_t last = begin;
    while (last < line.size() && target_chars[static_cast<unsigned char>(line[last])]) {
        ++last;
    }
    if (last == begin || last == line.size()) {
        malformed("a request line without a target and a version");
    }
    if (line[last] != ' ') {
        malformed("a character in the request target that may not be there");
    }
    check_target({line.data(), end}, {line.data() + begin, last - begin});
    head.version = parse_version({line.data() + last + 1, line.size() - last - 1});
    HeadersAccess::begin(head.headers);
    has_request_line_ = true;
    head_begin_ = at;
    fields_begin_ = lines_.begin();
    method_size_ = end;
    target_size_ = last - begin;
}

void RequestParser::finish(const char* text, RequestHead& head) const {
    head.method = {text + head_begin_, method_size_};
    head.target = {text + head_begin_ + method_size_ + 1, target_size_};
    HeadersAccess::rebase(head.headers, text);
    std::size_t hosts = 0;
    bool framed = false;
    bool close = false;
    bool keep = false;
    bool connection_upgrade = false;
    bool upgrade = false;
    head.expects_continue = false;
    for (const Headers::Field field : head.headers) {
        switch (field.name.size()) {  // so that most fields cost one comparison
        case 4:
            if (same_ignoring_case(field.name, "Host")) {
                ++hosts;
                if (!field.value.empty() && !names_host(field.value)) {  // empty: the target has no host
                    malformed("an invalid Host");
                }
            }
            break;
        case 6:
            if (same_ignoring_case(field.name, "Expect")) {
                if (!same_ignoring_case(field.value, "100-continue")) {
                    throw ProtocolError(Fault::unsupported, 417, "an expectation other than 100-continue");
                }
                head.expects_continue = head.version == Version::http_1_1;  // RFC 9110, 10.1.1: not from a 1.0 client
            }
            break;
        case 7:
            upgrade = upgrade || same_ignoring_case(field.name, "Upgrade");
            break;
        case 10:
            if (same_ignoring_case(field.name, "Connection")) {
                note_connection(field.value, close, keep, connection_upgrade);
            }
            break;
        case 14:
        case 17:
            framed = true;  // perhaps; framing_of() compares the name
            break;
        default:
            break;
        }
    }
    if (hosts > 1 || (hosts == 0 && head.version == Version::http_1_1)) {
        malformed(hosts == 0 ? "no Host" : "several Hosts");
    }
    head.framing = framed ? framing_of(head.headers) : Framing();
    if (head.framing.kind == Framing::Kind::chunked && head.version == Version::http_1_0) {
        malformed("Transfer-Encoding in HTTP/1.0");
    }
    head.keep_alive = !close && (head.version == Version::http_1_1 || keep);
    head.upgrades = upgrade && connection_upgrade && head.version == Version::http_1_1;
}

}  // namespace tendril::http::detail
