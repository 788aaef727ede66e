// SPDX-License-Identifier: MIT
// Floor: http
//
// Files below a folder, by names that a client chose: from a request's path, an upload or a form.
//
//     if (const auto path = http::safe_join("/srv/uploads", request.parameter("name"))) ...      checks the text only
//     const File file = http::open_beneath("/srv/uploads", request.parameter("name"));           checks links too
//
// safe_join() checks the text only: a symbolic link below the root may still lead out of it. If others can make links
// there, use open_beneath(), where the kernel sees to it that no link leads out. StaticFiles does the same.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tendril/file.hpp>

namespace tendril::http {

// Joins `root` and `untrusted`, which must be decoded: "root/a/b". Empty segments and "." are dropped; an empty name
// means the root itself. Pure; any thread.
// Returns: nothing if the name could mean a file elsewhere: it begins with a slash, has a segment "..", a control
// character (NUL, CR, LF) or a backslash, or is longer than 4000 bytes.
std::optional<std::string> safe_join(std::string_view root, std::string_view untrusted);

// Opens the file for reading, in the thread pool. Links are followed as long as they stay below the root; on kernels
// without openat2 (before 5.6) no links are followed.
// Yields. Throws: StatusError: 404: safe_join() refuses the name, or it leads out of the root, does not exist or is not
// a regular file; 403: the system does not allow reading it; std::system_error for other errors; Interrupt.
File open_beneath(const std::string& root, std::string_view untrusted);

}  // namespace tendril::http
