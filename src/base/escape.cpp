// SPDX-License-Identifier: MIT

#include "base/escape.hpp"

#include <cstdint>

namespace tendril::detail {

namespace {

struct Character {
    std::uint32_t code;
    std::size_t size;  // in bytes; 0: not UTF-8
};

constexpr bool continues(unsigned char c) noexcept {
    return (c & 0xc0) == 0x80;
}

// Returns the first character. Requires: the text is not empty.
Character first_of(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) {
        return {0, 0};
    }
    std::uint32_t code = lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (!continues(byte(i))) {
            return {0, 0};
        }
        code = code << 6 | (byte(i) & 0x3fu);
    }
    const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return overlong || surrogate || code > 0x10ffff ? Character{0, 0} : Character{code, size};
}

constexpr bool obeyed(std::uint32_t code) noexcept {
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||  // C0, DEL, C1
           code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) ||  // line and paragraph ends; bidi
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

}  // namespace

void append_escaped(std::string& line, std::string_view text) {
    while (!text.empty()) {
        const Character c = first_of(text);
        const std::size_t size = c.size > 0 ? c.size : 1;
        if (c.size == 0 || obeyed(c.code) || c.code == '"' || c.code == '\\') {
            for (const char each : text.substr(0, size)) {
                const auto u = static_cast<unsigned char>(each);
                line += "\\x";
                line += "0123456789abcdef"[u >> 4];
                line += "0123456789abcdef"[u & 15];
            }
        } else {
            line += text.substr(0, size);
        }
        text.remove_prefix(size);
    }
}

std::string escaped(std::string_view text, std::size_t most) {
    std::string made;
    append_escaped(made, text.substr(0, most));
    if (text.size() > most) {
        made += "...";
    }
    return made;
}

std::string visible(std::string text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const Character c = first_of(std::string_view(text).substr(at));
        const std::size_t size = c.size > 0 ? c.size : 1;
        if (c.size == 0 || obeyed(c.code)) {
            text.replace(at, size, size, '?');
        }
        at += size;
    }
    return text;
}

bool is_plain(std::string_view text) noexcept {
    while (!text.empty()) {
        const Character c = first_of(text);
        if (c.size == 0 || obeyed(c.code)) {
            return false;
        }
        text.remove_prefix(c.size);
    }
    return true;
}

}  // namespace tendril::detail
