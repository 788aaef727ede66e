// SPDX-License-Identifier: MIT

#include "net/ares_sockets.hpp"

#include <sys/uio.h>

#include <cerrno>
#include <cstddef>

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

int open(int family, int type, const std::optional<Address>& source) noexcept {
    const int fd = sys::socket(family, type);
    if (fd < 0 || !source.has_value()) {
        return fd;
    }
    const int r = source->family() == family ? sys::bind(fd, source->raw(), source->raw_size()) : -EAFNOSUPPORT;
    if (r < 0) {
        sys::close(fd);
        return r;
    }
    return fd;
}

}  // namespace

const ares_socket_functions ares_through_sys = {
    [](int family, int type, int, void* sockets) noexcept -> ares_socket_t {
        return with_errno(open(family, type, static_cast<AresSockets*>(sockets)->source));
    },
    [](ares_socket_t fd, void*) noexcept -> int { return with_errno(sys::close(fd)); },
    [](ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) noexcept -> int {
        return with_errno(sys::connect(fd, to, size));
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
