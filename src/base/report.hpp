// SPDX-License-Identifier: MIT
//
// The last resort for an error that no code can catch: prints a line on standard error.

#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace tendril::detail {

// Describes an exception: "type: what()" for a std::exception or an Interrupt, else only its type.
std::string describe(const std::exception_ptr& error);

// Prints "tendril: <where>: <error>". Never throws.
void report(std::string_view where, const std::exception_ptr& error) noexcept;
void report(std::string_view text) noexcept;

}  // namespace tendril::detail
