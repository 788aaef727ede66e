// SPDX-License-Identifier: MIT
//
// Sockets from the inside, for those who make them and for what wraps them.

#pragma once

#include <string>
#include <utility>

#include <tendril/fd.hpp>
#include <tendril/socket.hpp>

#include "net/transfer.hpp"

namespace tendril::detail {

struct SocketAccess {
    // A new descriptor of this type, non-blocking. Throws: std::system_error that begins with `what`.
    static Handle open(int family, int type, const std::string& what);

    // Two connected ones in the Unix domain.
    static std::pair<Handle, Handle> open_pair(int type, const std::string& what);

    // Somebody's socket, which becomes non-blocking. Throws: std::system_error: EPROTOTYPE when it is not of this type,
    // or not (or unexpectedly) one that listens; it is closed then.
    static Handle take_over(Fd fd, int type, bool listens, const char* object);

    static Handle duplicate(const Handle& handle, const char* object);

    // Of a connected stream's descriptor, which is non-blocking already; it is closed when there is no memory.
    static TcpSocket adopt(int fd, int family);

    static TcpSocket stream(Handle handle) noexcept { return TcpSocket(std::move(handle)); }
    static Listener listener(Handle handle) noexcept { return Listener(std::move(handle)); }
    static Handle& handle(TcpSocket& socket) noexcept { return socket.handle_; }
    static const Handle& handle(const TcpSocket& socket) noexcept { return socket.handle_; }
    static Handle& handle(Listener& listener) noexcept { return listener.handle_; }

    // The address that `ask` (sys::local_name, sys::peer_name) tells.
    static Address name(const Handle& handle, int (*ask)(int, sockaddr*, socklen_t*) noexcept, const char* what);

    // Small answers at once. Accepted sockets inherit it from their listener. Returns: 0; -errno.
    static int make_prompt(int fd, int family) noexcept;
};

}  // namespace tendril::detail
