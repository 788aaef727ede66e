// SPDX-License-Identifier: MIT
//
// connect, accept, sendfile, splice: calls on sockets that take no MSG_DONTWAIT. O_NONBLOCK is set for the moment of
// the call, in which no other green thread runs.

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/libc.hpp"
#include "base/sys.hpp"
#include "patch/blocking.hpp"
#include "patch/hooks.hpp"
#include "patch/non_blocking_moment.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
namespace sys = tendril::sys;

namespace {

int connect(int fd, const sockaddr* to, socklen_t size) noexcept {
    if (!looks_green() || !in_own_process()) {
        return libc.connect(fd, to, size);
    }
    const int before = errno;
    const CallLimit limit = limit_of(fd, Side::send);
    if (!limit.waits) {
        return libc.connect(fd, to, size);
    }
    Waits waits(limit.deadline, !limit.limited);
    for (int in_progress = 0;;) {
        const int r = in_a_moment(fd, [=] { return libc.connect(fd, to, size); });
        if (r == 0 || (errno == EISCONN && in_progress != 0)) {
            spend();
            return settled(0, before);
        }
        Wait how = Wait::ready;
        if (errno == EINPROGRESS || errno == EALREADY) {
            in_progress = in_progress != 0 ? in_progress : errno;
            how = waits.for_descriptor(fd, events::write);  // the same call then says how it has ended
        } else if (errno == EAGAIN) {
            how = waits.a_little();  // a Unix-domain listener whose queue is full: nothing says when there is room
        } else {
            return r;
        }
        if (how == Wait::plain) {
            return libc.connect(fd, to, size);
        }
        if (how != Wait::ready) {
            return fail(how, in_progress != 0 ? in_progress : EAGAIN);
        }
    }
}

// Whether an accept4() can wait at all, and not only fail.
bool may_accept(int fd, int flags) noexcept {
    int listens = 0;
    return (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == 0 &&
           sys::get_option(fd, SOL_SOCKET, SO_ACCEPTCONN, listens) == 0 && listens != 0;
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
            if (sys::poll(&one, 1, 0) == 0 && may_accept(fd, flags)) {
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
        return spent(plain());
    }
    const int before = errno;
    if (sys::file_kind(from) != S_IFIFO && sys::file_kind(to) != S_IFIFO) {
        return plain();  // fails
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
                return settled(r, before);
            }
        }
        const int waited_for = readable ? to : from;
        if (!limit_of(waited_for, Side::send).waits) {
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
