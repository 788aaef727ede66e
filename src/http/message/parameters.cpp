// SPDX-License-Identifier: MIT

#include "http/message/parameters.hpp"

#include <cstddef>

#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

std::string_view take_token(std::string_view& rest) noexcept {
    std::size_t n = 0;
    while (n < rest.size() && is_token_char(rest[n])) {
        ++n;
    }
    const std::string_view token = rest.substr(0, n);
    rest.remove_prefix(n);
    return token;
}

void skip_blanks(std::string_view& rest) noexcept {
    while (!rest.empty() && is_blank(rest.front())) {
        rest.remove_prefix(1);
    }
}

// Takes the text after an opening quote, and the closing quote. Returns: false if there is no closing quote.
bool take_quoted(std::string_view& rest, std::string& value, Backslash backslash) {
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return true;
        }
        const bool escapes = rest[i] == '\\' && i + 1 < rest.size() &&
                             (backslash == Backslash::any || rest[i + 1] == '"' || rest[i + 1] == '\\');
        i += escapes ? 1 : 0;
        value.push_back(rest[i]);
    }
    return false;
}

}  // namespace

Found next_parameter(std::string_view& rest, std::string& name, std::string& value, Backslash backslash) {
    name.clear();
    value.clear();
    skip_blanks(rest);
    while (rest.starts_with(';')) {
        rest.remove_prefix(1);
        skip_blanks(rest);
    }
    if (rest.empty()) {
        return Found::end;
    }
    for (const char c : take_token(rest)) {
        name.push_back(lower(c));
    }
    if (name.empty() || !rest.starts_with('=')) {
        return Found::malformed;
    }
    rest.remove_prefix(1);
    if (rest.starts_with('"')) {
        rest.remove_prefix(1);
        if (!take_quoted(rest, value, backslash)) {
            return Found::malformed;
        }
    } else {
        value.assign(take_token(rest));
        if (value.empty()) {
            return Found::malformed;
        }
    }
    skip_blanks(rest);
    return rest.empty() || rest.front() == ';' ? Found::one : Found::malformed;
}

}  // namespace tendril::http::detail
