// SPDX-License-Identifier: MIT
//
// Parameters behind a value, `; name=token; name="quoted"`: RFC 9110, 5.6.6. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::http::detail {

// In a quoted string: a backslash takes away the meaning of whatever follows it, or only of a quote and a backslash:
// senders of file names leave other backslashes as they are.
enum class Backslash : std::uint8_t { any, quote };

enum class Found : std::uint8_t { one, end, malformed };

// Takes the next parameter from the front of `rest`, which begins behind the value or the last one. The name comes in
// lower case; an empty place between two ";" is passed over.
Found next_parameter(std::string_view& rest, std::string& name, std::string& value, Backslash backslash);

}  // namespace tendril::http::detail
