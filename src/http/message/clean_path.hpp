// SPDX-License-Identifier: MIT
//
// Cleans a request's path before a Router looks for its handler, so that no handler can take it for a different path.
// Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

// `path` is as sent, from its "/" on. `slashes`: accept encoded slashes, unless one would create an empty or dot
// segment.
// Returns: nothing if the path is clean; else the clean path that it stands for, still encoded: without empty segments,
// "." and ".." (RFC 3986, 5.2.4; "%2e" is a dot), beginning with one slash.
// Throws: ProtocolError (400) for a segment that, decoded, holds a control character (NUL, CR, LF), a backslash or a
// slash, or is not UTF-8; and for malformed percent-encoding.
std::optional<std::string> clean_path(std::string_view path, bool slashes);

// Whether a clean path can have this segment of a pattern. The segment is not decoded.
bool is_clean_segment(std::string_view segment) noexcept;

}  // namespace tendril::http::detail
