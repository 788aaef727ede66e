// SPDX-License-Identifier: MIT
// Floor: patch
//
// real: the C library's own functions, for callers that must have the original in a patched program.
//
//     const ssize_t got = tendril::patch::real::read(fd, buffer, size);    // blocks the OS thread
//
// From any OS thread, patched or not. errno is the function's.

#pragma once

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace tendril::patch {

namespace detail {

// Returns: nullptr: the C library cannot be asked, as in a static program, where nothing is patched.
void* real_function(const char* symbol) noexcept;

// A function of the C library, looked up by its first call.
template <class F>
class Real {
public:
    constexpr Real(const char* symbol, F* linked) noexcept : symbol_(symbol), linked_(linked) {}

    template <class... A>
    auto operator()(A... arguments) const {
        return function()(arguments...);
    }
    F* function() const noexcept {
        F* known = known_.load(std::memory_order_relaxed);
        if (known == nullptr) {
            void* const found = real_function(symbol_);
            known = found != nullptr ? reinterpret_cast<F*>(found) : linked_;
            known_.store(known, std::memory_order_relaxed);
        }
        return known;
    }

private:
    const char* symbol_;
    F* linked_;  // by a slot, which may be patched
    mutable std::atomic<F*> known_{nullptr};
};

template <class F>
Real(const char*, F*) -> Real<F>;

}  // namespace detail

namespace real {

// The C library's own function, below all patches: see above.
#define TENDRIL_PATCH_REAL(name) inline constinit const detail::Real name{#name, &::name};

TENDRIL_PATCH_REAL(read)
TENDRIL_PATCH_REAL(write)
TENDRIL_PATCH_REAL(readv)
TENDRIL_PATCH_REAL(writev)
TENDRIL_PATCH_REAL(recv)
TENDRIL_PATCH_REAL(recvfrom)
TENDRIL_PATCH_REAL(recvmsg)
TENDRIL_PATCH_REAL(recvmmsg)
TENDRIL_PATCH_REAL(send)
TENDRIL_PATCH_REAL(sendto)
TENDRIL_PATCH_REAL(sendmsg)
TENDRIL_PATCH_REAL(sendmmsg)
TENDRIL_PATCH_REAL(sendfile)
TENDRIL_PATCH_REAL(splice)
TENDRIL_PATCH_REAL(connect)
TENDRIL_PATCH_REAL(accept)
TENDRIL_PATCH_REAL(accept4)
TENDRIL_PATCH_REAL(poll)
TENDRIL_PATCH_REAL(ppoll)
TENDRIL_PATCH_REAL(select)
TENDRIL_PATCH_REAL(pselect)
TENDRIL_PATCH_REAL(epoll_wait)
TENDRIL_PATCH_REAL(epoll_pwait)
TENDRIL_PATCH_REAL(close)
TENDRIL_PATCH_REAL(fcntl)
TENDRIL_PATCH_REAL(ioctl)
TENDRIL_PATCH_REAL(setsockopt)
TENDRIL_PATCH_REAL(dup)
TENDRIL_PATCH_REAL(dup2)
TENDRIL_PATCH_REAL(dup3)
TENDRIL_PATCH_REAL(fgets)
TENDRIL_PATCH_REAL(fread)
TENDRIL_PATCH_REAL(getline)
TENDRIL_PATCH_REAL(nanosleep)
TENDRIL_PATCH_REAL(clock_nanosleep)
TENDRIL_PATCH_REAL(usleep)
TENDRIL_PATCH_REAL(sleep)
TENDRIL_PATCH_REAL(getaddrinfo)
TENDRIL_PATCH_REAL(getnameinfo)
TENDRIL_PATCH_REAL(gethostbyname)
TENDRIL_PATCH_REAL(gethostbyname_r)
TENDRIL_PATCH_REAL(gethostbyaddr_r)
TENDRIL_PATCH_REAL(waitpid)
TENDRIL_PATCH_REAL(wait)
TENDRIL_PATCH_REAL(wait4)
TENDRIL_PATCH_REAL(waitid)
TENDRIL_PATCH_REAL(system)
TENDRIL_PATCH_REAL(pclose)
TENDRIL_PATCH_REAL(flock)
TENDRIL_PATCH_REAL(fsync)
TENDRIL_PATCH_REAL(fdatasync)
TENDRIL_PATCH_REAL(fork)
TENDRIL_PATCH_REAL(sem_wait)
TENDRIL_PATCH_REAL(sem_timedwait)
TENDRIL_PATCH_REAL(sem_post)
TENDRIL_PATCH_REAL(pthread_mutex_lock)
TENDRIL_PATCH_REAL(pthread_mutex_unlock)
TENDRIL_PATCH_REAL(pthread_cond_wait)
TENDRIL_PATCH_REAL(pthread_cond_timedwait)
TENDRIL_PATCH_REAL(pthread_cond_signal)
TENDRIL_PATCH_REAL(pthread_cond_broadcast)
TENDRIL_PATCH_REAL(pthread_create)
TENDRIL_PATCH_REAL(pthread_join)
TENDRIL_PATCH_REAL(pthread_detach)
TENDRIL_PATCH_REAL(pthread_self)
TENDRIL_PATCH_REAL(pthread_kill)
TENDRIL_PATCH_REAL(pthread_sigmask)
TENDRIL_PATCH_REAL(pthread_key_create)
TENDRIL_PATCH_REAL(pthread_getspecific)
TENDRIL_PATCH_REAL(pthread_setspecific)
TENDRIL_PATCH_REAL(sigaction)

#undef TENDRIL_PATCH_REAL

}  // namespace real

}  // namespace tendril::patch
