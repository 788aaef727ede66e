// SPDX-License-Identifier: MIT

#include "patch/descriptor_kinds.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/sys.hpp"

namespace tendril::patch::detail {

constinit std::array<std::atomic<Kind>, DescriptorKinds::size> DescriptorKinds::kinds_{};

namespace {

Kind ask(int fd) noexcept {
    const int kind = tendril::sys::file_kind(fd);
    switch (kind) {
    case S_IFSOCK:
        return Kind::socket;
    case S_IFREG:
    case S_IFBLK:
        return Kind::file;
    case S_IFCHR:
        return tendril::sys::isatty(fd) ? Kind::terminal : Kind::nowait;
    default:
        return kind < 0 ? Kind::unknown : Kind::nowait;
    }
}

}  // namespace

Kind DescriptorKinds::find_out(int fd) noexcept {
    const int error = errno;
    const Kind kind = ask(fd);
    set(fd, kind);
    errno = error;
    return kind;
}

}  // namespace tendril::patch::detail
