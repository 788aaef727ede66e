// SPDX-License-Identifier: MIT

#include "net/socket_access.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace tendril::detail {

Handle SocketAccess::open(int family, int type, const std::string& what, int protocol) {
    here::make_hub();
    const int fd = sys::socket(family, type, protocol);
    if (fd < 0) {
        fail(fd, what);
    }
    Descriptor& d = here::descriptors().open(fd);
    d.short_read_empties = family != AF_UNIX;
    return Handle(d);
}

std::pair<Handle, Handle> SocketAccess::open_pair(int type, const std::string& what) {
    here::make_hub();
    int ends[2];
    if (const int r = sys::unix_pair(ends, type | SOCK_NONBLOCK); r < 0) {
        fail(r, what);
    }
    Fd second(ends[1]);
    Descriptor& a = here::descriptors().open(ends[0]);
    Handle first(a);
    Descriptor& b = here::descriptors().open(second.release());
    a.short_read_empties = b.short_read_empties = false;
    return {std::move(first), Handle(b)};
}

Handle SocketAccess::take_over(Fd fd, int type, bool listens, const char* object, int other_type) {
    here::make_hub();
    int kind = 0;
    int listening = 0;
    int r = fd.is_open() ? sys::get_option(fd.get(), SOL_SOCKET, SO_TYPE, kind) : -EBADF;
    r = r < 0 ? r : sys::get_option(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, listening);
    if (r >= 0 && ((kind != type && kind != other_type) || (listening != 0) != listens)) {
        r = -EPROTOTYPE;
    }
    r = r < 0 ? r : sys::set_nonblocking(fd.get());
    if (r < 0) {
        fail(r, std::string("cannot make ") + object + " of descriptor " + std::to_string(fd.get()));
    }
    Descriptor& d = here::descriptors().open(fd.release());
    Handle handle(d);
    d.short_read_empties = name(handle, &sys::local_name, object).family() != AF_UNIX;
    return handle;
}

Handle SocketAccess::duplicate(const Handle& handle, const char* object) {
    const Descriptor& d = handle.use(object);
    const int fd = sys::duplicate(d.fd, 0);
    if (fd < 0) {
        fail(fd, std::string("duplicate ") + object);
    }
    Descriptor& copy = here::descriptors().open(fd);
    copy.short_read_empties = false;  // the other descriptor may read in between
    return Handle(copy);
}

TcpSocket SocketAccess::adopt(int fd, int family) {
    Descriptor& d = here::descriptors().open(fd);
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

}  // namespace tendril::detail
