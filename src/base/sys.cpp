// SPDX-License-Identifier: MIT
//
// The less frequent calls of base/sys.hpp.

#include "base/sys.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <ctime>
#include <system_error>

namespace tendril::sys {

namespace detail {
std::atomic<FaultHook> fault_hook{nullptr};
}

void set_fault_hook(FaultHook hook) noexcept {
    detail::fault_hook.store(hook, std::memory_order_relaxed);
}

int checked(int r, const char* what) {
    if (r < 0) {
        throw std::system_error(-r, std::generic_category(), what);
    }
    return r;
}

int socket(int family, int type) noexcept {
    return detail::call<int>(Call::socket, -1,
                             [=] { return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); });
}

int bind(int fd, const sockaddr* at, socklen_t len) noexcept {
    return detail::call<int>(Call::bind, fd, [=] { return ::bind(fd, at, len); });
}

int listen(int fd, int backlog) noexcept {
    return detail::call<int>(Call::listen, fd, [=] { return ::listen(fd, backlog); });
}

int shutdown(int fd, int how) noexcept {
    return detail::call<int>(Call::shutdown, fd, [=] { return ::shutdown(fd, how); });
}

int get_option(int fd, int level, int option, int& value) noexcept {
    socklen_t len = sizeof value;
    return detail::call<int>(Call::getsockopt, fd, [&] { return ::getsockopt(fd, level, option, &value, &len); });
}

int set_option(int fd, int level, int option, int value) noexcept {
    return detail::call<int>(Call::setsockopt, fd,
                             [&] { return ::setsockopt(fd, level, option, &value, sizeof value); });
}

int local_name(int fd, sockaddr* out, socklen_t* len) noexcept {
    return detail::call<int>(Call::name, fd, [=] { return ::getsockname(fd, out, len); });
}

int peer_name(int fd, sockaddr* out, socklen_t* len) noexcept {
    return detail::call<int>(Call::name, fd, [=] { return ::getpeername(fd, out, len); });
}

int close(int fd) noexcept {
    // Linux frees the number even when it answers EINTR, so a second try could close somebody else's descriptor.
    return detail::call<int>(Call::close, fd, [=] { return ::close(fd); });
}

int eventfd() noexcept {
    return detail::call<int>(Call::eventfd, -1, [] { return ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); });
}

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

int file_status(const char* path, FileStatus& out) noexcept {
    struct stat s {};
    if (::stat(path, &s) < 0) {
        return -errno;
    }
    const auto ns = [](const timespec& t) { return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec; };
    out = {s.st_dev,   s.st_ino,      static_cast<std::uint64_t>(s.st_size),
           s.st_nlink, ns(s.st_mtim), ns(s.st_ctim),
           s.st_mode,  s.st_uid,      s.st_gid};
    return 0;
}

bool is_link(const char* path) noexcept {
    struct stat s {};
    return ::lstat(path, &s) == 0 && S_ISLNK(s.st_mode);
}

bool on_network(const char* path) noexcept {
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
    if (detail::call<int>(Call::statfs, -1, [&] { return ::statfs(path, &s); }) < 0) {
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

int inotify_add(int fd, const char* path, std::uint32_t mask) noexcept {
    return detail::call<int>(Call::inotify_add, fd, [=] { return ::inotify_add_watch(fd, path, mask); });
}

int inotify_remove(int fd, int watch) noexcept {
    return ::inotify_rm_watch(fd, watch) < 0 ? -errno : 0;
}

int pidfd_open(pid_t pid) noexcept {
    return detail::call<int>(Call::pidfd, -1, [=] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
}

int wait_child(int pidfd, int& code, int& signal) noexcept {
    siginfo_t info{};
    const int r = detail::call<int>(Call::waitid, pidfd, [&] {
        return ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
    });
    if (r < 0 || info.si_pid == 0) {
        return r;
    }
    const bool exited = info.si_code == CLD_EXITED;
    code = exited ? info.si_status : 0;
    signal = exited ? 0 : info.si_status;
    return 1;
}

int epoll_create() noexcept {
    return detail::call<int>(Call::epoll_create, -1, [] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

int epoll_ctl(int epfd, int op, int fd, epoll_event* event) noexcept {
    return detail::call<int>(Call::epoll_ctl, fd, [=] { return ::epoll_ctl(epfd, op, fd, event); });
}

namespace {

// The system call itself: glibc's wrapper came later than the kernel's call, and sanitizers do not know it.
int epoll_pwait2(int epfd, epoll_event* events, int n, const timespec* timeout) noexcept {
    return static_cast<int>(::syscall(SYS_epoll_pwait2, epfd, events, n, timeout, nullptr, 0));
}

int round_up_to_ms(std::int64_t ns) noexcept {
    constexpr std::int64_t day = 24 * 3600 * 1000;
    if (ns < 0) {
        return -1;
    }
    const std::int64_t ms = ns / 1'000'000 + (ns % 1'000'000 != 0 ? 1 : 0);
    return static_cast<int>(ms < day ? ms : day);
}

std::atomic<bool> has_pwait2{true};

}  // namespace

int epoll_wait(int epfd, epoll_event* events, int n, std::int64_t timeout_ns) noexcept {
    return detail::call<int>(Call::epoll_wait, epfd, [=] {
        if (timeout_ns > 0 && has_pwait2.load(std::memory_order_relaxed)) {
            const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
            const int r = epoll_pwait2(epfd, events, n, &timeout);
            if (r >= 0 || (errno != ENOSYS && errno != EPERM)) {
                return r;
            }
            has_pwait2.store(false, std::memory_order_relaxed);
        }
        return ::epoll_wait(epfd, events, n, round_up_to_ms(timeout_ns));
    });
}

int poll(pollfd* fds, std::size_t n, std::int64_t timeout_ns) noexcept {
    return detail::call<int>(Call::poll, -1, [=] {
        const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
        return ::ppoll(fds, n, timeout_ns < 0 ? nullptr : &timeout, nullptr);
    });
}

void* reserve_memory(std::size_t size) noexcept {
    if (const int e = detail::fault(Call::mmap, -1); e != 0) {
        errno = e;
        return nullptr;
    }
    void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return nullptr;
    }
    ::madvise(p, size,
              MADV_NOHUGEPAGE);  // one touched page must not become two megabytes; EINVAL: no huge pages at all
    return p;
}

int release_memory(void* at, std::size_t size) noexcept {
    return ::munmap(at, size) == 0 ? 0 : -errno;
}

int guard_install(void* at, std::size_t size) noexcept {
    constexpr int madv_guard_install = 102;  // Linux 6.13; Debian 12's headers do not know it
    constexpr int no_such_advice = 0x7fff;
    return detail::call<int>(Call::madvise, -1, [=] {
        // An emulator such as qemu-user takes any advice and does nothing.
        static const bool takes_any = ::madvise(at, size, no_such_advice) == 0;
        if (takes_any) {
            errno = EINVAL;
            return -1;
        }
        return ::madvise(at, size, madv_guard_install);
    });
}

int protect_none(void* at, std::size_t size) noexcept {
    return detail::call<int>(Call::mprotect, -1, [=] { return ::mprotect(at, size, PROT_NONE); });
}

int discard(void* at, std::size_t size) noexcept {
    return detail::call<int>(Call::madvise, -1, [=] { return ::madvise(at, size, MADV_DONTNEED); });
}

}  // namespace tendril::sys
