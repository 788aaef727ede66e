// SPDX-License-Identifier: MIT
//
// SocketAccess: the insides of sockets, for the code that makes or wraps them.

#pragma once

#include <string>
#include <utility>

#include <tendril/fd.hpp>
#include <tendril/socket.hpp>

#include "net/transfer.hpp"

namespace tendril::detail {

struct SocketAccess {
    // Opens a socket of this type, non-blocking. Throws: std::system_error whose text begins with `what`.
    static Handle open(int family, int type, const std::string& what);

    // Opens two connected Unix-domain sockets.
    static std::pair<Handle, Handle> open_pair(int type, const std::string& what);

    // Takes over a socket that other code made, and makes it non-blocking. Throws: std::system_error (EPROTOTYPE: not
    // of this type, or it listens and should not, or the reverse); the descriptor is then closed.
    static Handle take_over(Fd fd, int type, bool listens, const char* object);

    static Handle duplicate(const Handle& handle, const char* object);

    // Takes over the descriptor of a connected stream, which is already non-blocking; closes it if memory is out.
    static TcpSocket adopt(int fd, int family);

    static TcpSocket stream(Handle handle) noexcept { return TcpSocket(std::move(handle)); }
    static Listener listener(Handle handle) noexcept { return Listener(std::move(handle)); }
    static Handle& handle(TcpSocket& socket) noexcept { return socket.handle_; }
    static const Handle& handle(const TcpSocket& socket) noexcept { return socket.handle_; }
    static Handle& handle(Listener& listener) noexcept { return listener.handle_; }

    // Returns the address that `ask` (sys::local_name, sys::peer_name) finds.
    static Address name(const Handle& handle, int (*ask)(int, sockaddr*, socklen_t*) noexcept, const char* what);

    // Makes the socket send small pieces at once. Accepted sockets inherit it from their listener. Returns: 0; -errno.
    static int make_prompt(int fd, int family) noexcept;
};

}  // namespace tendril::detail
