// SPDX-License-Identifier: MIT
//
// The calls of base/sys.hpp that only watchers need: the wall clock, and changes of files.

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>

#include <ctime>

#include "base/sys.hpp"

namespace tendril::sys {

namespace {
std::atomic<std::int64_t> wall_clock_shift{0};
}

std::int64_t wall_clock() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec + wall_clock_shift.load(std::memory_order_relaxed);
}

void set_wall_clock_shift(std::int64_t ns) noexcept {
    wall_clock_shift.store(ns, std::memory_order_relaxed);
}

int wall_timer() noexcept {
    return detail::call<int>(Call::timerfd, -1,
                             [] { return ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC); });
}

int arm_wall_timer(int fd, std::int64_t at_ns) noexcept {
    return detail::call<int>(Call::timerfd_settime, fd, [=] {
        const std::int64_t real = at_ns - wall_clock_shift.load(std::memory_order_relaxed);
        const std::int64_t at = real > 1 ? real : 1;  // 0 would disarm it
        const itimerspec when{{0, 0}, {at / 1'000'000'000, at % 1'000'000'000}};
        return ::timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
    });
}

namespace {

int take_status(int result, const struct stat& s, FileStatus& out) noexcept {
    if (result < 0) {
        return -errno;
    }
    const auto ns = [](const timespec& t) { return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec; };
    out = {s.st_dev,   s.st_ino,      static_cast<std::uint64_t>(s.st_size),
           s.st_nlink, ns(s.st_mtim), ns(s.st_ctim),
           s.st_mode,  s.st_uid,      s.st_gid};
    return 0;
}

}  // namespace

int file_status(Path path, FileStatus& out) noexcept {
    struct stat s {};
    return path.get() == nullptr ? -EINVAL : take_status(::stat(path.get(), &s), s, out);
}

int file_status(int fd, FileStatus& out) noexcept {
    struct stat s {};
    return take_status(::fstat(fd, &s), s, out);
}

bool is_link(Path path) noexcept {
    struct stat s {};
    return path.get() != nullptr && ::lstat(path.get(), &s) == 0 && S_ISLNK(s.st_mode);
}

bool on_network(Path path) noexcept {
    constexpr std::uint32_t kinds[] = {
        0x6969,      // NFS
        0x517b,      // SMB
        0xfe534d42,  // SMB 2
        0xff534d42,  // CIFS
        0x01021997,  // 9P
        0x65735546,  // FUSE
        0x5346414f,  // AFS
        0x00c36400,  // Ceph
        0x73757245,  // Coda
        0x564c,      // NCP
    };
    struct statfs s {};
    if (detail::call_with(Call::statfs, -1, path, [&](const char* p) { return ::statfs(p, &s); }) < 0) {
        return false;
    }
    for (const std::uint32_t kind : kinds) {
        if (static_cast<std::uint32_t>(s.f_type) == kind) {
            return true;
        }
    }
    return false;
}

int inotify() noexcept {
    return detail::call<int>(Call::inotify, -1, [] { return ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC); });
}

int inotify_add(int fd, Path path, std::uint32_t mask) noexcept {
    return detail::call_with(Call::inotify_add, fd, path,
                             [=](const char* p) { return ::inotify_add_watch(fd, p, mask); });
}

int inotify_remove(int fd, int watch) noexcept {
    return ::inotify_rm_watch(fd, watch) < 0 ? -errno : 0;
}

}  // namespace tendril::sys
