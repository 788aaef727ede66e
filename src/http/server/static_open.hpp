// SPDX-License-Identifier: MIT
//
// Finds and opens what is below a root, and nothing that is not. Waits for a disk: called in a ThreadPool.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tendril/fd.hpp>

#include "base/sys.hpp"
#include "http/server/static_path.hpp"

namespace tendril::http::detail {

// path: relative, without "." and ".."; "" is the root. Returns: what can be read; else its number is -errno.
Fd open_below(int root, const std::string& path);
// The same where the kernel cannot be asked for it: follows no link at all.
Fd walk_below(int root, const std::string& path);

// Which status a failure to open is answered with; 0: it is the system's, and no business of clients.
int status_of(int error) noexcept;

struct Wanted {
    std::string root;
    StaticPath path;
    std::string index;   // of a folder; "": none
    bool gzip = false;   // x.gz beside x will do
    bool lists = false;  // folders
    bool hidden = false;
};

// file: opened, its status known. folder: its entries are there. no_slash: a folder, asked for as if it were a file.
// failed: error says why.
enum class FoundKind : std::uint8_t { file, folder, no_slash, failed };

struct Found {
    FoundKind kind = FoundKind::failed;
    int error = 0;
    Fd file = Fd();
    sys::FileStatus status = {};
    bool is_gzip = false;
    std::string path = {};  // of the file, without .gz
    std::vector<FolderEntry> entries = {};
};

Found find_static(const Wanted& wanted);

}  // namespace tendril::http::detail
