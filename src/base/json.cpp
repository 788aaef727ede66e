// SPDX-License-Identifier: MIT

#include "base/json.hpp"

#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace tendril::detail {

class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    Json whole() {
        Json value = read(0);
        skip_blanks();
        require(at_ == text_.size(), "the end");
        return value;
    }

private:
    static constexpr int most_levels = 64;

    void require(bool met, const char* expected) const {
        if (!met) {
            throw std::invalid_argument("not JSON: at byte " + std::to_string(at_) + " there is not " + expected);
        }
    }
    char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_blanks() noexcept {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    bool skip(char c) noexcept {
        const bool there = at_ < text_.size() && text_[at_] == c;
        at_ += there ? 1 : 0;
        return there;
    }
    bool skip_word(std::string_view word) noexcept {
        const bool there = text_.substr(at_, word.size()) == word;
        at_ += there ? word.size() : 0;
        return there;
    }

    Json read(int level) {
        require(level < most_levels, "a value of fewer levels");
        skip_blanks();
        Json value;
        if (skip('{')) {
            value.kind_ = Json::Kind::object;
            read_members(value, level);
        } else if (skip('[')) {
            value.kind_ = Json::Kind::array;
            read_items(value, level);
        } else if (peek() == '"') {
            value.kind_ = Json::Kind::string;
            value.string_ = read_string();
        } else if (skip_word("true") || skip_word("false")) {
            value.kind_ = Json::Kind::boolean;
            value.number_ = text_[at_ - 2] == 'u' ? 1 : 0;
        } else if (!skip_word("null")) {
            value.kind_ = Json::Kind::number;
            value.number_ = read_number();
        }
        return value;
    }

    void read_members(Json& value, int level) {
        skip_blanks();
        if (skip('}')) {
            return;
        }
        do {
            skip_blanks();
            require(peek() == '"', "a name");
            std::string name = read_string();
            skip_blanks();
            require(skip(':'), "a colon");
            value.members_.insert_or_assign(std::move(name), read(level + 1));
            skip_blanks();
        } while (skip(','));
        require(skip('}'), "the end of an object");
    }

    void read_items(Json& value, int level) {
        skip_blanks();
        if (skip(']')) {
            return;
        }
        do {
            value.items_.push_back(read(level + 1));
            skip_blanks();
        } while (skip(','));
        require(skip(']'), "the end of an array");
    }

    double read_number() {
        const bool digit = (peek() >= '0' && peek() <= '9') || peek() == '-';
        require(digit, "a value");
        const bool zero = text_.substr(at_ + (peek() == '-' ? 1 : 0)).starts_with('0');
        double number = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
        require(error == std::errc(), "a number");
        const std::string_view written = text_.substr(at_, static_cast<std::size_t>(end - (text_.data() + at_)));
        const std::size_t digits = written.find_first_not_of('-');
        const bool longer =
            zero && digits + 1 < written.size() && written[digits + 1] >= '0' && written[digits + 1] <= '9';
        require(!longer && written.back() != '.', "a number as JSON has them");
        at_ += written.size();
        return number;
    }

    unsigned read_hex() {
        require(at_ + 4 <= text_.size(), "four digits");
        unsigned code = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
        require(error == std::errc() && end == text_.data() + at_ + 4, "four digits");
        at_ += 4;
        return code;
    }

    static void append_utf8(std::string& out, unsigned code) {
        const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
        if (code < 0x80) {
            out += static_cast<char>(code);
        } else if (code < 0x800) {
            out += static_cast<char>(0xC0U | (code >> 6U));
            tail(0);
        } else if (code < 0x10000) {
            out += static_cast<char>(0xE0U | (code >> 12U));
            tail(6);
            tail(0);
        } else {
            out += static_cast<char>(0xF0U | (code >> 18U));
            tail(12);
            tail(6);
            tail(0);
        }
    }

    void read_escape(std::string& out) {
        static constexpr std::string_view letters = "\"\\/bfnrt";
        static constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
        if (const std::size_t which = letters.find(peek()); which != std::string_view::npos) {
            ++at_;
            out += meant[which];
            return;
        }
        require(skip('u'), "an escape");
        unsigned code = read_hex();
        if (code >= 0xD800 && code < 0xDC00) {
            require(skip_word("\\u"), "the second half of a character");
            const unsigned second = read_hex();
            require(second >= 0xDC00 && second < 0xE000, "the second half of a character");
            code = 0x10000 + ((code - 0xD800) << 10U) + (second - 0xDC00);
        } else {
            require(code < 0xDC00 || code >= 0xE000, "a whole character");
        }
        append_utf8(out, code);
    }

    std::string read_string() {
        ++at_;
        std::string out;
        for (;;) {
            require(at_ < text_.size(), "the end of a string");
            const char c = text_[at_++];
            if (c == '"') {
                return out;
            }
            if (c == '\\') {
                read_escape(out);
            } else {
                require(static_cast<unsigned char>(c) >= 0x20, "a character that may stand in a string");
                out += c;
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

Json Json::parse(std::string_view text) {
    return JsonReader(text).whole();
}

const Json& Json::operator[](std::string_view name) const noexcept {
    static const Json none;
    const auto at = members_.find(name);
    return at != members_.end() ? at->second : none;
}

}  // namespace tendril::detail
