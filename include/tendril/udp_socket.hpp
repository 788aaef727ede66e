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
// As with streams, a call first tries, and suspends only its green thread if it must wait; calls that take a deadline
// may yield. One green thread may receive while another sends; a second one in the same direction gets ConcurrentUse.
// A socket belongs to the OS thread that made it: calls on others throw WrongThread.
//
// A datagram arrives whole or not at all. One without bytes is a datagram too, not an end. If the network refuses a
// datagram later (ECONNREFUSED: nothing listens there), the next call on a connected socket throws that; the socket
// stays usable. Example: examples/udp_echo.cpp

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
#include <tendril/transfer_options.hpp>

namespace tendril {

namespace detail {
struct SocketAccess;
}

// What a call received.
struct Datagram {
    std::size_t size = 0;    // bytes put into the buffer
    bool truncated = false;  // the datagram was longer than the buffer; its rest is lost, unless it was only peeked at
    std::size_t length = 0;  // of the whole datagram, in bytes
};

// Options of udp_socket().
struct UdpOptions {
    bool reuse_address = false;    // several sockets may have the same multicast address and port
    bool reuse_port = false;       // several sockets may share the port; the kernel chooses one for each datagram
    bool v6_only = false;          // a socket on [::] does not receive IPv4 datagrams
    SocketSettings settings = {};  // set before the socket is bound or connected, in this order
};

class UdpSocket {
public:
    UdpSocket() = default;  // closed

    // Makes a socket that receives at this address, from any peer. Does not yield.
    // Throws: std::system_error that names the address; std::invalid_argument for a text that is not an address.
    static UdpSocket bound(const Address& at, const UdpOptions& options = {});
    static UdpSocket bound(std::string_view at, const UdpOptions& options = {}) {
        return bound(Address::parse(at), options);
    }
    // Makes a socket that sends to this address and receives from no other. Does not yield. Throws: as bound().
    static UdpSocket connected(const Address& to, const std::optional<Address>& bind = std::nullopt,
                               const UdpOptions& options = {});
    static UdpSocket connected(std::string_view to) { return connected(Address::parse(to)); }

    static UdpSocket unbound(int family);           // AF_INET, ...: sends from a port that the system chooses
    static std::pair<UdpSocket, UdpSocket> pair();  // in the Unix domain, connected with each other

    // Takes over a datagram socket, or a raw one (raw_socket.hpp), and makes it non-blocking.
    // Throws: std::system_error (EPROTOTYPE: another kind of socket); the descriptor is then closed.
    explicit UdpSocket(Fd fd);

    // From now on sends to this address, and receives from no other; Address(): ends that, and the system then takes
    // back a port that it had chosen. Does not wait; datagrams that have arrived stay. Throws: std::system_error that
    // names the address.
    void connect_to(const Address& to);

    // Wait for a datagram; `from` is set to its sender, of no family if that has no name.
    // Throw: TimeoutError; std::system_error; Interrupt; then no datagram was taken.
    Datagram recv(Buffer buffer, Deadline deadline = never);
    Datagram recv_from(Buffer buffer, Address& from, Deadline deadline = never);

    // The same with options: transfer_options.hpp. With `peek` and an empty buffer they tell a datagram's length first.
    Datagram recv(Buffer buffer, const RecvOptions& options, Deadline deadline = never);
    Datagram recv_from(Buffer buffer, Address& from, const RecvOptions& options, Deadline deadline = never);

    // The same, but never waits or yields: returns nothing if no datagram is there. Throws: std::system_error.
    [[nodiscard]] std::optional<Datagram> try_recv_from(Buffer buffer, Address& from);

    // Send the bytes as one datagram; wait while the system has no room for it.
    // Throw: TimeoutError; std::system_error (EMSGSIZE: too long; EDESTADDRREQ: send() on a socket that is not
    // connected); Interrupt; then it was not sent.
    void send(Bytes bytes, Deadline deadline = never);
    void send_to(Bytes bytes, const Address& to, Deadline deadline = never);

    // The same with options. With `more` the bytes are kept; the next call without it sends all as one datagram.
    void send(Bytes bytes, const SendOptions& options, Deadline deadline = never);
    void send_to(Bytes bytes, const Address& to, const SendOptions& options, Deadline deadline = never);

    // Multicast: receive what is sent to this group, or no longer, on the interface with this number (0: the system's
    // choice). Throw: std::system_error (EAFNOSUPPORT: not an IP address).
    void join_group(const Address& group, unsigned interface = 0);
    void leave_group(const Address& group, unsigned interface = 0);

    // Sends datagrams to groups out through this interface; 0: the system's choice. Throws: std::system_error.
    void send_groups_on(unsigned interface);

    // As TcpSocket's.

    // Sets an option, as TcpSocket::set().
    template <class O, class V = typename O::Value>
    void set(const O& option, const V& value) {
        detail::set_socket_option(handle_, option, detail::option_value(option, value));
    }
    // Returns an option, as TcpSocket::get().
    template <class O>
    typename O::Value get(const O& option) const {
        return detail::get_socket_option(handle_, option);
    }

    Address local_address() const;  // where it receives
    Address peer_address() const;   // throws std::system_error (ENOTCONN) unless connected

    void close() noexcept { handle_.close(); }                   // idempotent; a waiter gets EBADF
    bool is_open() const noexcept { return handle_.is_open(); }  // whether it is open
    int fd() const noexcept { return handle_.fd(); }             // still the socket's; -1 when closed

    // Hands the descriptor to the caller, still non-blocking; this socket is then closed. A waiter gets EBADF.
    [[nodiscard]] Fd release();

    // For wait() and iwait(): ready when there is a datagram to receive. Consumes nothing.
    bool ready() const { return handle_.ready("a UDP socket"); }
    void observe(detail::Observer& observer) const { handle_.observe("a UDP socket", observer); }

private:
    friend struct detail::SocketAccess;
    void prepare(const UdpOptions& options, int family);
    explicit UdpSocket(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    void change_group(int v4, int v6, const Address& group, unsigned interface, const char* what);
    detail::Handle handle_;
};

}  // namespace tendril
