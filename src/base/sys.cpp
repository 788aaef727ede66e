// SPDX-License-Identifier: MIT
//
// The less frequent calls of base/sys.hpp.

#include "base/sys.hpp"

#include <malloc.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <system_error>

namespace tendril::sys {

namespace detail {
std::atomic<FaultHook> fault_hook{nullptr};

Fault ask(FaultHook hook, Call call, int fd) noexcept {
    Fault fault = hook(call, fd);
    if (fault.delay_ns > 0) {
        const timespec time{fault.delay_ns / 1'000'000'000, fault.delay_ns % 1'000'000'000};
        libc.nanosleep(&time, nullptr);
    }
    fault.at_most = fault.at_most == 0 ? 1 : fault.at_most;
    return fault;
}

}  // namespace detail

void set_fault_hook(FaultHook hook) noexcept {
    detail::fault_hook.store(hook, std::memory_order_relaxed);
}

int checked(int r, const char* what) {
    if (r < 0) {
        throw std::system_error(-r, std::generic_category(), what);
    }
    return r;
}

int socket(int family, int type, int protocol) noexcept {
    return detail::call<int>(Call::socket, -1,
                             [=] { return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol); });
}

int bind(int fd, const sockaddr* at, socklen_t len) noexcept {
    return detail::call<int>(Call::bind, fd, [=] { return ::bind(fd, at, len); });
}

int listen(int fd, int backlog) noexcept {
    return detail::call<int>(Call::listen, fd, [=] { return ::listen(fd, backlog); });
}

namespace {

int asked(int fd, unsigned long what) noexcept {
    int n = 0;
    return libc.ioctl(fd, what, &n) == 0 ? n : 0;
}

}  // namespace

int unread(int fd) noexcept {
    return asked(fd, FIONREAD);
}
int unsent(int fd) noexcept {
    return asked(fd, TIOCOUTQ);  // of a socket: SIOCOUTQ
}

int at_urgent_mark(int fd) noexcept {
    return detail::call<int>(Call::getsockopt, fd, [=] { return ::sockatmark(fd); });
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
                             [&] { return libc.setsockopt(fd, level, option, &value, sizeof value); });
}

int get_option_raw(int fd, int level, int option, void* value, socklen_t& size) noexcept {
    return detail::call<int>(Call::getsockopt, fd,
                             [=, &size] { return ::getsockopt(fd, level, option, value, &size); });
}

int set_option_raw(int fd, int level, int option, const void* value, socklen_t size) noexcept {
    return detail::call<int>(Call::setsockopt, fd, [=] { return libc.setsockopt(fd, level, option, value, size); });
}

int set_linger(int fd, bool on, int seconds) noexcept {
    const ::linger value{on ? 1 : 0, seconds};
    return set_option_raw(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

int get_linger(int fd, bool& on, int& seconds) noexcept {
    ::linger value{};
    socklen_t len = sizeof value;
    const int r =
        detail::call<int>(Call::getsockopt, fd, [&] { return ::getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &len); });
    on = value.l_onoff != 0;
    seconds = value.l_linger;
    return r;
}

int local_name(int fd, sockaddr* out, socklen_t* len) noexcept {
    return detail::call<int>(Call::name, fd, [=] { return ::getsockname(fd, out, len); });
}

int peer_credentials(int fd, pid_t& process, uid_t& user, gid_t& group) noexcept {
    ucred who{};
    socklen_t len = sizeof who;
    const int r =
        detail::call<int>(Call::getsockopt, fd, [&] { return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len); });
    process = who.pid;
    user = who.uid;
    group = who.gid;
    return r;
}

int peer_name(int fd, sockaddr* out, socklen_t* len) noexcept {
    return detail::call<int>(Call::name, fd, [=] { return ::getpeername(fd, out, len); });
}

