// SPDX-License-Identifier: MIT

#include "patch/file_locks.hpp"

#include <sys/file.h>
#include <unistd.h>

#include "base/libc.hpp"
#include "patch/backoff.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

// Calls attempt() until it succeeds, or fails for another reason than that the lock is taken.
template <class Attempt>
int until_locked(Attempt attempt) noexcept {
    const int error = errno;
    for (Backoff backoff; attempt() != 0;) {
        if (errno != EAGAIN && errno != EACCES) {
            return -1;
        }
        switch (backoff.wait()) {
        case Wait::interrupted:
            return canceled();
        case Wait::signalled:
            errno = EINTR;
            return -1;
        default:
            break;
        }
    }
    errno = error;
    return 0;
}

}  // namespace

int lock_file(int fd, int operation) noexcept {
    if ((operation & (LOCK_NB | LOCK_UN)) != 0 || !may_park()) {
        return real.flock(fd, operation);
    }
    return until_locked([=] { return real.flock(fd, operation | LOCK_NB); });
}

int lock_section(int fd, int command, off_t length) noexcept {
    if (command != F_LOCK || !may_park()) {
        return real.lockf(fd, command, length);
    }
    return until_locked([=] { return real.lockf(fd, F_TLOCK, length); });
}

int lock_record(int fd, int command, struct flock* lock) noexcept {
    if (!may_park()) {
        return libc.fcntl(fd, command, lock);
    }
    const int attempt = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
    return until_locked([=] { return libc.fcntl(fd, attempt, lock); });
}

}  // namespace tendril::patch::detail
