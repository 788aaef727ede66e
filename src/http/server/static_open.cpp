// SPDX-License-Identifier: MIT

#include "http/server/static_open.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

namespace tendril::http::detail {

namespace {

constexpr int reading = O_RDONLY | O_NONBLOCK | O_NOCTTY;  // O_NONBLOCK: opening a FIFO would block
constexpr std::size_t most_entries = 10000;

Found failed(int error) {
    return {.error = error};
}

// Opens the file and gets its status. Returns: 0, or -errno.
int open_and_look(int root, const std::string& path, Fd& file, sys::FileStatus& status) {
    file = open_below(root, path);
    return file.is_open() ? sys::file_status(file.get(), status) : file.get();
}

Found list(Fd folder, bool hidden) {
    struct Collected {
        std::vector<FolderEntry> entries = {};
        bool hidden;
    } collected{.hidden = hidden};
    const auto take = [](void* context, const char* name, bool is_folder) {
        auto& all = *static_cast<Collected*>(context);
        const std::string_view text = name;
        if (text != "." && text != ".." && (all.hidden || text.front() != '.')) {
            all.entries.push_back({name, is_folder});
        }
        return all.entries.size() < most_entries;
    };
    if (const int error = sys::list_folder(folder.get(), take, &collected); error < 0) {
        return failed(-error);
    }
    return {.kind = FoundKind::folder, .entries = std::move(collected.entries)};
}

// Takes x.gz instead of x, unless x.gz is older: then it was made from another x.
void prefer_gzip(int root, Found& found) {
    Fd file;
    sys::FileStatus status{};
    if (open_and_look(root, found.path + ".gz", file, status) == 0 && S_ISREG(status.mode) &&
        status.modified_ns >= found.status.modified_ns) {
        found.file = std::move(file);
        found.status = status;
        found.is_gzip = true;
    }
}

}  // namespace

int status_of(int error) noexcept {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
    case ENAMETOOLONG:
    case EINVAL:
    case EAGAIN:
    case ENXIO:
    case ENODEV:
        return 404;
    case EACCES:
    case EPERM:
        return 403;
    default:
        return 0;
    }
}

Fd walk_below(int root, const std::string& path) {
    Fd folder;
    int from = root;
    std::string_view rest = path;
    while (true) {
        const std::size_t slash = rest.find('/');
        const bool last = slash == std::string_view::npos;
        const std::string segment(rest.empty() ? "." : rest.substr(0, slash));
        Fd next(sys::open_at(from, segment, O_NOFOLLOW | (last ? reading : O_PATH | O_DIRECTORY)));
        if (last || !next.is_open()) {
            return next;
        }
        folder = std::move(next);
        from = folder.get();
        rest.remove_prefix(slash + 1);
    }
}

Fd open_below(int root, const std::string& path) {
    int fd = -EAGAIN;
    for (int tries = 0; fd == -EAGAIN && tries < 10; ++tries) {  // folders are being renamed meanwhile
        fd = sys::open_beneath(root, path.empty() ? sys::Path(".") : sys::Path(path), reading);
    }
    return fd == -ENOSYS || fd == -EPERM ? walk_below(root, path) : Fd(fd);
}

Found find_static(const Wanted& wanted) {
    const Fd root(sys::open(wanted.root, O_PATH | O_DIRECTORY));
    if (!root.is_open()) {
        return failed(-root.get());
    }
    Found found{.kind = FoundKind::file, .path = wanted.path.path};
    if (const int error = open_and_look(root.get(), found.path, found.file, found.status); error < 0) {
        return failed(-error);
    }
    if (S_ISDIR(found.status.mode)) {
        if (!wanted.path.is_folder) {
            return {.kind = FoundKind::no_slash};
        }
        Fd folder = std::move(found.file);
        found.path.append(found.path.empty() ? "" : "/").append(wanted.index);
        const int error =
            wanted.index.empty() ? -ENOENT : open_and_look(root.get(), found.path, found.file, found.status);
        if (error == -ENOENT && wanted.lists) {
            return list(std::move(folder), wanted.hidden);
        }
        if (error < 0) {
            return failed(-error);
        }
    } else if (wanted.path.is_folder) {
        return failed(ENOTDIR);
    }
    if (!S_ISREG(found.status.mode)) {
        return failed(ENOENT);
    }
    if (wanted.gzip) {
        prefer_gzip(root.get(), found);
    }
    return found;
}

}  // namespace tendril::http::detail
