// SPDX-License-Identifier: MIT
//
// The dates of HTTP (RFC 9110, 5.6.7) and of cookies (RFC 6265, 5.1.1). Uses no locale and no system time zone, and
// allocates only the text that it returns. Times that system_clock cannot hold (outside 1677 to 2262) become its first
// or last.

#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

using Time = std::chrono::system_clock::time_point;

// Formats an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT", which is always 29 characters long. Drops parts of a second.
std::array<char, 29> date_text(Time time) noexcept;
std::string format_date(Time time);

// Parses any of the three forms that a recipient must know: IMF-fixdate, RFC 850's and asctime's. `now` fixes the
// century of RFC 850's two-digit year, which never means more than 50 years ahead.
std::optional<Time> parse_date(std::string_view text, Time now = std::chrono::system_clock::now()) noexcept;

// Parses the lax date of Set-Cookie: a time, a day, a month and a year in any order, with any separators.
std::optional<Time> parse_cookie_date(std::string_view text) noexcept;

}  // namespace tendril::http::detail
