// SPDX-License-Identifier: MIT
//
// The character classes and small pieces of grammar that HTTP's parsers share: RFC 9110, 5.6.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace tendril::http::detail {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Returns: -1 if the character is not a hexadecimal digit.
constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) {
        return c - '0';
    }
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// A table of the letters, the digits and the characters of `besides`.
constexpr std::array<bool, 256> char_table(std::string_view besides) {
    std::array<bool, 256> table{};
    for (int c = 0; c < 0x80; ++c) {
        const char ch = static_cast<char>(c);
        table[static_cast<std::size_t>(c)] = is_digit(ch) || is_alpha(ch) || besides.find(ch) != std::string_view::npos;
    }
    return table;
}

inline constexpr std::array<bool, 256> token_chars = char_table("!#$%&'*+-.^_`|~");

constexpr bool is_token_char(char c) noexcept {
    return token_chars[static_cast<unsigned char>(c)];
}

constexpr bool is_token(std::string_view text) noexcept {
    for (const char c : text) {
        if (!is_token_char(c)) {
            return false;
        }
    }
    return !text.empty();
}

// Whether the text has no control character except tab, as a field's value and a reason phrase require.
inline bool is_field_text_slowly(std::string_view text) noexcept {
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if ((u < 0x20 && u != '\t') || u == 0x7f) {
            return false;
        }
    }
    return true;
}

// The same, eight bytes at a time; the last eight may overlap the ones before.
inline bool is_field_text(std::string_view text) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t highs = ones * 0x80;
    if (text.size() < 8) {
        return is_field_text_slowly(text);
    }
    std::uint64_t odd = 0;  // a byte's high bit is set where it is below a blank or is DEL
    const auto look = [&](std::size_t at) {
        std::uint64_t x = 0;
        std::memcpy(&x, text.data() + at, 8);
        const std::uint64_t y = x ^ (ones * 0x7f);
        odd |= (((x - ones * 0x20) & ~x) | ((y - ones) & ~y)) & highs;
    };
    for (std::size_t i = 0; i + 8 < text.size(); i += 8) {
        look(i);
    }
    look(text.size() - 8);
    return odd == 0 || is_field_text_slowly(text);  // it may be a tab
}

constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

constexpr bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

// Takes the next element of a comma-separated list, and its separator, from the front of `rest`, without the blanks
// around it. Skips empty elements. A quoted string may hold commas. Returns: false at the end.
constexpr bool next_in_list(std::string_view& rest, std::string_view& element) noexcept {
    while (!rest.empty()) {
        std::size_t end = 0;
        bool quoted = false;
        while (end < rest.size() && (quoted || rest[end] != ',')) {
            if (quoted && rest[end] == '\\' && end + 1 < rest.size()) {
                ++end;
            } else if (rest[end] == '"') {
                quoted = !quoted;
            }
            ++end;
        }
        element = trimmed(rest.substr(0, end));
        rest.remove_prefix(end < rest.size() ? end + 1 : end);
        if (!element.empty()) {
            return true;
        }
    }
    return false;
}

// Parses digits only, no sign and no blanks (RFC 9110, 8.6). Returns: nothing if the number does not fit.
constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
    if (text.empty()) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c) || value > (UINT64_MAX - 9) / 10) {
            return std::nullopt;
        }
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

}  // namespace tendril::http::detail
