// SPDX-License-Identifier: MIT
//
// How a blocking call of the C library becomes one that parks: try it without blocking; where that says EAGAIN, ask how
// long the caller means to wait; wait for the descriptor; try again.
//
// Nothing is remembered of a descriptor's flags and options: they are asked at each EAGAIN, so that no call that sets
// them need be seen.

#pragma once

#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>

#include "patch/green.hpp"

namespace tendril::patch::detail {

enum class Side : std::uint8_t { receive, send };

// How long a call that found nothing may wait.
struct CallLimit {
    bool waits;    // false: O_NONBLOCK is set, or the number is not open
    bool limited;  // by SO_RCVTIMEO or SO_SNDTIMEO: such a call is not restarted after a signal
    Deadline deadline;
};
CallLimit limit_of(int fd, Side side) noexcept;

inline bool would_block(std::int64_t r) noexcept {
    return r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// The waits of one call. A descriptor may say "ready" although the call then finds nothing: another reader was faster,
// an error is queued, a peek wants more than there is. After a few such rounds in a row it waits a little, more and
// more, instead of asking at once.
class Waits {
public:
    explicit Waits(Deadline deadline, bool restarts = true) noexcept : deadline_(deadline), restarts_(restarts) {}

    // Returns: as await_descriptor().
    Wait for_descriptor(int fd, Events what) noexcept;
    // For what has no descriptor to wait for: only waits a little. Returns: ready: try again; or as await_time().
    Wait a_little() noexcept;
    void progress() noexcept { in_vain_ = 0; }  // the call has moved something

    Deadline deadline() const noexcept { return deadline_; }

private:
    const Deadline deadline_;
    const bool restarts_;
    unsigned in_vain_ = 0;
};

// Sets errno for a call whose wait ended, and returns -1. `at_timeout`: the errno of a timeout of the descriptor's own.
// Requires: how is neither ready nor plain.
int fail(Wait how, int at_timeout = EAGAIN) noexcept;

// Sets errno to what it was before the call if that has succeeded: as the system's calls do. Returns: r.
template <class R>
R settled(R r, int before) noexcept {
    if (r >= 0) {
        errno = before;
    }
    return r;
}

// After a plain call that never waits: lets others run when it is their turn. Keeps errno. Returns: r.
template <class R>
R spent(R r) noexcept {
    if (looks_green()) {
        spend();
    }
    return r;
}

// Takes the error that is queued at a socket, as a call that waits inside the system takes it when it wakes up: a new
// call may see the end first. Returns: 0: none, or no socket.
int queued_error(int fd) noexcept;

// Makes attempt() until it does something else than to fail with EAGAIN. plain() is what is called where nobody can
// park. Requires: looks_green().
template <class Attempt, class PlainCall>
auto attempt_until_done(int fd, Events what, Side side, Attempt attempt, PlainCall plain) noexcept
    -> decltype(attempt()) {
    const int before = errno;
    auto r = attempt();
    if (!would_block(r)) [[likely]] {
        spend();
        return settled(r, before);
    }
    const CallLimit limit = limit_of(fd, side);
    if (!limit.waits) {
        errno = EAGAIN;
        spend();
        return r;
    }
    Waits waits(limit.deadline, !limit.limited);
    for (;;) {
        const Wait how = waits.for_descriptor(fd, what);
        if (how == Wait::plain) {
            return plain();
        }
        if (how != Wait::ready) {
            return fail(how);
        }
        r = attempt();
        if (!would_block(r)) {
            return settled(r, before);
        }
    }
}

// For a blocking call that moves all of its n bytes, unless something comes between: attempt(done) tries to move the
// rest, plain(done) does so without parking. Returns: n; fewer, if the rest met an error, a timeout or a kill; -1.
// Requires: looks_green().
template <class Attempt, class PlainCall>
ssize_t move_all(int fd, Events what, Side side, std::size_t n, Attempt attempt, PlainCall plain) noexcept {
    const int before = errno;
    ssize_t r = attempt(std::size_t{0});
    if (r >= 0 ? r == 0 || static_cast<std::size_t>(r) == n : !would_block(r)) [[likely]] {
        spend();
        return settled(r, before);
    }
    const CallLimit limit = limit_of(fd, side);
    if (!limit.waits) {
        errno = EAGAIN;
        spend();
        return settled(r, before);
    }
    Waits waits(limit.deadline, !limit.limited);
    std::size_t done = r > 0 ? static_cast<std::size_t>(r) : 0;
    const auto result = [&](ssize_t rest) { return settled(done > 0 ? static_cast<ssize_t>(done) : rest, before); };
    for (;;) {
        const Wait how = waits.for_descriptor(fd, what);
        if (how == Wait::plain) {
            r = plain(done);
            return r > 0 ? settled(static_cast<ssize_t>(done) + r, before) : result(r);
        }
        if (how != Wait::ready) {
            return result(fail(how));
        }
        if (const int error = done == 0 && side == Side::send ? queued_error(fd) : 0; error != 0) {
            errno = error;
            return -1;
        }
        r = attempt(done);
        if (r == 0 || (r < 0 && !would_block(r))) {
            return result(r);
        }
        if (r > 0) {
            waits.progress();
            done += static_cast<std::size_t>(r);
            if (done >= n) {
                return settled(static_cast<ssize_t>(done), before);
            }
        }
    }
}

}  // namespace tendril::patch::detail
