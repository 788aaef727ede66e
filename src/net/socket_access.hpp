// SPDX-License-Identifier: MIT
//
// SocketAccess: the insides of sockets, for the code that makes or wraps them.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include <tendril/fd.hpp>
#include <tendril/seqpacket_socket.hpp>
#include <tendril/socket.hpp>
#include <tendril/udp_socket.hpp>

#include "net/transfer.hpp"

namespace tendril::detail {

struct SocketAccess {
    // Opens a socket of this type, non-blocking. Throws: std::system_error whose text begins with `what`.
    static Handle open(int family, int type, const std::string& what, int protocol = 0);

    // As tendril::connect() and listen(), for a connection-oriented socket of any type.
    static Handle connect(int type, const Address& to, const ConnectOptions& options, Deadline deadline);
    static Handle listen(int type, const Address& at, const ListenOptions& options);

    // Opens a datagram socket of any kind, with the options set.
    static UdpSocket datagrams(int family, int type, int protocol, const UdpOptions& options, const std::string& what);

    // Opens two connected Unix-domain sockets.
    static std::pair<Handle, Handle> open_pair(int type, const std::string& what);

    // Takes over a socket that other code made, and makes it non-blocking. Throws: std::system_error (EPROTOTYPE: not
    // of this type, or it listens and should not, or the reverse); the descriptor is then closed.
    // other_type: allowed too.
    static Handle take_over(Fd fd, int type, bool listens, const char* object, int other_type = -1);

    // Throws: std::system_error that names the option.
    static void apply(const SocketSettings& settings, const Handle& handle) {
        for (const SocketSetting& each : settings) {
            each.apply(handle);
        }
    }

    static Handle duplicate(const Handle& handle, const char* object);

    // Takes over the descriptor of a connected stream, which is already non-blocking; closes it if memory is out.
    static TcpSocket adopt(int fd, int family);

    static TcpSocket stream(Handle handle) noexcept { return TcpSocket(std::move(handle)); }
    static Listener listener(Handle handle, std::shared_ptr<const ListenOptions> options) noexcept {
        Listener made(std::move(handle));
        made.made_with_ = std::move(options);
        return made;
    }
    // How listen() made it; the defaults if it did not.
    static ListenOptions options_of(const Listener& listener) {
        return listener.made_with_ != nullptr ? *listener.made_with_ : ListenOptions();
    }
    static Handle& handle(TcpSocket& socket) noexcept { return socket.handle_; }
    static const Handle& handle(const TcpSocket& socket) noexcept { return socket.handle_; }
    static Handle& handle(SeqpacketSocket& socket) noexcept { return socket.handle_; }
    static Handle& handle(UdpSocket& socket) noexcept { return socket.handle_; }
    static Handle& handle(Listener& listener) noexcept { return listener.handle_; }

    // Returns the address that `ask` (sys::local_name, sys::peer_name) finds.
    static Address name(const Handle& handle, int (*ask)(int, sockaddr*, socklen_t*) noexcept, const char* what);

    // Makes the socket send small pieces at once. Accepted sockets inherit it from their listener. Returns: 0; -errno.
    static int make_prompt(int fd, int family) noexcept;
};

}  // namespace tendril::detail
