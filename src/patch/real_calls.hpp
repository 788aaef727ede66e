// SPDX-License-Identifier: MIT
//
// real: the C library's own functions that only hooks call. Those that the rest of the library calls too are in `libc`
// (base/libc.hpp), whose invariants hold here as well. A hook that may not park calls one of these, unchanged.

#pragma once

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/libc.hpp"

// What the fortified inline functions, and the cleanup handlers of C code, call: declared by no header.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library has these names
extern "C" {
ssize_t __read_chk(int fd, void* to, std::size_t n, std::size_t room);
ssize_t __recv_chk(int fd, void* to, std::size_t n, std::size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* to, std::size_t n, std::size_t room, int flags, sockaddr* from, socklen_t* len);
int __poll_chk(pollfd* fds, nfds_t n, int timeout, std::size_t room);
int __ppoll_chk(pollfd* fds, nfds_t n, const timespec* timeout, const sigset_t* mask, std::size_t room);
char* __fgets_chk(char* to, std::size_t room, int n, FILE* from);
std::size_t __fread_chk(void* to, std::size_t room, std::size_t size, std::size_t n, FILE* from);
void __pthread_register_cancel(__pthread_unwind_buf_t* buffer);
void __pthread_unregister_cancel(__pthread_unwind_buf_t* buffer);
[[noreturn]] void __pthread_unwind_next(__pthread_unwind_buf_t* buffer);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

// Calls each(name) for every function of the table.
// clang-format off
#define TENDRIL_REAL_CALLS(each) \
    each(accept) each(recvmmsg) each(sendmmsg) each(splice) each(select) each(epoll_pwait) each(epoll_pwait2) \
    each(dup) each(dup3) each(close_range) each(fgets) each(fread) each(getc) each(fgetc) each(getline) each(getdelim) \
    each(__read_chk) each(__recv_chk) each(__recvfrom_chk) each(__poll_chk) each(__ppoll_chk) each(__fgets_chk) \
    each(__fread_chk) \
    each(clock_nanosleep) each(usleep) each(sleep) \
    each(getnameinfo) each(gethostbyname) each(gethostbyname2) each(gethostbyname_r) each(gethostbyname2_r) \
    each(gethostbyaddr) \
    each(waitpid) each(wait) each(wait3) each(wait4) each(system) each(daemon) each(popen) each(pclose) \
    each(flock) each(lockf) each(fdatasync) \
    each(sem_init) each(sem_destroy) each(sem_open) each(sem_close) each(sem_wait) each(sem_trywait) \
    each(sem_timedwait) each(sem_clockwait) each(sem_post) each(sem_getvalue) \
    each(pthread_mutex_init) each(pthread_mutex_destroy) each(pthread_mutex_trylock) each(pthread_mutex_timedlock) \
    each(pthread_mutex_clocklock) each(pthread_mutex_consistent) each(pthread_mutexattr_setrobust) \
    each(pthread_cond_init) each(pthread_cond_destroy) each(pthread_cond_wait) each(pthread_cond_timedwait) \
    each(pthread_cond_clockwait) each(pthread_cond_signal) each(pthread_cond_broadcast) \
    each(pthread_rwlock_init) each(pthread_rwlock_destroy) each(pthread_rwlock_rdlock) each(pthread_rwlock_wrlock) \
    each(pthread_rwlock_tryrdlock) each(pthread_rwlock_trywrlock) each(pthread_rwlock_timedrdlock) \
    each(pthread_rwlock_timedwrlock) each(pthread_rwlock_clockrdlock) each(pthread_rwlock_clockwrlock) \
    each(pthread_rwlock_unlock) \
    each(pthread_barrier_init) each(pthread_barrier_destroy) each(pthread_barrier_wait) each(pthread_once) \
    each(pthread_spin_lock) each(pthread_spin_trylock) each(pthread_spin_unlock) \
    each(pthread_exit) each(pthread_equal) each(pthread_tryjoin_np) each(pthread_timedjoin_np) \
    each(pthread_clockjoin_np) each(pthread_cancel) each(pthread_setcancelstate) each(pthread_setcanceltype) \
    each(pthread_testcancel) each(pthread_getname_np) each(pthread_getschedparam) each(pthread_setschedparam) \
    each(pthread_setschedprio) each(pthread_getaffinity_np) each(pthread_setaffinity_np) each(pthread_sigqueue) \
    each(__pthread_register_cancel) each(__pthread_unregister_cancel) each(__pthread_unwind_next) \
    each(thrd_create) each(thrd_current) each(thrd_detach) each(thrd_equal) each(thrd_exit) each(thrd_join) \
    each(thrd_sleep) each(thrd_yield) each(call_once) each(mtx_init) each(mtx_destroy) each(mtx_lock) \
    each(mtx_timedlock) each(mtx_trylock) each(mtx_unlock) each(cnd_init) each(cnd_destroy) each(cnd_wait) \
    each(cnd_timedwait) each(cnd_signal) each(cnd_broadcast) each(tss_create) each(tss_delete) each(tss_get) \
    each(tss_set) each(sched_yield) \
    each(pthread_key_create) each(pthread_key_delete) each(pthread_getspecific) each(pthread_setspecific) \
    each(sigsuspend) each(sigwait) each(sigwaitinfo) each(sigtimedwait) each(pause) each(raise) \
    each(dlmopen) each(dlvsym) each(dlclose)
// clang-format on

namespace tendril::patch::detail {

using tendril::detail::libc;

struct RealCalls {
// NOLINTNEXTLINE(bugprone-macro-parentheses): it is a name
#define TENDRIL_REAL_MEMBER(name) decltype(&::name) name = &::name;
    TENDRIL_REAL_CALLS(TENDRIL_REAL_MEMBER)
#undef TENDRIL_REAL_MEMBER

    // As Libc's.
    void detach() noexcept;
    std::span<const std::byte> bytes() const noexcept {
        return std::as_bytes(std::span(this, 1));
    }
};

extern constinit RealCalls real;

}  // namespace tendril::patch::detail
