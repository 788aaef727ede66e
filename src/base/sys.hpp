// SPDX-License-Identifier: MIT
//
// sys: the only door to the system's calls. Every function returns what the call returns, or -errno; callers never read
// errno itself. Descriptors are non-blocking, so nothing here waits, except poll(), select(), epoll_wait(),
// futex_wait() and waitid(), which may sleep, and the calls for files, which may block on a disk.
//
// Tests install a FaultHook, which may make any call fail with an errno of its choice, do less than it was asked to, or
// take long: tests/support/faults.hpp does so by script and by seed.

#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "base/libc.hpp"
#include "base/no_nul.hpp"

namespace tendril::sys {

using tendril::detail::libc;

enum class Call : unsigned {
    mmap,
    madvise,
    mprotect,
    eventfd,
    read,
    write,
    close,
    epoll_create,
    epoll_ctl,
    epoll_wait,
    poll,
    timerfd,
    timerfd_settime,
    inotify,
    inotify_add,
    statfs,
    fork,
    select,
    io_uring_setup,
    io_uring_enter,
    socket,
    bind,
    listen,
    accept,
    connect,
    recv,
    send,
    shutdown,
    getsockopt,
    setsockopt,
    name,
    socketpair,
    sendmsg,
    recvmsg,
    sendfile,
    pread,
    pwrite,
    pipe,
    fcntl,
    open,
    posix_spawn,
    pidfd,
    waitid,
    signal_child,
};

// What a fault hook does to a call.
struct Fault {
    int error = 0;  // fails the call with this errno, without making it; 0: makes the call
    std::size_t at_most = static_cast<std::size_t>(-1);  // limits the bytes moved; 0 counts as 1
    std::int64_t delay_ns = 0;                           // the OS thread sleeps for this long first
    Fault() = default;
    Fault(int e) noexcept : error(e) {}
};

// Called before each call, perhaps from several OS threads.
using FaultHook = Fault (*)(Call call, int fd) noexcept;

namespace detail {
extern std::atomic<FaultHook> fault_hook;

// Asks the hook, and has already slept if it says so.
Fault ask(FaultHook hook, Call call, int fd) noexcept;

inline int fault(Call call, int fd) noexcept {
    const FaultHook hook = fault_hook.load(std::memory_order_relaxed);
    return hook == nullptr ? 0 : ask(hook, call, fd).error;
}

template <class R, class F>
inline R call(Call which, int fd, F f) noexcept {
    if (const int e = fault(which, fd); e != 0) [[unlikely]] {
        return static_cast<R>(-e);
    }
    const R r = f();
    return r >= 0 ? r : static_cast<R>(-errno);
}

// Makes a call that takes a path: f(path).
template <class F>
inline int call_with(Call which, int fd, Path path, F f) noexcept {
    return path.get() == nullptr ? -EINVAL : call<int>(which, fd, [&] { return f(path.get()); });
}

// Makes a call that moves up to n bytes: f(n).
template <class F>
inline ssize_t transfer(Call which, int fd, std::size_t n, F f) noexcept {
    if (const FaultHook hook = fault_hook.load(std::memory_order_relaxed); hook != nullptr) [[unlikely]] {
        const Fault fault = ask(hook, which, fd);
        if (fault.error != 0) {
            return -fault.error;
        }
        n = n < fault.at_most ? n : fault.at_most;
    }
    const ssize_t r = f(n);
    return r >= 0 ? r : -errno;
}
}  // namespace detail

void set_fault_hook(FaultHook hook) noexcept;  // nullptr: none

// Whether a call may have done less than it could. A short count then says nothing about what is left.
inline bool may_cut_short() noexcept {
    return detail::fault_hook.load(std::memory_order_relaxed) != nullptr;
}

// Returns: r, unless it is an error. Throws: std::system_error for an error.
int checked(int r, const char* what);

// Sockets. These never wait, even if another process that has the socket too has made it blocking: a child, or a peer
// that sent it here. Only accept() and send_file() have no such flag.
constexpr int never_wait = MSG_DONTWAIT;
constexpr int sending = MSG_DONTWAIT | MSG_NOSIGNAL;
inline ssize_t recv(int fd, void* p, std::size_t n, int flags) noexcept {
    return detail::transfer(Call::recv, fd, n,
                            [=](std::size_t some) { return libc.recv(fd, p, some, flags | never_wait); });
}
inline ssize_t send(int fd, const void* p, std::size_t n, int flags) noexcept {
    return detail::transfer(Call::send, fd, n,
                            [=](std::size_t some) { return libc.send(fd, p, some, flags | sending); });
}
inline int accept(int fd, sockaddr* peer, socklen_t* len) noexcept {
    return detail::call<int>(Call::accept, fd,
                             [=] { return libc.accept4(fd, peer, len, SOCK_NONBLOCK | SOCK_CLOEXEC); });
}
inline int connect(int fd, const sockaddr* to, socklen_t len) noexcept {
    return detail::call<int>(Call::connect, fd, [=] { return libc.connect(fd, to, len); });
}
// For a whole datagram: no short counts. from: nullptr: the sender is not wanted.
inline ssize_t recv_datagram(int fd, void* p, std::size_t n, int flags, sockaddr* from, socklen_t* len) noexcept {
    return detail::call<ssize_t>(Call::recv, fd,
                                 [=] { return libc.recvfrom(fd, p, n, flags | never_wait, from, len); });
}
// to: nullptr for a connected socket.
inline ssize_t send_datagram(int fd, const void* p, std::size_t n, const sockaddr* to, socklen_t len,
                             int flags = 0) noexcept {
    return detail::call<ssize_t>(Call::send, fd, [=] { return libc.sendto(fd, p, n, flags | sending, to, len); });
}
inline ssize_t recvmsg(int fd, msghdr* message, int flags) noexcept {  // received descriptors are closed on exec
    return detail::call<ssize_t>(Call::recvmsg, fd,
                                 [=] { return libc.recvmsg(fd, message, flags | never_wait | MSG_CMSG_CLOEXEC); });
}
inline ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept {
    return detail::call<ssize_t>(Call::sendmsg, fd, [=] { return libc.sendmsg(fd, message, flags | sending); });
}
// For a stream: moves several parts in one call. A fault that cuts them short leaves only the first part, cut short.
ssize_t recv_parts(int fd, const iovec* parts, std::size_t count) noexcept;
ssize_t send_parts(int fd, const iovec* parts, std::size_t count) noexcept;
ssize_t send_file(int to, int from, std::int64_t offset, std::size_t n) noexcept;  // to a socket
int socket(int family, int type, int protocol = 0) noexcept;                       // non-blocking, closed on exec
int unix_pair(int (&ends)[2], int type = SOCK_STREAM) noexcept;  // two connected sockets, closed on exec
int bind(int fd, const sockaddr* at, socklen_t len) noexcept;
int listen(int fd, int backlog) noexcept;
int shutdown(int fd, int how) noexcept;
// For a socket: the number of bytes received and not read; of bytes sent that the peer has not acknowledged. 0:
// unknown.
int unread(int fd) noexcept;
int unsent(int fd) noexcept;
int at_urgent_mark(int fd) noexcept;  // 0 or 1: whether the next byte to read is urgent data
int get_option(int fd, int level, int option, int& value) noexcept;
int set_option(int fd, int level, int option, int value) noexcept;
// For a value of any type. size: of the room; then of the value.
int get_option_raw(int fd, int level, int option, void* value, socklen_t& size) noexcept;
int set_option_raw(int fd, int level, int option, const void* value, socklen_t size) noexcept;
int set_linger(int fd, bool on, int seconds) noexcept;
int get_linger(int fd, bool& on, int& seconds) noexcept;
int local_name(int fd, sockaddr* out, socklen_t* len) noexcept;
int peer_credentials(int fd, pid_t& process, uid_t& user, gid_t& group) noexcept;  // for a Unix-domain stream
int peer_name(int fd, sockaddr* out, socklen_t* len) noexcept;

// Descriptors.
inline ssize_t read(int fd, void* p, std::size_t n) noexcept {
    return detail::transfer(Call::read, fd, n, [=](std::size_t some) { return libc.read(fd, p, some); });
}
inline ssize_t write(int fd, const void* p, std::size_t n) noexcept {
    return detail::transfer(Call::write, fd, n, [=](std::size_t some) { return libc.write(fd, p, some); });
}
// Writes to a pipe. Returns -EPIPE, and raises no SIGPIPE, if the reading end is closed.
ssize_t write_pipe(int fd, const void* p, std::size_t n) noexcept;
// Several parts in one call, as recv_parts() and send_parts().
ssize_t write_pipe_parts(int fd, const iovec* parts, std::size_t count) noexcept;
ssize_t read_parts(int fd, const iovec* parts, std::size_t count) noexcept;
int set_pipe_size(int fd, int bytes) noexcept;               // rounded up. Returns: the size
int pipe(int (&ends)[2], int flags) noexcept;                // the reading end first; closed on exec. flags: O_NONBLOCK
int open(Path path, int flags, unsigned mode = 0) noexcept;  // closed on exec
// Opens the same pipe or terminal again, with flags of its own; closed on exec. Returns -errno if that is impossible.
int reopen(int fd, int flags) noexcept;
bool is_terminal(int fd) noexcept;  // false for the master of a pseudo-terminal: reopening it makes another one
int duplicate(int fd, int at_least) noexcept;  // the copy's number is at least at_least; closed on exec
int file_kind(int fd) noexcept;                // S_IFIFO, S_IFSOCK, ...
int status_flags(int fd) noexcept;
int set_nonblocking(int fd, bool on = true) noexcept;
int close_on_exec(int fd) noexcept;  // 0 or 1: whether it is set
int set_close_on_exec(int fd) noexcept;
int unlink(Path path) noexcept;
int rename(Path from, Path to) noexcept;  // replaces what is at `to`
int access(Path path, int mode) noexcept;
int close(int fd) noexcept;  // the number is free afterwards, whatever this returns
int eventfd() noexcept;
inline bool is_open(int fd) noexcept {
    return close_on_exec(fd) >= 0;
}

// The wall clock: nanoseconds since 1970.
std::int64_t wall_clock() noexcept;
int wall_timer() noexcept;  // a timerfd: readable when its time has come, or the clock was set; read() says which
// Returns: 0; -ECANCELED: the clock was set since the timer was last armed: read the clock, and arm again.
int arm_wall_timer(int fd, std::int64_t at_ns) noexcept;
void set_wall_clock_shift(std::int64_t ns) noexcept;  // for tests: wall_clock() is ahead by this much

// Files. These may block on a disk: call them in a ThreadPool.
ssize_t pread(int fd, void* p, std::size_t n, std::uint64_t offset) noexcept;
ssize_t pwrite(int fd, const void* p, std::size_t n, std::uint64_t offset) noexcept;
std::int64_t file_size(int fd) noexcept;
int truncate(int fd, std::uint64_t size) noexcept;
int sync(int fd) noexcept;

struct FileStatus {
    std::uint64_t device, inode, size, links;
    std::int64_t modified_ns;  // since 1970
    std::int64_t changed_ns;   // of the attributes or the content
    std::uint32_t mode, owner, group;
};
int file_status(Path path, FileStatus& out) noexcept;  // for a link, of the file it leads to
int file_status(int fd, FileStatus& out) noexcept;
// Opens a path relative to the folder; closed on exec. open_beneath(): no link on the way may lead out of the folder
// (EXDEV); -ENOSYS, -EPERM: the kernel, or a filter, does not offer this.
int open_at(int folder, Path path, int flags) noexcept;
int open_beneath(int folder, Path path, int flags) noexcept;
// Calls each(context, name, is_folder) for each entry of a folder, "." and ".." too, until it returns false. A link
// does not count as a folder.
int list_folder(int fd, bool (*each)(void* context, const char* name, bool is_folder), void* context);
bool is_link(Path path) noexcept;
bool on_network(Path path) noexcept;  // a file system that other machines can change without the kernel's notice
int inotify() noexcept;
int inotify_add(int fd, Path path, std::uint32_t mask) noexcept;
int inotify_remove(int fd, int watch) noexcept;

// The event loop.
int epoll_create() noexcept;
int epoll_ctl(int epfd, int op, int fd, epoll_event* event) noexcept;
// timeout_ns < 0: no limit.
int poll(pollfd* fds, std::size_t n, std::int64_t timeout_ns) noexcept;
// The same; changes the sets.
int select(int n, fd_set* read, fd_set* write, fd_set* except, std::int64_t timeout_ns) noexcept;
// The same. Sleeps to the nanosecond if the kernel can (5.11), else rounds up to milliseconds.
int epoll_wait(int epfd, epoll_event* events, int n, std::int64_t timeout_ns) noexcept;

// Processes.
pid_t fork() noexcept;
int posix_spawn(pid_t& pid, Path path, const posix_spawn_file_actions_t& actions, const posix_spawnattr_t& attributes,
                char* const argv[], char* const env[]) noexcept;
int pidfd_open(pid_t pid) noexcept;  // closed on exec; readable when the process has ended
// Reaps the child behind a pidfd, if it has ended. code: its exit status; signal: the signal that ended it, else 0.
// Returns: 1; 0: it has not ended; -ECHILD: it is not a child of ours, or was already reaped. !reap: only looks.
int wait_child(int pidfd, int& code, int& signal, bool reap = true) noexcept;
// Looks whether the child behind a pidfd is stopped, by which signal, or goes on after a stop; leaves it for others
// that wait. Returns: 1; 0: neither, or others have waited for that; -ECHILD as above.
int look_at_child(int pidfd, int& stopped_by, bool& goes_on) noexcept;
int waitid(idtype_t kind, id_t id, siginfo_t& info, int options) noexcept;  // sleeps unless WNOHANG is set
int signal_child(int pidfd, int signal) noexcept;
int signal_group(int pidfd, pid_t leader, int signal) noexcept;  // `pidfd` is the leader's
int kill(pid_t pid, int signal) noexcept;
pid_t parent() noexcept;
unsigned processors() noexcept;                    // on which this OS thread may run
int signal_at_parents_death(int signal) noexcept;  // the death of the OS thread that forked this process

// Signals, and the identity of this process. Fault hooks do not see these: they fail only for a wrong argument, or
// never.
int sigaction(int number, const struct ::sigaction* set, struct ::sigaction* before) noexcept;
void default_action(int number) noexcept;  // SIG_DFL
int sigaltstack(const stack_t* set, stack_t* before) noexcept;
void raise(int number) noexcept;                 // in this OS thread
int signalfd(const sigset_t& signals) noexcept;  // readable while one of them is pending, which must be blocked
void unblock(int number) noexcept;               // in this OS thread
void signal_thread(pthread_t thread, int number) noexcept;
pid_t process_id() noexcept;
pid_t thread_id() noexcept;  // the kernel's number of this OS thread
inline bool on_first_thread() noexcept {
    return thread_id() == process_id();
}
uid_t effective_user() noexcept;
bool isatty(int fd) noexcept;           // also true for the master of a pseudo-terminal
void yield_processor() noexcept;        // lets another OS thread run
void pause(std::int64_t ns) noexcept;   // this OS thread sleeps; a signal ends that early
std::int64_t thread_cpu_ns() noexcept;  // what this OS thread has used of a processor so far
void name_thread(pthread_t thread, const char* name) noexcept;
[[noreturn]] void exit_now(int status) noexcept;  // _exit(2)

// OS threads. futex_wait() blocks while `word` is `expected`, until futex_wake() or the timeout (negative: none); it
// may return early for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t timeout_ns = -1) noexcept;
void futex_wake(const std::atomic<std::uint32_t>& word, int most = INT32_MAX) noexcept;
// membarrier(2): has_barriers() asks for the right to them, once. barrier_everywhere(): every OS thread of the process
// has passed a full barrier between its call and its return. Requires: has_barriers().
bool has_barriers() noexcept;
void barrier_everywhere() noexcept;

// Memory.
// Readable and writable once touched, never huge pages; at `wish` where that is free. nullptr: errno says why.
void* reserve_memory(std::size_t size, void* wish = nullptr) noexcept;
void* free_addresses(std::size_t size) noexcept;  // the start of a free range of `size` bytes; nullptr: none is free
int release_memory(void* at, std::size_t size) noexcept;
int renew_memory(void* at, std::size_t size) noexcept;   // as reserved just now: no page, no guard, no page table
int guard_install(void* at, std::size_t size) noexcept;  // MADV_GUARD_INSTALL; -EINVAL: the kernel has none
int guard_remove(void* at, std::size_t size) noexcept;   // the pages then read as zeros
int protect_none(void* at, std::size_t size) noexcept;
// Both for n pieces of `size` bytes, at most 32, each `stride` after the one before, in one call, which kernels before
// 6.14 refuse. An error may leave some done.
int guard_install_each(void* first, std::size_t stride, std::size_t size, unsigned n) noexcept;
int populate_each(void* first, std::size_t stride, std::size_t size, unsigned n) noexcept;  // as if written to
int discard(void* at, std::size_t size) noexcept;  // gives the pages back; they then read as zeros
std::size_t page_size() noexcept;
void trim_heap() noexcept;  // makes the C library give back freed memory, if it can

}  // namespace tendril::sys
