// SPDX-License-Identifier: MIT
//
// Json: a JSON text, read. For our programs and tests, which read what our own library has written; strict, and bounded
// by the text's length and a depth of 64.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::detail {

class Json {
public:
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

    // Throws: std::invalid_argument, with the place of the first fault.
    static Json parse(std::string_view text);

    Kind kind() const noexcept { return kind_; }
    // The value, or an empty one for another kind.
    bool boolean() const noexcept { return number_ != 0 && kind_ == Kind::boolean; }
    double number() const noexcept { return kind_ == Kind::number ? number_ : 0; }
    std::uint64_t count() const noexcept { return number() > 0 ? static_cast<std::uint64_t>(number()) : 0; }
    const std::string& string() const noexcept { return string_; }
    const std::vector<Json>& items() const noexcept { return items_; }
    const std::map<std::string, Json, std::less<>>& members() const noexcept { return members_; }

    // A member of an object; null if there is none.
    const Json& operator[](std::string_view name) const noexcept;

private:
    friend class JsonReader;
    Kind kind_ = Kind::null;
    double number_ = 0;
    std::string string_;
    std::vector<Json> items_;
    std::map<std::string, Json, std::less<>> members_;
};

}  // namespace tendril::detail
