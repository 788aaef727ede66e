// SPDX-License-Identifier: MIT

#include "net/ares_sockets.hpp"

#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <new>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

// Converts -errno into what c-ares expects: -1 and errno.
template <class R>
R with_errno(R r) noexcept {
    if (r < 0) {
        errno = static_cast<int>(-r);
        return -1;
    }
    return r;
}

}  // namespace

int AresSockets::open(int family, int type) noexcept {
    const int fd = sys::socket(family, type);
    if (fd < 0) {
        return fd;
    }
    int r = -ENOMEM;
    try {
        r = bind(fd, family, type);
    } catch (const std::bad_alloc&) {
    }
    refused = r < 0 ? -r : 0;
    if (r < 0) {
        sys::close(fd);
        return r;
    }
    return fd;
}

int AresSockets::bind(int fd, int family, int type) {
    const std::uint16_t port = type == SOCK_DGRAM ? udp_port : tcp_port;
    if (!source.has_value() && port == 0) {
        return 0;
    }
    if (source.has_value() && source->family() != family) {
        return -EAFNOSUPPORT;
    }
    const Address at = Address::ip(source.has_value() ? source->ip() : family == AF_INET6 ? "::" : "0.0.0.0", port);
    if (port != 0 && type == SOCK_DGRAM) {
        return bind_udp_port(fd, at);
    }
    if (port != 0) {
        // Several connections at once, to several servers; and none that has ended keeps the port for a minute
        // (TIME_WAIT): its answers were read, so it may end by a reset.
        sys::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        sys::set_linger(fd, true, 0);
    }
    return sys::bind(fd, at.raw(), at.raw_size());
}

// There is a socket for each server that is asked; all are connected, so each gets its own server's answers. They share
// the port, but with no other Resolver, which could ask the same server and take the answers: the first one must get
// the port for itself.
int AresSockets::bind_udp_port(int fd, const Address& at) {
    at_udp_port.reserve(at_udp_port.size() + 1);
    const bool first = at_udp_port.empty();
    if (!first) {
        sys::set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    const int r = sys::bind(fd, at.raw(), at.raw_size());
    if (r < 0) {
        return r;
    }
    if (first) {
        sys::set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    at_udp_port.push_back(fd);
    return 0;
}

int AresSockets::connect(int fd, const sockaddr* to, ares_socklen_t size) noexcept {
    const int r = sys::connect(fd, to, size);
    if (r == -EADDRNOTAVAIL && tcp_port != 0) {  // another connection has this port and leads to the same server
        refused = -r;
    }
    return r;
}

int AresSockets::close(int fd) noexcept {
    std::erase(at_udp_port, fd);
    return sys::close(fd);
}

const ares_socket_functions ares_through_sys = {
    [](int family, int type, int, void* sockets) noexcept -> ares_socket_t {
        return with_errno(static_cast<AresSockets*>(sockets)->open(family, type));
    },
    [](ares_socket_t fd, void* sockets) noexcept -> int {
        return with_errno(static_cast<AresSockets*>(sockets)->close(fd));
    },
    [](ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void* sockets) noexcept -> int {
        return with_errno(static_cast<AresSockets*>(sockets)->connect(fd, to, size));
    },
    [](ares_socket_t fd, void* p, std::size_t n, int flags, sockaddr* from, ares_socklen_t* size,
       void* sockets) noexcept -> ares_ssize_t {
        if (from != nullptr && static_cast<AresSockets*>(sockets)->packets-- <= 0) {  // nullptr: a stream
            return with_errno(static_cast<ares_ssize_t>(-EAGAIN));
        }
        return with_errno(sys::recv_datagram(fd, p, n, flags, from, size));
    },
    [](ares_socket_t fd, const iovec* parts, int count, void*) noexcept -> ares_ssize_t {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        return with_errno(sys::sendmsg(fd, &message, 0));
    },
};

}  // namespace tendril::detail
