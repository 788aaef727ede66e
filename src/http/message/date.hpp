// SPDX-License-Identifier: MIT
//
// The dates of HTTP (RFC 9110, 5.6.7) and of cookies (RFC 6265, 5.1.1). No locale, no time zone of the system, no
// allocation but the text that is returned. Times beyond what system_clock can hold (1677 to 2262) become its ends.

#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

using Time = std::chrono::system_clock::time_point;

// "Sun, 06 Nov 1994 08:49:37 GMT": an IMF-fixdate, which is always 29 characters long. Parts of a second are dropped.
std::array<char, 29> date_text(Time time) noexcept;
std::string format_date(Time time);

// Any of the three forms that a recipient must know: IMF-fixdate, RFC 850's, asctime's. now: what the two digits of a
// year in RFC 850's form are seen from; they never mean more than 50 years ahead.
std::optional<Time> parse_date(std::string_view text, Time now = std::chrono::system_clock::now()) noexcept;

// The lax one of Set-Cookie: a time, a day, a month and a year in any order and with any separators.
std::optional<Time> parse_cookie_date(std::string_view text) noexcept;

}  // namespace tendril::http::detail