namespace {

// The parts of a transfer. If `most` limits it, only the first part, cut to `most` bytes.
class Parts {
public:
    Parts(const iovec* parts, std::size_t count, std::size_t most) noexcept : first_{*parts} {
        message_.msg_iov = const_cast<iovec*>(parts);
        message_.msg_iovlen = count;
        if (most != static_cast<std::size_t>(-1)) {
            first_.iov_len = first_.iov_len < most ? first_.iov_len : most;
            message_.msg_iov = &first_;
            message_.msg_iovlen = 1;
        }
    }
    msghdr* message() noexcept { return &message_; }
    const iovec* data() const noexcept { return message_.msg_iov; }
    int count() const noexcept { return static_cast<int>(message_.msg_iovlen); }

private:
    iovec first_;
    msghdr message_{};
};

constexpr std::size_t all = static_cast<std::size_t>(-1);

// Calls f() with SIGPIPE blocked in this OS thread, and discards the SIGPIPE that f() caused.
template <class F>
ssize_t without_sigpipe(F f) noexcept {
    sigset_t broken_pipe;
    sigset_t before;
    sigset_t pending;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    libc.pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
    const bool was_blocked = ::sigismember(&before, SIGPIPE) == 1;
    const bool was_pending = was_blocked && ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1;
    const ssize_t r = f();
    const int error = errno;
    if (r < 0 && error == EPIPE && !was_pending) {
        const timespec now{0, 0};
        while (libc.sigtimedwait(&broken_pipe, nullptr, &now) < 0 && errno == EINTR) {
        }
    }
    if (!was_blocked) {
        libc.pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    errno = error;
    return r;
}

}  // namespace

ssize_t recv_parts(int fd, const iovec* parts, std::size_t count) noexcept {
    return detail::transfer(Call::recvmsg, fd, all, [=](std::size_t most) {
        return libc.recvmsg(fd, Parts(parts, count, most).message(), never_wait | MSG_CMSG_CLOEXEC);
    });
}

ssize_t send_parts(int fd, const iovec* parts, std::size_t count) noexcept {
    return detail::transfer(Call::sendmsg, fd, all, [=](std::size_t most) {
        return libc.sendmsg(fd, Parts(parts, count, most).message(), sending);
    });
}

ssize_t send_file(int to, int from, std::int64_t offset, std::size_t n) noexcept {
    return detail::transfer(Call::sendfile, to, n, [=](std::size_t some) {
        off_t at = offset;
        return without_sigpipe([&] { return libc.sendfile(to, from, &at, some); });  // it has no MSG_NOSIGNAL
    });
}

int unix_pair(int (&ends)[2], int type) noexcept {
    return detail::call<int>(Call::socketpair, -1, [&] { return ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends); });
}

ssize_t write_pipe_parts(int fd, const iovec* parts, std::size_t count) noexcept {
    constexpr int rwf_nosignal = 0x100;  // Linux 6.18; Debian 12's headers do not know it
    static std::atomic<bool> has_nosignal{true};
    if (has_nosignal.load(std::memory_order_relaxed)) {
        const ssize_t r = detail::transfer(Call::write, fd, all, [=](std::size_t most) {
            const Parts some(parts, count, most);
            return ::pwritev2(fd, some.data(), some.count(), -1, rwf_nosignal);
        });
        if (r != -EOPNOTSUPP && r != -ENOSYS && r != -EINVAL) {
            return r;
        }
        has_nosignal.store(false, std::memory_order_relaxed);
    }
    return detail::transfer(Call::write, fd, all, [=](std::size_t most) {
        const Parts some(parts, count, most);
        return without_sigpipe([&] { return libc.writev(fd, some.data(), some.count()); });
    });
}

ssize_t write_pipe(int fd, const void* p, std::size_t n) noexcept {
    const iovec whole{const_cast<void*>(p), n};
    return write_pipe_parts(fd, &whole, 1);
}

ssize_t read_parts(int fd, const iovec* parts, std::size_t count) noexcept {
    return detail::transfer(Call::read, fd, all, [=](std::size_t most) {
        const Parts some(parts, count, most);
        return libc.readv(fd, some.data(), some.count());
    });
}

int pipe(int (&ends)[2], int flags) noexcept {
    return detail::call<int>(Call::pipe, -1, [&] { return ::pipe2(ends, flags | O_CLOEXEC); });
}

int open(Path path, int flags, unsigned mode) noexcept {
    return detail::call_with(Call::open, -1, path, [=](const char* p) { return ::open(p, flags | O_CLOEXEC, mode); });
}

