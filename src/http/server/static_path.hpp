// SPDX-License-Identifier: MIT
//
// Which file a request's path means, and the page that lists a folder. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::http::detail {

struct StaticPath {
    std::string path;        // from the root, decoded: "a/b.txt"; "" is the root itself
    bool is_folder = false;  // it ended with a slash
};

// path: as it was sent. Returns: nothing if it cannot mean a file below the prefix: a segment is empty, "." or "..",
// has a slash or NUL, begins with a dot (unless hidden files are served) or is malformed, or the path is longer than
// 4000 bytes.
std::optional<StaticPath> static_path(std::string_view path, std::string_view prefix, bool hidden);

struct FolderEntry {
    std::string name;
    bool is_folder;
};

// The HTML page that lists a folder: folders first, then files, by name. path: the title to show.
std::string folder_page(std::string_view path, std::vector<FolderEntry> entries);

}  // namespace tendril::http::detail
