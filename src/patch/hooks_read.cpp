// SPDX-License-Identifier: MIT
//
// read, write, readv, writev: for any descriptor, without a change of its flags. See DescriptorKinds for the ways.

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>

#include "base/libc.hpp"
#include "base/raw_terminal.hpp"
#include "base/sys.hpp"
#include "patch/blocking.hpp"
#include "patch/descriptor_kinds.hpp"
#include "patch/hooks.hpp"
#include "patch/iovec_rest.hpp"
#include "patch/non_blocking_moment.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;
namespace sys = tendril::sys;

namespace {

bool ready(int fd, short what) noexcept {
    pollfd one{fd, what, 0};
    return sys::poll(&one, 1, 0) != 0;
}

// What eventfds, timers and their like read at least: less is an error at once.
constexpr std::size_t smallest_read = 8;

bool refused_nowait(ssize_t r) noexcept {
    return r < 0 && (errno == EOPNOTSUPP || errno == ENOSYS);
}

ssize_t nothing_yet() noexcept {
    errno = EAGAIN;
    return -1;
}

// The forms of a call on one buffer: each is one system call.
struct Read {
    void* to;
    std::size_t n;
    ssize_t of_socket(int fd) const noexcept { return libc.recv(fd, to, n, MSG_DONTWAIT); }
    ssize_t nowait(int fd) const noexcept {
        const iovec one{to, n};
        return ::preadv2(fd, &one, 1, -1, RWF_NOWAIT);
    }
    ssize_t plain(int fd) const noexcept { return libc.read(fd, to, n); }
    ssize_t plain_rest(int fd, std::size_t done) const noexcept {
        return libc.read(fd, static_cast<char*>(to) + done, n - done);
    }
    std::size_t size() const noexcept { return n; }
};

struct ReadParts {
    const iovec* parts;
    int count;
    ssize_t of_socket(int fd) const noexcept {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        return libc.recvmsg(fd, &message, MSG_DONTWAIT);
    }
    ssize_t nowait(int fd) const noexcept { return ::preadv2(fd, parts, count, -1, RWF_NOWAIT); }
    ssize_t plain(int fd) const noexcept { return libc.readv(fd, parts, count); }
    ssize_t plain_rest(int fd, std::size_t done) const noexcept {
        IovecRest rest(parts, static_cast<std::size_t>(count), done);
        return libc.readv(fd, rest.data(), static_cast<int>(rest.count()));
    }
    std::size_t size() const noexcept { return total(parts, static_cast<std::size_t>(count)); }
};

// A file's part that is not in memory is read by a call that blocks for the disk; so a short count, or none, is looked
// at: it is the end, or the disk must be asked. If the number is no file's any more, nothing may block.
template <class Call>
ssize_t rest_of_file(int fd, const Call& call, ssize_t r) noexcept {
    if (DescriptorKinds::find_out(fd) != Kind::file) {
        return r;
    }
    const std::size_t done = r > 0 ? static_cast<std::size_t>(r) : 0;
    const ssize_t rest = done > 0 ? call.plain_rest(fd, done) : call.plain(fd);
    return done > 0 ? r + std::max<ssize_t>(rest, 0) : rest;
}

// A terminal of which poll(2) says that there is nothing. A raw one waits for VMIN bytes, or fewer if the call wants
// fewer; if VMIN is 0, for a time. VTIME between bytes is left to the call itself: it blocks that long.
template <class Call>
ssize_t read_raw_terminal(int fd, const Call& call) noexcept {
    unsigned least = 0;
    unsigned tenths = 0;
    if (!sys::reads_raw(fd, least, tenths)) {
        return nothing_yet();
    }
    if (least > 0 && call.size() >= least) {
        return nothing_yet();
    }
    if (least > 0) {  // poll(2) does not say it
        Waits waits(never);
        while (sys::unread(fd) < static_cast<int>(call.size())) {
            if (!limit_of(fd, Side::receive).waits) {
                return nothing_yet();
            }
            if (const Wait how = waits.a_little(); how != Wait::ready) {
                return how == Wait::plain ? call.plain(fd) : fail(how);
            }
        }
        return call.plain(fd);
    }
    if (tenths == 0 || !limit_of(fd, Side::receive).waits) {
        return call.plain(fd);
    }
    const Wait how = await_descriptor(fd, events::read, std::chrono::milliseconds(100 * tenths));
    if (how == Wait::timed_out) {
        return 0;
    }
    return how == Wait::ready || how == Wait::plain ? call.plain(fd) : fail(how);
}

template <class Call>
ssize_t try_read(int fd, const Call& call) noexcept {
    for (Kind kind = DescriptorKinds::of(fd);;) {
        ssize_t r = 0;
        switch (kind) {
        case Kind::unknown:
        case Kind::socket:
            r = call.of_socket(fd);
            if (r >= 0 || errno != ENOTSOCK) {
                DescriptorKinds::set(fd, Kind::socket);
                return r;
            }
            break;
        case Kind::nowait:
        case Kind::file:
            r = call.nowait(fd);
            if (!refused_nowait(r)) {
                const bool whole = r >= 0 && static_cast<std::size_t>(r) == call.size();
                const bool short_of_file = kind == Kind::file && (r < 0 ? errno == EAGAIN : !whole);
                return short_of_file ? rest_of_file(fd, call, r) : r;
            }
            DescriptorKinds::set(fd, Kind::polled);
            [[fallthrough]];
        case Kind::polled:
            if (!ready(fd, POLLIN) && (call.size() >= smallest_read || sys::file_kind(fd) == S_IFIFO)) {
                return nothing_yet();
            }
            return call.plain(fd);
        case Kind::terminal:
            return ready(fd, POLLIN) ? call.plain(fd) : read_raw_terminal(fd, call);
        }
        kind = DescriptorKinds::find_out(fd);
        if (kind == Kind::unknown) {
            return call.plain(fd);  // not open: says so
        }
    }
}

template <class Call>
ssize_t read_by(int fd, const Call& call) noexcept {
    if (!looks_green() || call.size() == 0) {
        return call.plain(fd);
    }
    return attempt_until_done(
        fd, events::read, Side::receive, [&] { return try_read(fd, call); }, [&] { return call.plain(fd); });
}

ssize_t read(int fd, void* to, std::size_t n) noexcept {
    return read_by(fd, Read{to, n});
}

ssize_t readv(int fd, const iovec* parts, int count) noexcept {
    if (count <= 0 || count > IOV_MAX) {
        return libc.readv(fd, parts, count);
    }
    return read_by(fd, ReadParts{parts, count});
}

// A write of what is behind `done` bytes.
struct Write {
    const void* from;
    std::size_t n;
    iovec rest(std::size_t done) const noexcept {
        return {const_cast<char*>(static_cast<const char*>(from) + done), n - done};
    }
    ssize_t to_socket(int fd, std::size_t done) const noexcept {
        return libc.send(fd, rest(done).iov_base, n - done, MSG_DONTWAIT);
    }
    ssize_t nowait(int fd, std::size_t done) const noexcept {
        const iovec one = rest(done);
        return ::pwritev2(fd, &one, 1, -1, RWF_NOWAIT);
    }
    ssize_t plain(int fd, std::size_t done, std::size_t at_most = SIZE_MAX) const noexcept {
        return libc.write(fd, rest(done).iov_base, std::min(n - done, at_most));
    }
    std::size_t size() const noexcept { return n; }
};

struct WriteParts {
    const iovec* parts;
    int count;

