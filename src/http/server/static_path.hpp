// SPDX-License-Identifier: MIT
//
// Which file a request's path means, and what the page looks like that lists a folder. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::http::detail {

struct StaticPath {
    std::string path;        // from the root, decoded: "a/b.txt"; "" is the root itself
    bool is_folder = false;  // a slash was at its end
};

// path: as it was sent. Nothing when it can't mean a file below the prefix: a segment is empty, "." or "..", holds a
// slash or NUL, begins with a dot (unless hidden files are shown), or is malformed or too long.
std::optional<StaticPath> static_path(std::string_view path, std::string_view prefix, bool hidden);

struct FolderEntry {
    std::string name;
    bool is_folder;
};

// HTML. path: as it is to be shown.
std::string folder_page(std::string_view path, std::vector<FolderEntry> entries);

}  // namespace tendril::http::detail
