// SPDX-License-Identifier: MIT
// Floor: net
//
// UdpSocket: datagrams over IPv4, IPv6 and the Unix domain, as plain blocking calls.
//
//     UdpSocket s = UdpSocket::bound("0.0.0.0:5353");
//     Address from;
//     Datagram d = s.recv_from(buffer, from);
//     s.send_to({buffer.data(), d.size}, from);
//
// As with streams, a call that must wait suspends its green thread only, and is tried first; one may receive while
// another sends, and a second one gets ConcurrentUse. A datagram comes whole or not at all, and one of no bytes is a
// datagram too, not an end. What the network says of an earlier datagram (ECONNREFUSED: nobody listens there) is the
// error of the next call on a connected socket, which can be used on. Example: examples/udp_echo.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket_options.hpp>

namespace tendril {

struct Datagram {
    std::size_t size = 0;    // bytes in the buffer: never more than it holds
    bool truncated = false;  // the datagram was longer; the rest of it is lost
};

struct UdpOptions {
    bool reuse_address = false;  // several sockets may have one multicast address and port
    bool reuse_port = false;     // several sockets may share the port; the kernel chooses among them
    bool v6_only = false;        // one on [::] is not one on 0.0.0.0 too
};

class UdpSocket {
public:
    UdpSocket() = default;  // closed

    // Throws: std::system_error that names the address.
    static UdpSocket bound(const Address& at, const UdpOptions& options = {});
    static UdpSocket bound(std::string_view at, const UdpOptions& options = {}) {
        return bound(Address::parse(at), options);
    }
    // Sends there, and hears nobody else.
    static UdpSocket connected(const Address& to, const std::optional<Address>& bind = std::nullopt);
    static UdpSocket connected(std::string_view to) { return connected(Address::parse(to)); }
    static UdpSocket unbound(int family);           // AF_INET, ...: sends from whatever port it gets
    static std::pair<UdpSocket, UdpSocket> pair();  // in the Unix domain, connected with each other

    // Takes over a datagram socket, and makes it non-blocking. Throws: std::system_error, EPROTOTYPE when it is none;
    // it is closed then.
    explicit UdpSocket(Fd fd);

    // Waits for a datagram. Throws: TimeoutError; std::system_error; Interrupt; then none was taken.
    Datagram recv(Buffer buffer, Deadline deadline = never);
    Datagram recv_from(Buffer buffer, Address& from, Deadline deadline = never);
    [[nodiscard]] std::optional<Datagram> try_recv_from(Buffer buffer, Address& from);  // nothing when none is there

    // Waits until it can be sent. Throws: TimeoutError; std::system_error (EMSGSIZE: too long; EDESTADDRREQ: send() on
    // a socket that is not connected); Interrupt; then it was not sent.
    void send(Bytes bytes, Deadline deadline = never);
    void send_to(Bytes bytes, const Address& to, Deadline deadline = never);

    // Multicast: hears what is sent to this group, on the interface of this number (0: the system's choice).
    void join_group(const Address& group, unsigned interface = 0);
    void leave_group(const Address& group, unsigned interface = 0);
    void send_groups_on(unsigned interface);  // what is sent to groups goes out there; 0: the system's choice

    template <class O, class V = typename O::Value>
    void set(const O& option, const V& value) {
        detail::set_socket_option(handle_, option, detail::option_value(option, value));
    }
    template <class O>
    typename O::Value get(const O& option) const {
        return detail::get_socket_option(handle_, option);
    }

    Address local_address() const;
    Address peer_address() const;  // of a connected one

    void close() noexcept { handle_.close(); }  // idempotent; who waits on it gets EBADF
    bool is_open() const noexcept { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }
    [[nodiscard]] Fd release();  // the caller's from now on; it is non-blocking still

    // For wait() and iwait(), which see that there is something to receive, and take nothing.
    bool ready() const { return handle_.ready("a UDP socket"); }
    void observe(detail::Observer& observer) const { handle_.observe("a UDP socket", observer); }

private:
    explicit UdpSocket(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    void change_group(int v4, int v6, const Address& group, unsigned interface, const char* what);
    detail::Handle handle_;
};

}  // namespace tendril
