// SPDX-License-Identifier: MIT
//
// Utf8Validator: checks whether a text is UTF-8 (RFC 3629), in pieces and as early as possible: it refuses a piece at
// the first byte that no valid text can have there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tendril::http::detail {

class Utf8Validator {
public:
    // Returns: false if the text cannot be UTF-8 any more; call reset() before the next feed().
    bool feed(std::string_view text) noexcept {
        std::size_t i = 0;
        while (i < text.size()) {
            if (need_ == 0) {
                i = skip_ascii(text, i);
                if (i == text.size()) {
                    break;
                }
            }
            const auto c = static_cast<unsigned char>(text[i++]);
            if (need_ == 0 ? !first(c) : !further(c)) {
                return false;
            }
        }
        return true;
    }

    bool complete() const noexcept { return need_ == 0; }  // the text does not end inside a character
    void reset() noexcept { *this = {}; }

private:
    static std::size_t skip_ascii(std::string_view text, std::size_t i) noexcept {
        for (; i + 8 <= text.size(); i += 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, text.data() + i, 8);
            if ((eight & 0x8080808080808080) != 0) {
                break;
            }
        }
        while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) {
            ++i;
        }
        return i;
    }

    // The byte after the first has bounds of its own, which exclude overlong forms, surrogates and anything beyond
    // U+10FFFF.
    bool first(unsigned char c) noexcept {
        if (c < 0xc2 || c > 0xf4) {
            return false;
        }
        need_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        low_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        high_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        return true;
    }
    bool further(unsigned char c) noexcept {
        if (c < low_ || c > high_) {
            return false;
        }
        low_ = 0x80;
        high_ = 0xbf;
        --need_;
        return true;
    }

    std::uint8_t need_ = 0;  // how many bytes of the current character are still to come
    std::uint8_t low_ = 0x80;
    std::uint8_t high_ = 0xbf;
};

inline bool is_utf8(std::string_view text) noexcept {
    Utf8Validator validator;
    return validator.feed(text) && validator.complete();
}

}  // namespace tendril::http::detail
