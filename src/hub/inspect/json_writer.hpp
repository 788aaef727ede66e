// SPDX-License-Identifier: MIT
//
// JsonWriter: builds a JSON text, member by member. The caller closes what it opens; the commas come by themselves.

#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::detail {

class JsonWriter {
public:
    JsonWriter& object() { return open('{'); }
    JsonWriter& array() { return open('['); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& end_array() { return close(']'); }

    // The name of the next member of an object.
    JsonWriter& key(std::string_view name) {
        string(name);
        text_ += ':';
        fresh_ = true;
        return *this;
    }

    // In UTF-8; bytes that are not become U+FFFD.
    JsonWriter& string(std::string_view text);
    JsonWriter& number(double value);  // null, if it is not finite
    template <std::integral T>
    JsonWriter& number(T value) {
        comma();
        char digits[24];
        text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
        return *this;
    }
    JsonWriter& boolean(bool value) { return word(value ? "true" : "false"); }
    JsonWriter& null() { return word("null"); }

    // Members of an object.
    JsonWriter& member(std::string_view name, std::string_view value) { return key(name).string(value); }
    JsonWriter& member(std::string_view name, const char* value) { return key(name).string(value); }
    JsonWriter& member(std::string_view name, double value) { return key(name).number(value); }
    template <std::integral T>
    JsonWriter& member(std::string_view name, T value) {
        key(name);
        if constexpr (std::same_as<T, bool>) {
            return boolean(value);
        } else {
            return number(value);
        }
    }

    std::string take() { return std::move(text_); }

private:
    void comma() {
        if (!fresh_) {
            text_ += ',';
        }
        fresh_ = false;
    }
    JsonWriter& word(std::string_view text) {
        comma();
        text_ += text;
        return *this;
    }
    JsonWriter& open(char bracket) {
        comma();
        text_ += bracket;
        fresh_ = true;
        return *this;
    }
    JsonWriter& close(char bracket) {
        text_ += bracket;
        fresh_ = false;
        return *this;
    }

    std::string text_;
    bool fresh_ = true;  // nothing stands before the next value that a comma must part it from
};

}  // namespace tendril::detail