    template <class F>
    ssize_t on_rest(std::size_t done, F f) const noexcept {
        if (done == 0) {
            return f(parts, count);
        }
        IovecRest rest(parts, static_cast<std::size_t>(count), done);
        return f(static_cast<const iovec*>(rest.data()), static_cast<int>(rest.count()));
    }
    ssize_t to_socket(int fd, std::size_t done) const noexcept {
        return on_rest(done, [fd](const iovec* some, int n) {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(some);
            message.msg_iovlen = static_cast<std::size_t>(n);
            return libc.sendmsg(fd, &message, MSG_DONTWAIT);
        });
    }
    ssize_t nowait(int fd, std::size_t done) const noexcept {
        return on_rest(done, [fd](const iovec* some, int n) { return ::pwritev2(fd, some, n, -1, RWF_NOWAIT); });
    }
    ssize_t plain(int fd, std::size_t done, std::size_t at_most = SIZE_MAX) const noexcept {
        return on_rest(done, [fd, at_most](const iovec* some, int n) {
            std::size_t size = 0;
            int whole = 0;
            while (whole < n && some[whole].iov_len <= at_most - size) {
                size += some[whole++].iov_len;
            }
            return whole > 0 ? libc.writev(fd, some, whole)
                             : libc.write(fd, some->iov_base, std::min(some->iov_len, at_most));
        });
    }
    std::size_t size() const noexcept { return total(parts, static_cast<std::size_t>(count)); }
};

// How much a call can write without blocking once poll(2) has said that there is room.
constexpr std::size_t terminal_room = 256;
constexpr std::size_t pipe_room = PIPE_BUF;

// An eventfd says that there is room if there is room for 1.
bool may_overflow(const Write& call) noexcept {
    std::uint64_t value = 0;
    if (call.n != sizeof value || call.from == nullptr) {
        return false;
    }
    std::memcpy(&value, call.from, sizeof value);
    return value > UINT32_MAX;
}
bool may_overflow(const WriteParts&) noexcept {
    return false;
}

template <class Call>
ssize_t try_write(int fd, const Call& call, std::size_t done) noexcept {
    for (Kind kind = DescriptorKinds::of(fd);;) {
        ssize_t r = 0;
        switch (kind) {
        case Kind::unknown:
        case Kind::socket:
            r = call.to_socket(fd, done);
            if (r >= 0 || errno != ENOTSOCK) {
                DescriptorKinds::set(fd, Kind::socket);
                return r;
            }
            break;
        case Kind::nowait:
            r = call.nowait(fd, done);
            if (!refused_nowait(r)) {
                return r;
            }
            DescriptorKinds::set(fd, Kind::polled);
            [[fallthrough]];
        case Kind::polled:
            if (!ready(fd, POLLOUT)) {
                return nothing_yet();
            }
            if (const int file_kind = sys::file_kind(fd); file_kind == S_IFIFO) {
                return call.plain(fd, done, pipe_room);
            } else if (file_kind == S_IFSOCK) {
                break;
            }
            return may_overflow(call) ? in_a_moment(fd, [&] { return call.plain(fd, done); }) : call.plain(fd, done);
        case Kind::file:  // has a place, which a pipe, a socket or a terminal has not; cheaper to ask for than a poll
            if (::lseek(fd, 0, SEEK_CUR) >= 0 || DescriptorKinds::find_out(fd) == Kind::file) {
                return call.plain(fd, done);
            }
            break;
        case Kind::terminal:
            return ready(fd, POLLOUT) ? call.plain(fd, done, terminal_room) : nothing_yet();
        }
        kind = DescriptorKinds::find_out(fd);
        if (kind == Kind::unknown) {
            return call.plain(fd, done);
        }
    }
}

template <class Call>
ssize_t write_by(int fd, const Call& call) noexcept {
    if (!looks_green() || call.size() == 0) {
        return call.plain(fd, 0);
    }
    return move_all(
        fd, events::write, Side::send, call.size(), [&](std::size_t done) { return try_write(fd, call, done); },
        [&](std::size_t done) { return call.plain(fd, done); });
}

ssize_t write(int fd, const void* from, std::size_t n) noexcept {
    return write_by(fd, Write{from, n});
}

ssize_t writev(int fd, const iovec* parts, int count) noexcept {
    if (count <= 0 || count > IOV_MAX) {
        return libc.writev(fd, parts, count);
    }
    return write_by(fd, WriteParts{parts, count});
}

ssize_t read_chk(int fd, void* to, std::size_t n, std::size_t room) noexcept {
    return n > room ? real.__read_chk(fd, to, n, room) : patch::detail::read(fd, to, n);
}

}  // namespace

Hooks read_hooks() noexcept {
    static const std::array hooks{
        Hook("read", Class::io, &patch::detail::read),     Hook("__read", Class::io, &patch::detail::read),
        Hook("readv", Class::io, &patch::detail::readv),   Hook("write", Class::io, &patch::detail::write),
        Hook("__write", Class::io, &patch::detail::write), Hook("writev", Class::io, &patch::detail::writev),
        Hook("__read_chk", Class::io, &read_chk),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
