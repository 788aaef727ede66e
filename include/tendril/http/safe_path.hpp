// SPDX-License-Identifier: MIT
// Floor: http
//
// Files below a folder, by names that a client chose: of a request's path, an upload, a form.
//
//     if (const auto path = http::safe_join("/srv/uploads", request.parameter("name"))) ...      by its text alone
//     const File file = http::open_beneath("/srv/uploads", request.parameter("name"));           links included
//
// safe_join() looks at the text only. A symbolic link below the root still leads where it leads: where others can make
// links there, open with open_beneath(), which the kernel does not let out. StaticFiles does the same.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tendril/file.hpp>

namespace tendril::http {

// `untrusted` (decoded) below `root`: "root/a/b". Empty segments and "." are left out; an empty name is the root
// itself. Returns: nothing when it could mean something else: it begins with a slash, has a segment "..", a control
// character (NUL, CR, LF) or a backslash, or is longer than the system takes. Any thread.
std::optional<std::string> safe_join(std::string_view root, std::string_view untrusted);

// Opens the file for reading. A link is followed as long as it stays below the root; none is, where the kernel has no
// openat2 (before 5.6). Waits for the disk in the thread pool.
// Yields. Throws: StatusError: 404 for what safe_join() refuses, what leads out of the root, is not there, or is not a
// regular file; 403 when the system does not let us read it; std::system_error for other errors.
File open_beneath(const std::string& root, std::string_view untrusted);

}  // namespace tendril::http
