// SPDX-License-Identifier: MIT
//
// Texts that the system, or a library in C, reads to their first zero byte. One with such a byte inside would name
// something else than was checked ("x\0.png" opens x), so it is refused.

#pragma once

#include <string>
#include <string_view>

namespace tendril {

namespace detail {

// what: "a file's path". Throws: std::invalid_argument that says what it was, and quotes the text.
void require_no_nul(std::string_view text, const char* what);

}  // namespace detail

namespace sys {

// The path that a call takes. Cannot be made of a `const char*` that was made of a string: where a zero byte is in the
// text there is no path, and the call fails with EINVAL.
class Path {
public:
    Path(const std::string& text) noexcept  // implicit on purpose
        : text_(text.find('\0') == std::string::npos ? text.c_str() : nullptr) {}
    template <std::size_t n>
    constexpr Path(const char (&literal)[n]) noexcept : text_(literal) {}

    const char* get() const noexcept { return text_; }  // nullptr: none

private:
    const char* text_;
};

}  // namespace sys
}  // namespace tendril
