// SPDX-License-Identifier: MIT

#include <tendril/udp_socket.hpp>

#include <netinet/in.h>

#include <algorithm>

#include <tendril/greenlet.hpp>

#include "net/send_addressed.hpp"
#include "net/socket_access.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::Handle;
using detail::SocketAccess;
using detail::when_ready;

namespace {

constexpr const char* object = "a datagram socket";

void bind_to(const Handle& handle, const Address& at, const std::string& what) {
    if (const int r = sys::bind(handle.fd(), at.raw(), at.raw_size()); r < 0) {
        fail(r, what);
    }
}

Datagram received(ssize_t r, Buffer buffer) {
    if (r < 0) {
        fail(r, "recv");
    }
    const auto size = static_cast<std::size_t>(r);  // of the whole datagram, due to MSG_TRUNC
    return {std::min(size, buffer.size()), size > buffer.size(), size};
}

}  // namespace

UdpSocket UdpSocket::bound(const Address& at, const UdpOptions& options) {
    const std::string what = "bind a datagram socket to " + at.to_string();
    UdpSocket made(SocketAccess::open(at.family(), SOCK_DGRAM, what));
    made.prepare(options, at.family());
    bind_to(made.handle_, at, what);
    return made;
}

void UdpSocket::prepare(const UdpOptions& options, int family) {
    if (options.reuse_address) {
        set(option::reuse_address, true);
    }
    if (options.reuse_port) {
        set(option::reuse_port, true);
    }
    if (family == AF_INET6) {
        set(option::v6_only, options.v6_only);
    }
    SocketAccess::apply(options.settings, handle_);
}

UdpSocket UdpSocket::connected(const Address& to, const std::optional<Address>& bind, const UdpOptions& options) {
    const std::string what = "connect a datagram socket to " + to.to_string();
    UdpSocket made(SocketAccess::open(to.family(), SOCK_DGRAM, what));
    made.prepare(options, to.family());
    if (bind.has_value()) {
        bind_to(made.handle_, *bind, what + " from " + bind->to_string());
    }
    made.connect_to(to);
    return made;
}

void UdpSocket::connect_to(const Address& to) {
    const int fd = handle_.use(object).fd;
    int r = -EINTR;
    while (r == -EINTR) {
        r = sys::connect(fd, to.raw(), to.raw_size());
    }
    if (r < 0) {
        fail(r, "connect a datagram socket to " + to.to_string());
    }
}

UdpSocket SocketAccess::datagrams(int family, int type, int protocol, const UdpOptions& options,
                                  const std::string& what) {
    UdpSocket made(open(family, type, what, protocol));
    made.prepare(options, AF_UNSPEC);  // v6_only means nothing to a raw socket
    return made;
}

UdpSocket UdpSocket::unbound(int family) {
    return UdpSocket(SocketAccess::open(family, SOCK_DGRAM, "make a datagram socket"));
}

std::pair<UdpSocket, UdpSocket> UdpSocket::pair() {
    auto [a, b] = SocketAccess::open_pair(SOCK_DGRAM, "make a pair of datagram sockets");
    return {UdpSocket(std::move(a)), UdpSocket(std::move(b))};
}

UdpSocket::UdpSocket(Fd fd) : handle_(SocketAccess::take_over(std::move(fd), SOCK_DGRAM, false, object, SOCK_RAW)) {}

Datagram UdpSocket::recv(Buffer buffer, Deadline deadline) {
    return recv(buffer, RecvOptions(), deadline);
}

Datagram UdpSocket::recv(Buffer buffer, const RecvOptions& options, Deadline deadline) {
    Descriptor& d = enter_call(handle_, object, Direction::read, "recv");
    const int flags = detail::flags_of(options) | MSG_TRUNC;
    const ssize_t r = when_ready(d, Direction::read, "recv", deadline, 0, [&](int fd) {
        return sys::recv_datagram(fd, buffer.data(), buffer.size(), flags, nullptr, nullptr);
    });
    return received(r, buffer);
}

Datagram UdpSocket::recv_from(Buffer buffer, Address& from, Deadline deadline) {
    return recv_from(buffer, from, RecvOptions(), deadline);
}