ssize_t pread(int fd, void* p, std::size_t n, std::uint64_t offset) noexcept {
    return detail::transfer(Call::pread, fd, n,
                            [=](std::size_t some) { return ::pread(fd, p, some, static_cast<off_t>(offset)); });
}

ssize_t pwrite(int fd, const void* p, std::size_t n, std::uint64_t offset) noexcept {
    return detail::transfer(Call::pwrite, fd, n,
                            [=](std::size_t some) { return ::pwrite(fd, p, some, static_cast<off_t>(offset)); });
}

std::int64_t file_size(int fd) noexcept {
    return detail::call<std::int64_t>(Call::pread, fd, [=]() -> std::int64_t {
        struct stat about {};
        return ::fstat(fd, &about) < 0 ? -1 : about.st_size;
    });
}

int truncate(int fd, std::uint64_t size) noexcept {
    return detail::call<int>(Call::pwrite, fd, [=] { return ::ftruncate(fd, static_cast<off_t>(size)); });
}

int sync(int fd) noexcept {
    return detail::call<int>(Call::pwrite, fd, [=] { return libc.fsync(fd); });
}

int reopen(int fd, int flags) noexcept {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, flags | O_NOCTTY);
}

bool is_terminal(int fd) noexcept {
    unsigned number = 0;
    return ::isatty(fd) == 1 && libc.ioctl(fd, TIOCGPTN, &number) < 0;
}

int duplicate(int fd, int at_least) noexcept {
    return detail::call<int>(Call::fcntl, fd, [=] { return libc.fcntl(fd, F_DUPFD_CLOEXEC, at_least); });
}

int status_flags(int fd) noexcept {
    return detail::call<int>(Call::fcntl, fd, [=] { return libc.fcntl(fd, F_GETFL); });
}

int file_kind(int fd) noexcept {
    return detail::call<int>(Call::fcntl, fd, [=] {
        struct stat about {};
        return ::fstat(fd, &about) < 0 ? -1 : static_cast<int>(about.st_mode & S_IFMT);
    });
}

int set_nonblocking(int fd, bool on) noexcept {
    const int before = status_flags(fd);
    const int flags = on ? before | O_NONBLOCK : before & ~O_NONBLOCK;
    return before < 0 ? before : detail::call<int>(Call::fcntl, fd, [=] { return libc.fcntl(fd, F_SETFL, flags); });
}

int close_on_exec(int fd) noexcept {
    const int flags = detail::call<int>(Call::fcntl, fd, [=] { return libc.fcntl(fd, F_GETFD); });
    return flags < 0 ? flags : static_cast<int>((flags & FD_CLOEXEC) != 0);
}

int set_close_on_exec(int fd) noexcept {
    return detail::call<int>(Call::fcntl, fd, [=] { return libc.fcntl(fd, F_SETFD, FD_CLOEXEC); });
}

int set_pipe_size(int fd, int bytes) noexcept {
    return detail::call<int>(Call::fcntl, fd, [=] { return libc.fcntl(fd, F_SETPIPE_SZ, bytes); });
}

int unlink(Path path) noexcept {
    return detail::call_with(Call::open, -1, path, [](const char* p) { return ::unlink(p); });
}

int rename(Path from, Path to) noexcept {
    if (to.get() == nullptr) {
        return -EINVAL;
    }
    return detail::call_with(Call::open, -1, from, [=](const char* p) { return ::rename(p, to.get()); });
}

int access(Path path, int mode) noexcept {
    return detail::call_with(Call::open, -1, path, [=](const char* p) { return ::access(p, mode); });
}

int posix_spawn(pid_t& pid, Path path, const posix_spawn_file_actions_t& actions, const posix_spawnattr_t& attributes,
                char* const argv[], char* const env[]) noexcept {
    return detail::call_with(Call::posix_spawn, -1, path, [&](const char* p) {
        errno = ::posix_spawn(&pid, p, &actions, &attributes, argv, env);
        return errno == 0 ? 0 : -1;
    });
}

int signal_child(int pidfd, int signal) noexcept {
    return detail::call<int>(Call::signal_child, pidfd, [=] {
        return static_cast<int>(libc.syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
    });
}

int signal_group(int pidfd, pid_t leader, int signal) noexcept {
    return detail::call<int>(Call::signal_child, pidfd, [=] {
        constexpr unsigned process_group = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9
        const long r = libc.syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, process_group);
        return r == 0 || errno != EINVAL ? static_cast<int>(r) : ::kill(-leader, signal);
    });
}

