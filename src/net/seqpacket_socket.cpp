// SPDX-License-Identifier: MIT

#include <tendril/seqpacket_socket.hpp>

#include <algorithm>

#include "net/seqpacket_end.hpp"
#include "net/socket_access.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::SocketAccess;
using detail::when_ready;

namespace {

constexpr const char* object = "a seqpacket socket";
constexpr const char* listener = "a seqpacket listener";

}  // namespace

SeqpacketSocket::SeqpacketSocket(Fd fd)
    : handle_(SocketAccess::take_over(std::move(fd), SOCK_SEQPACKET, false, object)) {}

SeqpacketSocket SeqpacketSocket::connected(const Address& to, const ConnectOptions& options, Deadline deadline) {
    return SeqpacketSocket(SocketAccess::connect(SOCK_SEQPACKET, to, options, deadline));
}

std::pair<SeqpacketSocket, SeqpacketSocket> SeqpacketSocket::pair() {
    auto [a, b] = SocketAccess::open_pair(SOCK_SEQPACKET, "make a pair of seqpacket sockets");
    return {SeqpacketSocket(std::move(a)), SeqpacketSocket(std::move(b))};
}

std::optional<Datagram> SeqpacketSocket::recv(Buffer buffer, Deadline deadline) {
    return recv(buffer, RecvOptions(), deadline);
}

std::optional<Datagram> SeqpacketSocket::recv(Buffer buffer, const RecvOptions& options, Deadline deadline) {
    Descriptor& d = enter_call(handle_, object, Direction::read, "recv");
    const int flags = detail::flags_of(options) | MSG_TRUNC;
    const ssize_t r = when_ready(d, Direction::read, "recv", deadline, 0, [&](int fd) {
        return sys::recv_datagram(fd, buffer.data(), buffer.size(), flags, nullptr, nullptr);
    });
    if (r < 0) {
        fail(d, r, "recv");
    }
    const auto size = static_cast<std::size_t>(r);
    if (size == 0 && detail::seqpacket_ended(d.fd)) {
        return std::nullopt;
    }
    return Datagram{std::min(size, buffer.size()), size > buffer.size(), size};
}

void SeqpacketSocket::send(Bytes bytes, Deadline deadline) {
    Descriptor& d = enter_call(handle_, object, Direction::write, "send");
    const ssize_t r = when_ready(d, Direction::write, "send", deadline, 0, [&](int fd) {
        return sys::send_datagram(fd, bytes.data(), bytes.size(), nullptr, 0);
    });
    if (r < 0) {
        fail(d, r, "send");
    }
}

void SeqpacketSocket::shutdown(Shutdown how) {
    const int which = how == Shutdown::read ? SHUT_RD : how == Shutdown::write ? SHUT_WR : SHUT_RDWR;
    if (const int r = sys::shutdown(handle_.use(object).fd, which); r < 0) {
        fail(r, "shutdown");
    }
}

Address SeqpacketSocket::local_address() const {
    return SocketAccess::name(handle_, &sys::local_name, "local_address");
}

Address SeqpacketSocket::peer_address() const {
    return SocketAccess::name(handle_, &sys::peer_name, "peer_address");
}

PeerCredentials SeqpacketSocket::peer_credentials() const {
    PeerCredentials who{};
    if (const int r = sys::peer_credentials(handle_.use(object).fd, who.process, who.user, who.group); r < 0) {
        fail(r, "peer_credentials");
    }
    return who;
}

Fd SeqpacketSocket::release() {
    return Fd(handle_.release(object));
}

SeqpacketListener::SeqpacketListener(Fd fd)
    : handle_(SocketAccess::take_over(std::move(fd), SOCK_SEQPACKET, true, listener)) {}

SeqpacketListener SeqpacketListener::bound(const Address& at, const ListenOptions& options) {
    return SeqpacketListener(SocketAccess::listen(SOCK_SEQPACKET, at, options));
}

SeqpacketSocket SeqpacketListener::accept(Deadline deadline) {
    Descriptor& d = enter_call(handle_, listener, Direction::read, "accept");
    const ssize_t fd = when_ready(d, Direction::read, "accept", deadline, 0,
                                  [&](int listening) { return sys::accept(listening, nullptr, nullptr); });
    if (fd < 0) {
        fail(fd, "accept");
    }
    Descriptor& accepted = detail::here::descriptors().open(static_cast<int>(fd));
    accepted.short_read_empties = false;
    return SeqpacketSocket(detail::Handle(accepted));
}

Address SeqpacketListener::address() const {
    return SocketAccess::name(handle_, &sys::local_name, "address");
}

Fd SeqpacketListener::release() {
    return Fd(handle_.release(listener));
}

}  // namespace tendril
