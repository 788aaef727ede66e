// SPDX-License-Identifier: MIT

#include "hub/inspect/json_writer.hpp"

#include <cmath>
#include <cstddef>

namespace tendril::detail {

namespace {

// Returns how many bytes the UTF-8 character at the front has; 0: it is not one.
std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned second = byte(1);
        const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F);  // overlong, surrogate
        return follows(1) && follows(2) && !bad ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned second = byte(1);
        const bool bad = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
        return follows(1) && follows(2) && follows(3) && !bad ? 4 : 0;
    }
    return 0;
}

void append_character(std::string& out, std::string_view character) {
    static constexpr char digits[] = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(character.front());
    if (character == "\"" || character == "\\") {
        out += '\\';
        out += character;
    } else if (code < 0x20 || code == 0x7F) {
        out += "\\u00";
        out += digits[code >> 4U];
        out += digits[code & 15U];
    } else {
        out += character;
    }
}

}  // namespace

JsonWriter& JsonWriter::string(std::string_view text) {
    comma();
    text_ += '"';
    while (!text.empty()) {
        if (const std::size_t n = utf8_length(text); n != 0) {
            append_character(text_, text.substr(0, n));
            text.remove_prefix(n);
        } else {
            text_ += "\xEF\xBF\xBD";
            text.remove_prefix(1);
        }
    }
    text_ += '"';
    return *this;
}

JsonWriter& JsonWriter::number(double value) {
    if (!std::isfinite(value)) {
        return null();
    }
    comma();
    char digits[40];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    return *this;
}

}  // namespace tendril::detail