int kill(pid_t pid, int signal) noexcept {
    return detail::call<int>(Call::signal_child, -1, [=] { return ::kill(pid, signal); });
}

pid_t parent() noexcept {
    return ::getppid();
}

unsigned processors() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

int signal_at_parents_death(int signal) noexcept {
    return detail::call<int>(Call::signal_child, -1, [=] { return ::prctl(PR_SET_PDEATHSIG, signal); });
}

int pidfd_open(pid_t pid) noexcept {
    return detail::call<int>(Call::pidfd, -1, [=] { return static_cast<int>(libc.syscall(SYS_pidfd_open, pid, 0)); });
}

namespace {

int wait_for_pidfd(int pidfd, siginfo_t& info, int options) noexcept {
    return detail::call<int>(Call::waitid, pidfd, [&] {
        return libc.waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, options | WNOHANG);
    });
}

}  // namespace

int wait_child(int pidfd, int& code, int& signal, bool reap) noexcept {
    siginfo_t info{};
    const int r = wait_for_pidfd(pidfd, info, WEXITED | (reap ? 0 : WNOWAIT));
    if (r < 0 || info.si_pid == 0) {
        return r;
    }
    const bool exited = info.si_code == CLD_EXITED;
    code = exited ? info.si_status : 0;
    signal = exited ? 0 : info.si_status;
    return 1;
}

int look_at_child(int pidfd, int& stopped_by, bool& goes_on) noexcept {
    siginfo_t info{};
    const int r = wait_for_pidfd(pidfd, info, WSTOPPED | WCONTINUED | WNOWAIT);
    if (r < 0 || info.si_pid == 0) {
        return r;
    }
    goes_on = info.si_code == CLD_CONTINUED;
    stopped_by = goes_on ? 0 : info.si_status;
    return 1;
}

int waitid(idtype_t kind, id_t id, siginfo_t& info, int options) noexcept {
    info = {};
    return detail::call<int>(Call::waitid, -1, [&] { return libc.waitid(kind, id, &info, options); });
}

int close(int fd) noexcept {
    // Linux frees the number even if the call fails with EINTR, so a second try could close another descriptor.
    return detail::call<int>(Call::close, fd, [=] { return libc.close(fd); });
}

int eventfd() noexcept {
    return detail::call<int>(Call::eventfd, -1, [] { return ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); });
}

pid_t fork() noexcept {
    return detail::call<pid_t>(Call::fork, -1, [] { return libc.fork(); });
}

int epoll_create() noexcept {
    return detail::call<int>(Call::epoll_create, -1, [] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

int epoll_ctl(int epfd, int op, int fd, epoll_event* event) noexcept {
    return detail::call<int>(Call::epoll_ctl, fd, [=] { return ::epoll_ctl(epfd, op, fd, event); });
}

namespace {

// The bare system call: glibc's wrapper is newer than the kernel's call, and sanitizers do not know it.
int epoll_pwait2(int epfd, epoll_event* events, int n, const timespec* timeout) noexcept {
    return static_cast<int>(libc.syscall(SYS_epoll_pwait2, epfd, events, n, timeout, nullptr, 0));
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
        return libc.epoll_wait(epfd, events, n, round_up_to_ms(timeout_ns));
    });
}

int poll(pollfd* fds, std::size_t n, std::int64_t timeout_ns) noexcept {
    int r = 0;
    do {
        r = detail::call<int>(Call::poll, -1, [=] {
            const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
            return libc.ppoll(fds, n, timeout_ns < 0 ? nullptr : &timeout, nullptr);
        });
    } while (r == -EINTR && timeout_ns == 0);  // Linux interrupts it even if it does not wait
    return r;
}

int select(int n, fd_set* read, fd_set* write, fd_set* except, std::int64_t timeout_ns) noexcept {
    return detail::call<int>(Call::select, -1, [=] {
        const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
        return libc.pselect(n, read, write, except, timeout_ns < 0 ? nullptr : &timeout, nullptr);
    });
}

void* free_addresses(std::size_t size) noexcept {
    void* p = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return nullptr;
    }
    ::munmap(p, size);
    return p;
}

