// SPDX-License-Identifier: MIT

#include <tendril/socket.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "net/socket_access.hpp"

namespace tendril {

using detail::begin;
using detail::fail;
using detail::SocketAccess;

namespace detail {

Handle SocketAccess::open(int family, int type, const std::string& what) {
    HubCore& hub = HubCore::here();
    const int fd = sys::socket(family, type);
    if (fd < 0) {
        fail(fd, what);
    }
    Descriptor& d = hub.descriptors.open(fd);
    d.short_read_empties = family != AF_UNIX;
    return Handle(d);
}

TcpSocket SocketAccess::adopt(int fd, int family) {
    Descriptor& d = HubCore::here().descriptors.open(fd);
    d.short_read_empties = family != AF_UNIX;
    return TcpSocket(Handle(d));
}

Address SocketAccess::name(const Handle& handle, int (*ask)(int, sockaddr*, socklen_t*) noexcept, const char* what) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (const int r = ask(handle.use("a socket").fd, reinterpret_cast<sockaddr*>(&raw), &size); r < 0) {
        fail(r, what);
    }
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
}

int SocketAccess::make_prompt(int fd, int family) noexcept {
    const bool tcp = family == AF_INET || family == AF_INET6;
    return tcp ? sys::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) : 0;
}

}  // namespace detail

namespace {

ssize_t read_socket(int fd, void* p, std::size_t n) noexcept {
    return sys::recv(fd, p, n, 0);
}

ssize_t write_socket(int fd, const void* p, std::size_t n) noexcept {
    return sys::send(fd, p, n, 0);
}

}  // namespace

std::size_t TcpSocket::recv(Buffer buffer, Deadline deadline) {
    return detail::recv_some(begin(handle_, "a socket"), buffer, deadline, read_socket);
}

std::size_t TcpSocket::recv_exactly(Buffer buffer, Deadline deadline) {
    return detail::recv_whole(begin(handle_, "a socket"), buffer, deadline, read_socket);
}

std::size_t TcpSocket::send(Bytes bytes, Deadline deadline) {
    return detail::send_some(begin(handle_, "a socket"), bytes, deadline, write_socket);
}

void TcpSocket::send_all(Bytes bytes, Deadline deadline) {
    detail::send_whole(begin(handle_, "a socket"), bytes, deadline, write_socket);
}

void TcpSocket::shutdown(Shutdown how) {
    const int which = how == Shutdown::read ? SHUT_RD : how == Shutdown::write ? SHUT_WR : SHUT_RDWR;
    if (const int r = sys::shutdown(handle_.use("a socket").fd, which); r < 0) {
        fail(r, "shutdown");
    }
}

Address TcpSocket::local_address() const {
    return SocketAccess::name(handle_, &sys::local_name, "local_address");
}

Address TcpSocket::peer_address() const {
    return SocketAccess::name(handle_, &sys::peer_name, "peer_address");
}

void TcpSocket::set_no_delay(bool on) {
    if (const int r = sys::set_option(handle_.use("a socket").fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); r < 0) {
        fail(r, "set_no_delay");
    }
}

}  // namespace tendril
