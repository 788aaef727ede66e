// SPDX-License-Identifier: MIT

#include "patch/child_wait.hpp"

#include "base/libc.hpp"
#include "base/sys.hpp"
#include "patch/backoff.hpp"
#include "patch/child_ends.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

// What to wait for until the next look.
class NextLook {
public:
    // `one`: the end of this child is waited for, and nothing else; 0: something else.
    explicit NextLook(pid_t one) noexcept : one_(one) {}

    // Suspends. Returns: ready or timed_out: look; else as await_descriptor().
    Wait wait() noexcept {
        if (one_ == 0) {
            return children_.await_end(backoff_.next());
        }
        if (!pidfd_) {
            pidfd_.take(Fd(sys::pidfd_open(one_)));
        }
        // Without one (the descriptors are used up, an old kernel) there is still the back-off.
        return pidfd_ ? await_descriptor(pidfd_.get(), events::read, never) : backoff_.wait();
    }

private:
    const pid_t one_;
    WatchedFd pidfd_;
    ChildEnds children_;
    Backoff backoff_;
};

// Calls look() until it says that there is a result, and parks in between. Returns: 0, or an errno.
template <class Look>
int until(Look look, pid_t one) noexcept {
    NextLook next(one);
    const int error = errno;
    while (!look()) {
        switch (next.wait()) {
        case Wait::interrupted:
            return ECANCELED;
        case Wait::signalled:
            return EINTR;
        case Wait::failed:
            return errno;
        default:
            errno = error;
        }
    }
    return 0;
}

}  // namespace

pid_t wait_usage(pid_t pid, int* status, int options, rusage* usage) noexcept {
    if ((options & WNOHANG) != 0 || !may_park()) {
        return real.wait4(pid, status, options, usage);
    }
    pid_t result = 0;
    const auto look = [&] {
        result = real.wait4(pid, status, options | WNOHANG, usage);
        return result != 0;
    };
    const bool only_its_end = pid > 0 && (options & (WUNTRACED | WCONTINUED)) == 0;
    if (const int error = until(look, only_its_end ? pid : 0); error != 0) {
        errno = error;
        return -1;
    }
    return result;
}

pid_t wait_usage_any(int* status, int options, rusage* usage) noexcept {
    return wait_usage(-1, status, options, usage);
}

pid_t wait_child(pid_t pid, int* status, int options) noexcept {
    return wait_usage(pid, status, options, nullptr);
}

pid_t wait_any(int* status) noexcept {
    return wait_usage(-1, status, 0, nullptr);
}

int wait_info(idtype_t kind, id_t id, siginfo_t* info, int options) noexcept {
    if ((options & WNOHANG) != 0 || !may_park()) {
        return libc.waitid(kind, id, info, options);
    }
    siginfo_t found{};
    int result = 0;
    const auto look = [&] {
        found.si_pid = 0;
        result = libc.waitid(kind, id, &found, options | WNOHANG);
        return result != 0 || found.si_pid != 0;
    };
    const bool only_its_end = kind == P_PID && (options & (WSTOPPED | WCONTINUED)) == 0;
    if (const int error = until(look, only_its_end ? static_cast<pid_t>(id) : 0); error != 0) {
        errno = error;
        return -1;
    }
    if (result == 0 && info != nullptr) {
        *info = found;
    }
    return result;
}

}  // namespace tendril::patch::detail