namespace {

// As reserve_memory(); `flags`: MAP_FIXED, in place of what lies there.
void* map_untouched(std::size_t size, void* at, int flags) noexcept {
    if (const int e = detail::fault(Call::mmap, -1); e != 0) {
        errno = e;
        return nullptr;
    }
    void* p = ::mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    if (p == MAP_FAILED) {
        return nullptr;
    }
    // One touched page must not become two megabytes. It also lets the system join the mapping to its neighbours, which
    // have the same advice. EINVAL: the kernel has no huge pages.
    ::madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

}  // namespace

void* reserve_memory(std::size_t size, void* wish) noexcept {
    return map_untouched(size, wish, 0);
}

int renew_memory(void* at, std::size_t size) noexcept {
    return map_untouched(size, at, MAP_FIXED) != nullptr ? 0 : -errno;
}

int release_memory(void* at, std::size_t size) noexcept {
    return ::munmap(at, size) == 0 ? 0 : -errno;
}

int guard_install(void* at, std::size_t size) noexcept {
    constexpr int madv_guard_install = 102;  // Linux 6.13; Debian 12's headers do not know it
    constexpr int no_such_advice = 0x7fff;
    enum Advice : int { unknown, refuses_some, takes_any };
    static constinit std::atomic<int> kernel{unknown};  // not a guarded static: a fork() might find the guard taken
    return detail::call<int>(Call::madvise, -1, [=] {
        if (kernel.load(std::memory_order_relaxed) == unknown) {
            // An emulator such as qemu-user accepts any advice and does nothing.
            kernel.store(::madvise(at, size, no_such_advice) == 0 ? takes_any : refuses_some,
                         std::memory_order_relaxed);
        }
        if (kernel.load(std::memory_order_relaxed) == takes_any) {
            errno = EINVAL;
            return -1;
        }
        return ::madvise(at, size, madv_guard_install);
    });
}

namespace {

int advise_each(void* first, std::size_t stride, std::size_t size, unsigned n, int advice) noexcept {
    constexpr int this_process = -10001;  // PIDFD_SELF_THREAD_GROUP; Debian 12's headers do not know it
    std::array<iovec, 32> pieces;
    for (unsigned i = 0; i < n; ++i) {
        pieces[i] = {static_cast<char*>(first) + i * stride, size};
    }
    const long done = detail::call<long>(Call::madvise, -1, [&] {
        return libc.syscall(SYS_process_madvise, this_process, pieces.data(), n, advice, 0);
    });
    return done < 0 ? static_cast<int>(done) : static_cast<std::size_t>(done) == n * size ? 0 : -EAGAIN;
}

}  // namespace

int guard_install_each(void* first, std::size_t stride, std::size_t size, unsigned n) noexcept {
    constexpr int madv_guard_install = 102;
    return advise_each(first, stride, size, n, madv_guard_install);
}

int populate_each(void* first, std::size_t stride, std::size_t size, unsigned n) noexcept {
    return advise_each(first, stride, size, n, MADV_POPULATE_WRITE);
}

int guard_remove(void* at, std::size_t size) noexcept {
    constexpr int madv_guard_remove = 103;
    return detail::call<int>(Call::madvise, -1, [=] { return ::madvise(at, size, madv_guard_remove); });
}

int protect_none(void* at, std::size_t size) noexcept {
    return detail::call<int>(Call::mprotect, -1, [=] { return ::mprotect(at, size, PROT_NONE); });
}

int discard(void* at, std::size_t size) noexcept {
    return detail::call<int>(Call::madvise, -1, [=] { return ::madvise(at, size, MADV_DONTNEED); });
}

std::size_t page_size() noexcept {
    static constinit std::atomic<std::size_t> kept{0};  // no lock, as signal handlers ask too
    std::size_t size = kept.load(std::memory_order_relaxed);
    if (size == 0) {
        size = static_cast<std::size_t>(::getauxval(AT_PAGESZ));
        kept.store(size, std::memory_order_relaxed);
    }
    return size;
}

void trim_heap() noexcept {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

}  // namespace tendril::sys
