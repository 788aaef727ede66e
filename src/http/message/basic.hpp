// SPDX-License-Identifier: MIT
//
// The fields of HTTP authentication: challenges (RFC 9110, 11.6.1) and Basic (RFC 7617). Pure.

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/http/headers.hpp>

namespace tendril::http::detail {

// Returns: such as "Basic dXNlcjpwYXNz". Throws: std::invalid_argument for a colon or a control character in the user's
// name, or a control character in the password.
std::string basic_field(std::string_view user, std::string_view password);

// Appends the text as a quoted string.
void append_quoted(std::string& out, std::string_view text);

// What a server asks for.
struct Challenge {
    std::string scheme{};                                           // in lower case
    std::vector<std::pair<std::string, std::string>> parameters{};  // names in lower case

    // Returns: the first of that name; "" for none.
    std::string_view parameter(std::string_view name) const noexcept;
};

// Returns: the challenges in all fields of that name, in order: the first 16. Malformed ones, and those with more than
// 32 parameters or one given twice, are left out.
std::vector<Challenge> parse_challenges(const Headers& headers, std::string_view name);

// Returns: the parameters of a field that is a list of them, Authentication-Info.
Challenge parse_auth_info(std::string_view value);

}  // namespace tendril::http::detail
