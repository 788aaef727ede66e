// SPDX-License-Identifier: MIT
//
// Refuses zero bytes in texts that the system, or a library in C, reads only up to the first one. Such a text would
// name something other than what was checked ("x\0.png" opens x).

#pragma once

#include <string>
#include <string_view>

namespace tendril {

namespace detail {

// what: "a file's path". Throws: std::invalid_argument, which names `what` and quotes the text.
void require_no_nul(std::string_view text, const char* what);

}  // namespace detail

namespace sys {

// The path argument of a call. Cannot be made from a `const char*` taken from a string. If the text contains a zero
// byte there is no path, and the call fails with EINVAL.
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