Datagram UdpSocket::recv_from(Buffer buffer, Address& from, const RecvOptions& options, Deadline deadline) {
    const int flags = detail::flags_of(options) | MSG_TRUNC;
    Descriptor& d = enter_call(handle_, object, Direction::read, "recv_from");
    sockaddr_storage raw{};
    socklen_t size = 0;
    const ssize_t r = when_ready(d, Direction::read, "recv_from", deadline, 0, [&](int fd) {
        size = sizeof raw;
        return sys::recv_datagram(fd, buffer.data(), buffer.size(), flags, reinterpret_cast<sockaddr*>(&raw), &size);
    });
    const Datagram datagram = received(r, buffer);
    from = size >= sizeof(sa_family_t) ? Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size) : Address();
    return datagram;
}

std::optional<Datagram> UdpSocket::try_recv_from(Buffer buffer, Address& from) {
    const Descriptor& d = handle_.use(object);
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    ssize_t r = -EINTR;
    while (r == -EINTR) {
        r = sys::recv_datagram(d.fd, buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&raw), &size);
    }
    if (r == -EAGAIN) {
        return std::nullopt;
    }
    const Datagram datagram = received(r, buffer);
    from = size >= sizeof(sa_family_t) ? Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size) : Address();
    return datagram;
}

void UdpSocket::send(Bytes bytes, Deadline deadline) {
    send(bytes, SendOptions(), deadline);
}

void UdpSocket::send(Bytes bytes, const SendOptions& options, Deadline deadline) {
    const int flags = detail::flags_of(options);
    Descriptor& d = enter_call(handle_, object, Direction::write, "send");
    const ssize_t r = when_ready(d, Direction::write, "send", deadline, 0, [&](int fd) {
        return sys::send_datagram(fd, bytes.data(), bytes.size(), nullptr, 0, flags);
    });
    if (r < 0) {
        fail(r, "send");
    }
}

void UdpSocket::send_to(Bytes bytes, const Address& to, Deadline deadline) {
    send_to(bytes, to, SendOptions(), deadline);
}

void UdpSocket::send_to(Bytes bytes, const Address& to, const SendOptions& options, Deadline deadline) {
    Descriptor& d = enter_call(handle_, object, Direction::write, "send_to");
    const int flags = detail::flags_of(options);
    detail::send_addressed(d, to, deadline, "send_to", "send_to ", [&](int fd) {
        return sys::send_datagram(fd, bytes.data(), bytes.size(), to.raw(), to.raw_size(), flags);
    });
}

void UdpSocket::change_group(int v4, int v6, const Address& group, unsigned interface, const char* what) {
    const int fd = handle_.use(object).fd;
    int r = -EAFNOSUPPORT;
    if (group.family() == AF_INET) {
        ip_mreqn request{};
        request.imr_multiaddr = reinterpret_cast<const sockaddr_in*>(group.raw())->sin_addr;
        request.imr_ifindex = static_cast<int>(interface);
        r = sys::set_option_raw(fd, IPPROTO_IP, v4, &request, sizeof request);
    } else if (group.family() == AF_INET6) {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = reinterpret_cast<const sockaddr_in6*>(group.raw())->sin6_addr;
        request.ipv6mr_interface = interface;
        r = sys::set_option_raw(fd, IPPROTO_IPV6, v6, &request, sizeof request);
    }
    if (r < 0) {
        fail(r, std::string(what) + " " + group.ip());
    }
}

void UdpSocket::join_group(const Address& group, unsigned interface) {
    change_group(IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, group, interface, "join group");
}

void UdpSocket::leave_group(const Address& group, unsigned interface) {
    change_group(IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP, group, interface, "leave group");
}

void UdpSocket::send_groups_on(unsigned interface) {
    const int fd = handle_.use(object).fd;
    int family = AF_UNSPEC;
    int r = sys::get_option(fd, SOL_SOCKET, SO_DOMAIN, family);
    if (r >= 0 && family == AF_INET6) {
        r = sys::set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(interface));
    } else if (r >= 0) {
        ip_mreqn request{};
        request.imr_ifindex = static_cast<int>(interface);
        r = sys::set_option_raw(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    }
    if (r < 0) {
        fail(r, "send_groups_on interface " + std::to_string(interface));
    }
}

Address UdpSocket::local_address() const {
    return SocketAccess::name(handle_, &sys::local_name, "local_address");
}

Address UdpSocket::peer_address() const {
    return SocketAccess::name(handle_, &sys::peer_name, "peer_address");
}

Fd UdpSocket::release() {
    return Fd(handle_.release(object));
}

}  // namespace tendril
