// SPDX-License-Identifier: MIT
//
// What a part of a form says about itself: Content-Disposition, RFC 7578, 4.2. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

struct Disposition {
    std::string name;
    std::optional<std::string> filename;  // harmless: see Part::filename()
};

// Throws: ProtocolError (400) unless the text is form-data with one name and at most one file name.
Disposition parse_disposition(std::string_view text);

// See Part::filename().
std::string harmless_filename(std::string_view sent);

}  // namespace tendril::http::detail
