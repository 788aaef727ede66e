// SPDX-License-Identifier: MIT

#include "patch/signal_wait.hpp"

#include <chrono>

#include <tendril/fd.hpp>

#include "base/libc.hpp"
#include "base/sys.hpp"
#include "patch/backoff.hpp"
#include "patch/child_ends.hpp"
#include "patch/real_calls.hpp"
#include "patch/signal_actions.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

int interrupted_by_handler() noexcept {
    errno = EINTR;
    return -1;
}

// Returns: the signal's number, or -1 with errno.
int take_one(const sigset_t* set, siginfo_t* info, Deadline deadline) noexcept {
    constexpr timespec at_once{};
    WatchedFd arrivals;
    for (;;) {
        if (const int r = real.sigtimedwait(set, info, &at_once); r >= 0 || errno != EAGAIN) {
            return r;
        }
        if (!arrivals) {
            const int fd = sys::signalfd(*set);
            if (fd < 0) {
                errno = -fd;
                return -1;
            }
            arrivals.take(Fd(fd));
        }
        switch (await_descriptor(arrivals.get(), events::read, deadline, false)) {
        case Wait::timed_out:
            errno = EAGAIN;
            return -1;
        case Wait::interrupted:
            return canceled();
        case Wait::signalled:
            return interrupted_by_handler();
        case Wait::failed:
            return -1;
        default:
            break;
        }
    }
}

// Waits until a handler has run on this OS thread since there were `before`.
int await_handler(unsigned long before) noexcept {
    while (handlers_run_here() == before) {  // a handler that ran earlier may break a wait off late
        tendril::detail::Presence keeps;     // a hub that waits for signals has something to wait for
        tendril::detail::here::keep_awaiting(keeps);
        if (await_time(never) == Wait::interrupted) {
            return canceled();
        }
    }
    return interrupted_by_handler();
}

}  // namespace

int wait_for_signal(const sigset_t* set, int* number) noexcept {
    if (!may_park()) {
        return real.sigwait(set, number);
    }
    const int error = errno;
    siginfo_t info;
    int r = 0;
    do {
        r = take_one(set, &info, never);
    } while (r < 0 && errno == EINTR);  // as the C library: POSIX knows no EINTR here
    const int failure = errno;
    errno = error;
    if (r < 0) {
        return failure;
    }
    *number = r;
    return 0;
}

int wait_for_signal_info(const sigset_t* set, siginfo_t* info) noexcept {
    return may_park() ? take_one(set, info, never) : real.sigwaitinfo(set, info);
}

int wait_for_signal_until(const sigset_t* set, siginfo_t* info, const timespec* timeout) noexcept {
    constexpr long second = 1'000'000'000;
    const bool odd = timeout != nullptr && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= second);
    if (odd || !may_park()) {
        return real.sigtimedwait(set, info, timeout);
    }
    if (timeout == nullptr) {
        return take_one(set, info, never);
    }
    return take_one(set, info, std::chrono::seconds(timeout->tv_sec) + std::chrono::nanoseconds(timeout->tv_nsec));
}

int suspend_for_signal(const sigset_t* mask) noexcept {
    if (!may_park()) {
        return real.sigsuspend(mask);
    }
    const unsigned long before = handlers_run_here();
    sigset_t former;
    libc.pthread_sigmask(SIG_SETMASK, mask, &former);  // the handlers of what is pending run here
    const int r = await_handler(before);
    const int error = errno;
    libc.pthread_sigmask(SIG_SETMASK, &former, nullptr);
    errno = error;
    return r;
}

int pause_for_signal() noexcept {
    return may_park() ? await_handler(handlers_run_here()) : real.pause();
}

}  // namespace tendril::patch::detail
