// SPDX-License-Identifier: MIT
// Floor: http
//
// The dates of HTTP (RFC 9110, 5.6.7): Date, Last-Modified, If-Modified-Since, Expires and the like. Pure; any thread.
// They need no locale and no time zone of the system: HTTP's dates are English, and UTC.
//
//     response.set("Last-Modified", format_date_time(changed));
//     if (auto since = parse_date_time(request.header("If-Modified-Since")); since && changed <= *since) ...
//
// HTTP's dates have no parts of a second: compare with what was sent, or truncate first. static_files.hpp does all of
// this for files.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tendril::http {

// Returns: an IMF-fixdate, the only form that may be sent: "Sun, 06 Nov 1994 08:49:37 GMT", always 29 characters. Parts
// of a second are dropped.
std::string format_date_time(std::chrono::system_clock::time_point time = std::chrono::system_clock::now());

// Parses any of the three forms that a recipient must know: IMF-fixdate; "Sunday, 06-Nov-94 08:49:37 GMT" (RFC 850);
// "Sun Nov  6 08:49:37 1994" (asctime). `now` fixes the century of RFC 850's two-digit year, which never means more
// than 50 years ahead. Times that system_clock cannot hold (outside 1677 to 2262) become its first or last.
// Returns: nothing for other text; the field is then ignored, as RFC 9110 says.
std::optional<std::chrono::system_clock::time_point>
parse_date_time(std::string_view text,
                std::chrono::system_clock::time_point now = std::chrono::system_clock::now()) noexcept;

}  // namespace tendril::http
