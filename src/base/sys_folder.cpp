// SPDX-License-Identifier: MIT
//
// The calls of base/sys.hpp for folders, and for opening files in one.

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <memory>

#include "base/sys.hpp"

namespace tendril::sys {

int open_at(int folder, Path path, int flags) noexcept {
    return detail::call_with(Call::open, folder, path,
                             [=](const char* p) { return ::openat(folder, p, flags | O_CLOEXEC); });
}

int open_beneath(int folder, Path path, int flags) noexcept {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return detail::call_with(Call::open, folder, path, [&](const char* p) {
        return static_cast<int>(libc.syscall(SYS_openat2, folder, p, &how, sizeof(how)));
    });
}

int list_folder(int fd, bool (*each)(void* context, const char* name, bool is_folder), void* context) {
    const int own = open_at(fd, ".", O_RDONLY | O_DIRECTORY);
    if (own < 0) {
        return own;
    }
    struct CloseFolder {
        void operator()(DIR* folder) const noexcept { ::closedir(folder); }
    };
    const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(own));
    if (folder == nullptr) {
        const int error = errno;
        close(own);
        return -error;
    }
    while (true) {
        errno = 0;
        const dirent* entry = ::readdir(folder.get());
        if (entry == nullptr) {
            return -errno;
        }
        if (!each(context, entry->d_name, entry->d_type == DT_DIR)) {
            return 0;
        }
    }
}

}  // namespace tendril::sys
