// SPDX-License-Identifier: MIT
//
// libc: the C library's own functions, for our use, where the floor patch has a hook of the same name.
//
// 1. Nothing in src/ calls these by plain names (tools/check_libc.py): in a patched program such a call may end in
//    our own hook, and the hub's own epoll_wait() would wait for the hub.
// 2. The table is initialised before any constructor runs, and in static programs. A call costs what one by the
//    procedure linkage table costs.
// 3. Before the first slot is patched, detach() is called; afterwards no pointer here leads through a slot. The slots
//    that the loader wrote the table itself by lie in bytes(), which must not be patched.

#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <ctime>
#include <span>

// Calls each(name) for every function of the table.
// clang-format off
#define TENDRIL_LIBC_FUNCTIONS(each) \
    each(read) each(write) each(readv) each(writev) each(close) each(closefrom) each(fcntl) each(ioctl) each(dup2) \
    each(fsync) each(poll) each(ppoll) each(pselect) each(epoll_wait) \
    each(recv) each(recvfrom) each(recvmsg) each(send) each(sendto) each(sendmsg) each(sendfile) \
    each(connect) each(accept4) each(setsockopt) \
    each(nanosleep) each(getaddrinfo) each(gethostbyaddr_r) each(waitid) each(fork) each(syscall) \
    each(dlopen) each(dlsym) each(sigaction) each(signal) each(sigprocmask) each(sigtimedwait) each(raise) \
    each(pthread_create) each(pthread_join) each(pthread_detach) each(pthread_self) each(pthread_kill) \
    each(pthread_setname_np) each(pthread_getattr_np) each(pthread_getcpuclockid) each(pthread_sigmask) \
    each(pthread_mutex_lock) each(pthread_mutex_unlock) each(sched_yield)
// clang-format on

namespace tendril::detail {

struct Libc {
// NOLINTNEXTLINE(bugprone-macro-parentheses): it is a name
#define TENDRIL_LIBC_MEMBER(name) decltype(&::name) name = &::name;
    TENDRIL_LIBC_FUNCTIONS(TENDRIL_LIBC_MEMBER)
#undef TENDRIL_LIBC_MEMBER

    // Takes each function from the C library's own symbols, where it has it: what a program that is not
    // position-independent takes for the address of a function is a stub of its own, which jumps by a slot. Has no
    // effect the second time, nor under a sanitizer, whose interceptors must stay.
    void detach() noexcept;

    // Where the table lies.
    std::span<const std::byte> bytes() const noexcept {
        return std::as_bytes(std::span(this, 1));
    }
};

extern constinit Libc libc;

// Returns: the C library's function, which no patch changes; nullptr: it has none of that name, or cannot be asked, as
// in a static program or under a sanitizer.
void* find_in_libc(const char* name) noexcept;

// Sets a pointer of such a table, if the function is found.
template <class F>
void take_from_libc(F*& function, const char* name) noexcept {
    if (void* const found = find_in_libc(name); found != nullptr) {
        __atomic_store_n(&function, reinterpret_cast<F*>(found), __ATOMIC_RELAXED);
    }
}

}  // namespace tendril::detail
