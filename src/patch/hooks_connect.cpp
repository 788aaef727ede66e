// SPDX-License-Identifier: MIT
//
// connect, accept, sendfile, splice: calls on sockets that take no MSG_DONTWAIT. O_NONBLOCK is set for the moment of
// the call, in which no other green thread runs.

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/libc.hpp"
#include "base/sys.hpp"
#include "patch/blocking.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
namespace sys = tendril::sys;

namespace {

// Whether a descriptor is blocking; while it lives, it is not. Keeps the errno of the call in between.
class NonBlockingMoment {
public:
    explicit NonBlockingMoment(int fd) noexcept : fd_(fd), flags_(sys::status_flags(fd)) {
        if (blocking()) {
            libc.fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK);
        }
    }
    NonBlockingMoment(const NonBlockingMoment&) = delete;
    NonBlockingMoment& operator=(const NonBlockingMoment&) = delete;
    ~NonBlockingMoment() {
        if (blocking()) {
            const int error = errno;
            libc.fcntl(fd_, F_SETFL, flags_);
            errno = error;
        }
    }
    bool blocking() const noexcept { return flags_ >= 0 && (flags_ & O_NONBLOCK) == 0; }

private:
    const int fd_;
    const int flags_;
};

template <class Call>
auto in_a_moment(int fd, Call call) noexcept {
    const NonBlockingMoment moment(fd);
    return call();
}

// Waits for the end of a connect that is in progress.
int finish_connect(int fd, Waits& waits) noexcept {
    for (;;) {
        pollfd one{fd, POLLOUT, 0};
        if (sys::poll(&one, 1, 0) != 0) {
            int error = 0;
            if (const int r = sys::get_option(fd, SOL_SOCKET, SO_ERROR, error); r < 0) {
                error = -r;
            }
            errno = error;
            return error == 0 ? 0 : -1;
        }
        if (const Wait how = waits.for_descriptor(fd, events::write); how != Wait::ready) {
            return how == Wait::plain ? -1 : fail(how, EINPROGRESS);
        }
    }
}

int connect(int fd, const sockaddr* to, socklen_t size) noexcept {
    if (!looks_green() || !in_own_process()) {
        return libc.connect(fd, to, size);
    }
    const Patience patience = detail::patience(fd, Side::send);
    if (!patience.waits) {
        return libc.connect(fd, to, size);
    }
    Waits waits(patience.deadline, !patience.limited);
    for (;;) {
        const int r = in_a_moment(fd, [=] { return libc.connect(fd, to, size); });
        if (r == 0) {
            spend();
            return 0;
        }
        if (errno == EINPROGRESS || errno == EALREADY) {
            return finish_connect(fd, waits);
        }
        if (errno != EAGAIN) {
            return r;
        }
        // A Unix-domain listener whose queue is full: nothing says when there is room.
        if (const Wait how = waits.a_little(); how != Wait::ready) {
            return fail(how);
        }
    }
}

int accept4(int fd, sockaddr* peer, socklen_t* size, int flags) noexcept {
    const auto plain = [=] { return libc.accept4(fd, peer, size, flags); };
    if (!looks_green()) {
        return plain();
    }
    return attempt_until_done(
        fd, events::read, Side::receive,
        [=] {
            // Others may have the listener, too: asked first, so that its flags change only when it may block.
            pollfd one{fd, POLLIN, 0};
            if (sys::poll(&one, 1, 0) == 0) {
                errno = EAGAIN;
                return -1;
            }
            return in_a_moment(fd, plain);
        },
        plain);
}

int accept(int fd, sockaddr* peer, socklen_t* size) noexcept {
    return patch::detail::accept4(fd, peer, size, 0);
}

ssize_t sendfile(int to, int from, off_t* offset, std::size_t n) noexcept {
    if (!looks_green()) {
        return libc.sendfile(to, from, offset, n);
    }
    const auto rest = [=](std::size_t done) { return libc.sendfile(to, from, offset, n - done); };
    // The end of the file comes as a short count, and then as 0.
    return move_all(
        to, events::write, Side::send, n, [=](std::size_t done) { return in_a_moment(to, [=] { return rest(done); }); },
        rest);
}

bool is_ready(int fd, short what) noexcept {
    pollfd one{fd, what, 0};
    return sys::poll(&one, 1, 0) != 0;
}

// One end is a pipe, which SPLICE_F_NONBLOCK is for; the other is asked first.
ssize_t splice(int from, off64_t* from_at, int to, off64_t* to_at, std::size_t n, unsigned flags) noexcept {
    const auto plain = [=] { return real.splice(from, from_at, to, to_at, n, flags); };
    if ((flags & SPLICE_F_NONBLOCK) != 0 || !looks_green()) {
        return plain();
    }
    Waits waits(never);
    for (;;) {
        const bool readable = is_ready(from, POLLIN);
        if (readable && is_ready(to, POLLOUT)) {
            const ssize_t r = in_a_moment(to, [=] {
                return in_a_moment(from,
                                   [=] { return real.splice(from, from_at, to, to_at, n, flags | SPLICE_F_NONBLOCK); });
            });
            if (!would_block(r)) {
                spend();
                return r;
            }
        }
        const int waited_for = readable ? to : from;
        if (!patience(waited_for, Side::send).waits) {
            return plain();
        }
        const Wait how = waits.for_descriptor(waited_for, readable ? events::write : events::read);
        if (how == Wait::plain) {
            return plain();
        }
        if (how != Wait::ready) {
            return fail(how);
        }
    }
}

}  // namespace

Hooks connect_hooks() noexcept {
    static const std::array hooks{
        Hook("connect", Class::io, &patch::detail::connect),   Hook("__connect", Class::io, &patch::detail::connect),
        Hook("accept", Class::io, &patch::detail::accept),     Hook("accept4", Class::io, &patch::detail::accept4),
        Hook("sendfile", Class::io, &patch::detail::sendfile), Hook("sendfile64", Class::io, &patch::detail::sendfile),
        Hook("splice", Class::io, &patch::detail::splice),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
