// SPDX-License-Identifier: MIT

#include "http/message/uri.hpp"

#include <algorithm>
#include <stdexcept>

#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

bool is_control(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
}

void append_encoded(std::string& to, char c) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto u = static_cast<unsigned char>(c);
    to += '%';
    to += digits[u >> 4];
    to += digits[u & 15];
}

// Returns: the byte encoded here as %XX.
int encoded_byte(std::string_view text, std::size_t at) {
    const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
    if (low < 0) {
        throw std::invalid_argument("a URL has a % that is not followed by two hexadecimal digits: write %25");
    }
    return high * 16 + low;
}

bool is_scheme(std::string_view text) noexcept {
    return !text.empty() && is_alpha(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    });
}

// Takes the text before the first of `ends` from the front.
std::string_view take_until(std::string_view& rest, std::string_view ends) noexcept {
    const std::size_t n = std::min(rest.find_first_of(ends), rest.size());
    const std::string_view taken = rest.substr(0, n);
    rest.remove_prefix(n);
    return taken;
}

// Returns: 1 for ".", 2 for "..", else 0.
int dots(std::string_view segment) noexcept {
    int n = 0;
    while (!segment.empty()) {
        if (segment[0] == '.') {
            segment.remove_prefix(1);
        } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && lower(segment[2]) == 'e') {
            segment.remove_prefix(3);
        } else {
            return 0;
        }
        if (++n > 2) {
            return 0;
        }
    }
    return n;
}

}  // namespace

bool may_stand(char c, UriPart part) noexcept {
    if (is_alpha(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
        return true;
    }
    if (part == UriPart::unreserved) {
        return false;
    }
    if (std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos) {
        return true;
    }
    return part != UriPart::userinfo && (c == ':' || c == '@' || c == '/' || (c == '?' && part == UriPart::query));
}

UriReference split_reference(std::string_view text) noexcept {
    UriReference parts;
    const std::size_t n = text.find_first_of(":/?#");
    if (n != std::string_view::npos && text[n] == ':' && is_scheme(text.substr(0, n))) {
        parts.scheme = text.substr(0, n);
        text.remove_prefix(n + 1);
    }
    if (text.starts_with("//")) {
        text.remove_prefix(2);
        parts.authority = take_until(text, "/?#");
    }
    parts.path = take_until(text, "?#");
    if (text.starts_with('?')) {
        text.remove_prefix(1);
        parts.query = take_until(text, "#");
    }
    if (text.starts_with('#')) {
        parts.fragment = text.substr(1);
    }
    return parts;
}

std::string remove_dot_segments(std::string_view path) {
    std::string result;
    result.reserve(path.size());
    while (!path.empty()) {
        path.remove_prefix(1);  // the "/"
        const std::string_view segment = take_until(path, "/");
        const int n = dots(segment);
        if (n == 0) {
            result.append("/").append(segment);
            continue;
        }
        if (n == 2) {
            const std::size_t slash = result.rfind('/');
            result.resize(slash == std::string::npos ? 0 : slash);
        }
        if (path.empty()) {
            result += '/';
        }
    }
    return result;
}

std::string merge_paths(std::string_view base, std::string_view path) {
    const std::size_t slash = base.rfind('/');
    std::string merged(slash == std::string_view::npos ? "/" : base.substr(0, slash + 1));
    return merged.append(path);
}

std::string encoded(std::string_view text, UriPart part) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '%') {
            encoded_byte(text, i);
            result += c;
        } else if (may_stand(c, part)) {
            result += c;
        } else if (is_control(c) || c == '\\') {
            throw std::invalid_argument(c == '\\' ? "a URL has a backslash: write / or %5C"
                                                  : "a URL has a control character (a line's end?)");
        } else {
            append_encoded(result, c);
        }
    }
    return result;
}

std::string encode_all(std::string_view text, UriPart part) {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (may_stand(c, part)) {
            result += c;
        } else {
            append_encoded(result, c);
        }
    }
    return result;
}

std::string decoded(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            c = static_cast<char>(encoded_byte(text, i));
            i += 2;
        }
        if (is_control(c)) {
            throw std::invalid_argument("a URL has an encoded control character before its path");
        }
        result += c;
    }
    return result;
}

}  // namespace tendril::http::detail
