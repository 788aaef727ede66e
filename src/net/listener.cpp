// SPDX-License-Identifier: MIT

#include <netinet/in.h>
#include <sys/stat.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "net/socket_access.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::Handle;
using detail::SocketAccess;
using detail::when_ready;

Listener::Listener(Fd fd) : handle_(SocketAccess::take_over(std::move(fd), SOCK_STREAM, true, "a listener")) {}

Listener Listener::duplicate() const {
    return SocketAccess::listener(SocketAccess::duplicate(handle_, "a listener"), made_with_);
}

Fd Listener::release() {
    return Fd(handle_.release("a listener"));
}

TcpSocket Listener::accept(Deadline deadline) {
    Address peer;
    return accept(peer, deadline);
}

TcpSocket Listener::accept(Address& peer, Deadline deadline) {
    Descriptor& d = enter_call(handle_, "a listener", Direction::read, "accept");
    sockaddr_storage raw{};
    socklen_t size = 0;
    const ssize_t fd = when_ready(d, Direction::read, "accept", deadline, 0, [&](int listening) {
        size = sizeof raw;
        return sys::accept(listening, reinterpret_cast<sockaddr*>(&raw), &size);
    });
    if (fd < 0) {
        fail(fd, "accept");
    }
    TcpSocket socket = SocketAccess::adopt(static_cast<int>(fd), raw.ss_family);
    peer = Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
    return socket;
}

std::optional<TcpSocket> Listener::try_accept() {
    Address peer;
    return try_accept(peer);
}

std::optional<TcpSocket> Listener::try_accept(Address& peer) {
    Descriptor& d = handle_.use("a listener");
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    int fd = -EAGAIN;
    while (d.readable && (fd = sys::accept(d.fd, reinterpret_cast<sockaddr*>(&raw), &size)) == -EINTR) {
    }
    if (fd == -EAGAIN) {
        // Stays readable if no event is armed, since none would ever set it again.
        d.readable = (d.armed & detail::events::read) == 0;
        return std::nullopt;
    }
    if (fd < 0) {
        fail(fd, "accept");
    }
    TcpSocket socket = SocketAccess::adopt(fd, raw.ss_family);
    peer = Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
    return socket;
}

Address Listener::address() const {
    return SocketAccess::name(handle_, &sys::local_name, "address");
}

namespace {

// Whether it is a socket file on which no process listens. Checks the kind first, since connecting to any other file
// fails with ECONNREFUSED too.
bool is_stale(const Address& at) {
    sys::FileStatus file{};
    if (sys::file_status(at.path(), file) < 0 || (file.mode & S_IFMT) != S_IFSOCK) {
        return false;
    }
    const Fd probe(sys::socket(AF_UNIX, SOCK_STREAM));
    return probe.is_open() && sys::connect(probe.get(), at.raw(), at.raw_size()) == -ECONNREFUSED;
}

int bind_to(int fd, const Address& at, const ListenOptions& options) {
    const int r = sys::bind(fd, at.raw(), at.raw_size());
    if (r != -EADDRINUSE || !options.replace_socket_file || at.family() != AF_UNIX || !is_stale(at)) {
        return r;
    }
    const int removed = sys::unlink(at.path());
    return removed < 0 ? removed : sys::bind(fd, at.raw(), at.raw_size());
}

}  // namespace

Handle SocketAccess::listen(int type, const Address& at, const ListenOptions& options) {
    const std::string what = "listen on " + at.to_string();
    if (options.backlog < 0) {  // the system would take it for the largest possible one
        throw std::invalid_argument(what + ": a backlog of " + std::to_string(options.backlog));
    }
    Handle handle = open(at.family(), type, what);
    const int fd = handle.fd();
    const auto check = [&](int r) {
        if (r < 0) {
            fail(r, what);
        }
    };
    if (at.family() != AF_UNIX) {
        check(sys::set_option(fd, SOL_SOCKET, SO_REUSEADDR, options.reuse_address ? 1 : 0));
        check(sys::set_option(fd, SOL_SOCKET, SO_REUSEPORT, options.reuse_port ? 1 : 0));
    }
    if (at.family() == AF_INET6) {
        check(sys::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only ? 1 : 0));
    }
    check(make_prompt(fd, at.family()));
    apply(options.settings, handle);
    const int bound = bind_to(fd, at, options);
    if (bound == -EADDRINUSE && at.family() == AF_UNIX && !at.path().starts_with('@') && !options.replace_socket_file) {
        fail(bound, what + " (a socket file is there; if its server is gone, remove it, or set replace_socket_file)");
    }
    check(bound);
    check(sys::listen(fd, options.backlog));
    return handle;
}

Listener listen(const Address& at, const ListenOptions& options) {
    return SocketAccess::listener(SocketAccess::listen(SOCK_STREAM, at, options),
                                  std::make_shared<const ListenOptions>(options));
}

}  // namespace tendril
