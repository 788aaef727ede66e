// SPDX-License-Identifier: MIT
//
// The parameters after a value, `; name=token; name="quoted"`: RFC 9110, 5.6.6. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::http::detail {

// What a backslash escapes in a quoted string: any character, or only a quote and a backslash, because senders of file
// names leave other backslashes as they are.
enum class Backslash : std::uint8_t { any, quote };

enum class Found : std::uint8_t { one, end, malformed };

// Takes the next parameter from the front of `rest`, which begins after the value or the previous parameter. Returns
// the name in lower case; skips an empty place between two ";".
Found next_parameter(std::string_view& rest, std::string& name, std::string& value, Backslash backslash);

}  // namespace tendril::http::detail
