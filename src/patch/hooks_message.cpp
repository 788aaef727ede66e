// SPDX-License-Identifier: MIT
//
// recv, send, and their like: calls that take MSG_DONTWAIT.

#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "base/libc.hpp"
#include "base/sys.hpp"
#include "patch/blocking.hpp"
#include "patch/hooks.hpp"
#include "patch/iovec_rest.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
namespace sys = tendril::sys;

namespace {

// Flags with which a call never waits.
constexpr int immediate = MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB;

bool is_stream(int fd) noexcept {
    int type = 0;
    return sys::get_option(fd, SOL_SOCKET, SO_TYPE, type) == 0 && type == SOCK_STREAM;
}

bool has_ended(int fd) noexcept {
    pollfd one{fd, POLLRDHUP, 0};
    return sys::poll(&one, 1, 0) != 0;
}

// Whether the call must get all that it asked for.
bool wants_all(int fd, int flags) noexcept {
    return (flags & MSG_WAITALL) != 0 && is_stream(fd);
}

// A peek sees the same bytes again, so it is made anew until there are n: once() peeks.
template <class Once, class PlainCall>
ssize_t peek_all(int fd, std::size_t n, Once once, PlainCall plain) noexcept {
    const int before = errno;
    const auto enough = [=]() -> ssize_t {
        const ssize_t r = once();
        if (r > 0 && static_cast<std::size_t>(r) < n && !has_ended(fd)) {
            errno = EAGAIN;
            return -1;
        }
        return r;
    };
    const ssize_t r = attempt_until_done(fd, events::read, Side::receive, enough, plain);
    if (r >= 0) {
        return r;
    }
    const int error = errno;
    const ssize_t some = once();  // a wait that ended early returns what there is
    errno = some > 0 ? before : error;
    return some > 0 ? some : -1;
}

ssize_t recvfrom(int fd, void* to, std::size_t n, int flags, sockaddr* from, socklen_t* size) noexcept {
    const auto plain = [=] { return libc.recvfrom(fd, to, n, flags, from, size); };
    if ((flags & immediate) != 0 || !looks_green()) {
        return spent(plain());
    }
    const auto once = [=] { return libc.recvfrom(fd, to, n, flags | MSG_DONTWAIT, from, size); };
    if (!wants_all(fd, flags)) {
        return attempt_until_done(fd, events::read, Side::receive, once, plain);
    }
    if ((flags & MSG_PEEK) != 0) {
        return peek_all(fd, n, once, plain);
    }
    const auto rest = [=](std::size_t done, int more_flags) {
        return libc.recvfrom(fd, static_cast<char*>(to) + done, n - done, flags | more_flags, from, size);
    };
    return move_all(
        fd, events::read, Side::receive, n, [=](std::size_t done) { return rest(done, MSG_DONTWAIT); },
        [=](std::size_t done) { return rest(done, 0); });
}

ssize_t recv(int fd, void* to, std::size_t n, int flags) noexcept {
    return recvfrom(fd, to, n, flags, nullptr, nullptr);
}

// The call on the parts behind `done` bytes; `message` is changed as the system changes it.
template <class Call>
ssize_t on_rest(msghdr& message, std::size_t done, Call call) noexcept {
    if (done == 0) {
        return call(message);
    }
    IovecRest rest(message.msg_iov, message.msg_iovlen, done);
    msghdr some = message;
    some.msg_iov = rest.data();
    some.msg_iovlen = rest.count();
    some.msg_control = nullptr;  // went with the first bytes
    some.msg_controllen = 0;
    return call(some);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) noexcept {
    const auto plain = [=] { return libc.recvmsg(fd, message, flags); };
    if ((flags & immediate) != 0 || !looks_green()) {
        return spent(plain());
    }
    // The system changes the lengths of the name and of the control data even if it finds nothing.
    const socklen_t name_size = message->msg_namelen;
    const std::size_t control_size = message->msg_controllen;
    const auto once = [=] {
        message->msg_namelen = name_size;
        message->msg_controllen = control_size;
        return libc.recvmsg(fd, message, flags | MSG_DONTWAIT);
    };
    if (!wants_all(fd, flags)) {
        return attempt_until_done(fd, events::read, Side::receive, once, plain);
    }
    const std::size_t n = total(message->msg_iov, message->msg_iovlen);
    if ((flags & MSG_PEEK) != 0) {
        return peek_all(fd, n, once, plain);
    }
    const auto rest = [=](std::size_t done, int more_flags) {
        return on_rest(*message, done, [=](msghdr& some) { return libc.recvmsg(fd, &some, flags | more_flags); });
    };
    return move_all(
        fd, events::read, Side::receive, n,
        [=](std::size_t done) { return done == 0 ? once() : rest(done, MSG_DONTWAIT); },
        [=](std::size_t done) { return rest(done, 0); });
}

ssize_t sendto(int fd, const void* from, std::size_t n, int flags, const sockaddr* to, socklen_t size) noexcept {
    if ((flags & MSG_DONTWAIT) != 0 || !looks_green()) {
        return spent(libc.sendto(fd, from, n, flags, to, size));
    }
    const auto rest = [=](std::size_t done, int more_flags) {
        return libc.sendto(fd, static_cast<const char*>(from) + done, n - done, flags | more_flags, to, size);
    };
    return move_all(
        fd, events::write, Side::send, n, [=](std::size_t done) { return rest(done, MSG_DONTWAIT); },
        [=](std::size_t done) { return rest(done, 0); });
}

ssize_t send(int fd, const void* from, std::size_t n, int flags) noexcept {
    return sendto(fd, from, n, flags, nullptr, 0);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept {
    if ((flags & MSG_DONTWAIT) != 0 || !looks_green()) {
        return spent(libc.sendmsg(fd, message, flags));
    }
    const auto rest = [=](std::size_t done, int more_flags) {
        return on_rest(const_cast<msghdr&>(*message), done,
                       [=](const msghdr& some) { return libc.sendmsg(fd, &some, flags | more_flags); });
    };
    return move_all(
        fd, events::write, Side::send, total(message->msg_iov, message->msg_iovlen),
        [=](std::size_t done) { return rest(done, MSG_DONTWAIT); }, [=](std::size_t done) { return rest(done, 0); });
}

// As the system's own: the timeout is looked at after each message, and ends no wait for one.
int recvmmsg(int fd, mmsghdr* messages, unsigned n, int flags, timespec* timeout) noexcept {
    const bool valid =
        timeout == nullptr || (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1'000'000'000);
    if ((flags & MSG_DONTWAIT) != 0 || n == 0 || !valid || !looks_green()) {
        return spent(real.recvmmsg(fd, messages, n, flags, timeout));
    }
    using namespace std::chrono;
    const Deadline end =
        timeout != nullptr ? Deadline(seconds(timeout->tv_sec) + nanoseconds(timeout->tv_nsec)) : never;
    const int before = errno;
    unsigned done = 0;
    while (done < n) {
        const int more_flags = done > 0 && (flags & MSG_WAITFORONE) != 0 ? MSG_DONTWAIT : 0;
        const ssize_t r = patch::detail::recvmsg(fd, &messages[done].msg_hdr, (flags & ~MSG_WAITFORONE) | more_flags);
        if (r < 0) {
            break;
        }
        messages[done++].msg_len = static_cast<unsigned>(r);
        if (Deadline::now_ns() >= end.ns()) {
            break;
        }
    }
    if (timeout != nullptr) {
        const std::int64_t left = std::max<std::int64_t>(end.ns() - Deadline::now_ns(), 0);
        *timeout = {left / 1'000'000'000, left % 1'000'000'000};
    }
    return settled(done > 0 ? static_cast<int>(done) : -1, before);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned n, int flags) noexcept {
    if ((flags & MSG_DONTWAIT) != 0 || n == 0 || !looks_green()) {
        return spent(real.sendmmsg(fd, messages, n, flags));
    }
    const int before = errno;
    unsigned done = 0;
    if (!is_stream(fd)) {  // whose messages go whole or not at all
        const int r = real.sendmmsg(fd, messages, n, flags | MSG_DONTWAIT);
        done = r > 0 ? static_cast<unsigned>(r) : 0;
    }
    for (; done < n; ++done) {
        const ssize_t r = patch::detail::sendmsg(fd, &messages[done].msg_hdr, flags);
        if (r < 0) {
            return settled(done > 0 ? static_cast<int>(done) : -1, before);
        }
        messages[done].msg_len = static_cast<unsigned>(r);
    }
    spend();
    return settled(static_cast<int>(n), before);
}

// The fortified ones: what is too long for its room is for them to report.
ssize_t recv_chk(int fd, void* to, std::size_t n, std::size_t room, int flags) noexcept {
    return n > room ? real.__recv_chk(fd, to, n, room, flags) : patch::detail::recv(fd, to, n, flags);
}
ssize_t recvfrom_chk(int fd, void* to, std::size_t n, std::size_t room, int flags, sockaddr* from,
                     socklen_t* size) noexcept {
    return n > room ? real.__recvfrom_chk(fd, to, n, room, flags, from, size)
                    : patch::detail::recvfrom(fd, to, n, flags, from, size);
}

}  // namespace

Hooks message_hooks() noexcept {
    static const std::array hooks{
        Hook("recv", Class::io, &patch::detail::recv),
        Hook("recvfrom", Class::io, &patch::detail::recvfrom),
        Hook("recvmsg", Class::io, &patch::detail::recvmsg),
        Hook("recvmmsg", Class::io, &patch::detail::recvmmsg),
        Hook("send", Class::io, &patch::detail::send),
        Hook("__send", Class::io, &patch::detail::send),
        Hook("sendto", Class::io, &patch::detail::sendto),
        Hook("sendmsg", Class::io, &patch::detail::sendmsg),
        Hook("sendmmsg", Class::io, &patch::detail::sendmmsg),
        Hook("__sendmmsg", Class::io, &patch::detail::sendmmsg),
        Hook("__recv_chk", Class::io, &recv_chk),
        Hook("__recvfrom_chk", Class::io, &recvfrom_chk),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
