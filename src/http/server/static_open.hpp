// SPDX-License-Identifier: MIT
//
// Finds and opens files below a root, and no others. Waits for a disk, so it is called in a ThreadPool.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tendril/fd.hpp>

#include "base/sys.hpp"
#include "http/server/static_path.hpp"

namespace tendril::http::detail {

// Opens a file for reading, following links that stay below the root. path: relative, without "." and ".."; "" is the
// root. Returns: the open descriptor; on failure an Fd whose number is -errno.
Fd open_below(int root, const std::string& path);
// The same for kernels without openat2: follows no links at all.
Fd walk_below(int root, const std::string& path);

// The status that answers a failure to open; 0: an error of the system's, to be reported instead.
int status_of(int error) noexcept;

struct Wanted {
    std::string root;
    StaticPath path;
    std::string index;    // the file that stands for a folder; "": none
    bool gzip = false;    // x.gz may be sent instead of x
    bool lists = false;   // a folder without an index is listed
    bool hidden = false;  // lists have names that begin with a dot
};

// file: `file` and `status` are set. folder: `entries` are set. no_slash: a folder, requested without a slash at the
// end. failed: `error` says why.
enum class FoundKind : std::uint8_t { file, folder, no_slash, failed };

struct Found {
    FoundKind kind = FoundKind::failed;
    int error = 0;
    Fd file = Fd();
    sys::FileStatus status = {};
    bool is_gzip = false;
    std::string path = {};  // the file's, without .gz
    std::vector<FolderEntry> entries = {};
};

Found find_static(const Wanted& wanted);

}  // namespace tendril::http::detail
