// SPDX-License-Identifier: MIT
//
// What a Router makes of a path before it looks for a handler, so that none sees what it could take for another path.
// Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::http::detail {

// path: as it was sent, from its "/" on. Returns: nothing when it is clean; else the clean path that it means, encoded
// as it was: without empty segments, "." and ".." (RFC 3986, 5.2.4; "%2e" is a dot). It begins with one slash. Throws:
// ProtocolError (400) for a segment that, decoded, has a control character (NUL, CR, LF), a backslash, a slash, or is
// not UTF-8; and for a malformed percent-encoding. slashes: an encoded slash is taken, where no empty or dot segment
// comes of it.
std::optional<std::string> clean_path(std::string_view path, bool slashes);

// Whether a segment of a pattern is one that a clean path can have. Not decoded.
bool is_clean_segment(std::string_view segment) noexcept;

}  // namespace tendril::http::detail
