// SPDX-License-Identifier: MIT
//
// Signals, and the identity of this process: the calls of base/sys.hpp that no test makes fail. All but name_thread()
// may be called in a signal handler.

#include <sched.h>
#include <sys/signalfd.h>

#include <ctime>

#include "base/sys.hpp"

namespace tendril::sys {

int sigaction(int number, const struct ::sigaction* set, struct ::sigaction* before) noexcept {
    return libc.sigaction(number, set, before) == 0 ? 0 : -errno;
}

void default_action(int number) noexcept {
    libc.signal(number, SIG_DFL);
}

int sigaltstack(const stack_t* set, stack_t* before) noexcept {
    return ::sigaltstack(set, before) == 0 ? 0 : -errno;
}

int signalfd(const sigset_t& signals) noexcept {
    const int fd = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

void raise(int number) noexcept {
    libc.raise(number);
}

void unblock(int number) noexcept {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, number);
    libc.pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

void signal_thread(pthread_t thread, int number) noexcept {
    libc.pthread_kill(thread, number);
}

pid_t process_id() noexcept {
    return ::getpid();
}

pid_t thread_id() noexcept {
    return ::gettid();
}

uid_t effective_user() noexcept {
    return ::geteuid();
}

bool isatty(int fd) noexcept {
    return ::isatty(fd) != 0;
}

void pause(std::int64_t ns) noexcept {
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    libc.nanosleep(&time, nullptr);
}

std::int64_t thread_cpu_ns() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void yield_processor() noexcept {
    libc.sched_yield();
}

void name_thread(pthread_t thread, const char* name) noexcept {
    libc.pthread_setname_np(thread, name);
}

void exit_now(int status) noexcept {
    ::_exit(status);
}

}  // namespace tendril::sys
