// SPDX-License-Identifier: MIT
// Floor: net
//
// Stream sockets over IPv4, IPv6 and the Unix domain, as plain blocking calls.
//
//     Listener listener = listen("127.0.0.1:7000");
//     TcpSocket client = connect("example.org", 80, 5s);
//     client.send_all("GET / HTTP/1.0\r\n\r\n", 2s);
//
// stream.hpp says what holds for all streams: when calls yield, what they throw, what a kill or timeout does. close()
// by another green thread wakes the waiter, which gets EBADF.
//
// A socket belongs to the OS thread that made it. Calls on other OS threads throw WrongThread; closing or destroying it
// there leaks it until its hub ends, and reports that on standard error. Closing a Unix-domain listener does not remove
// its file: see ListenOptions::replace_socket_file. Example: examples/echo_server.cpp

#pragma once

#include <sys/types.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/error.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket_options.hpp>
#include <tendril/stream.hpp>
#include <tendril/transfer_options.hpp>

namespace tendril {

namespace detail {
struct SocketAccess;
}

// Who connected: the peer's process, and its user and group at that time.
struct PeerCredentials {
    pid_t process;  // its number
    uid_t user;     // who runs it
    gid_t group;    // likewise
};

// A connected stream, whatever its family.
class TcpSocket final : public Stream {
public:
    TcpSocket() = default;  // closed

    // Takes over a connected stream socket, and makes it non-blocking for every process that shares it. Does not yield.
    // Throws: std::system_error (EPROTOTYPE: not a stream socket, or a listening one); the descriptor is then closed.
    explicit TcpSocket(Fd fd);

    // Makes two Unix-domain sockets that are connected with each other. Throws: std::system_error.
    static std::pair<TcpSocket, TcpSocket> pair();

    // As stream.hpp describes them.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    std::size_t recv_parts(std::span<const Buffer> parts, Deadline deadline = never) override;
    void send_parts(std::span<const Bytes> parts, Deadline deadline = never) override;
    std::uint64_t send_file(const File& file, std::uint64_t offset, std::uint64_t count,
                            Deadline deadline = never) override;
    void await_data(Deadline deadline = never) override;

    // The same with options: transfer_options.hpp. `discard` without `peek` needs only the buffer's size.
    std::size_t recv(Buffer buffer, const RecvOptions& options, Deadline deadline = never);
    std::size_t send(Bytes bytes, const SendOptions& options, Deadline deadline = never);
    void send_all(Bytes bytes, const SendOptions& options, Deadline deadline = never);

    // TCP's urgent data: one byte, marked as urgent, that overtakes the stream (RFC 6093 advises new protocols not to
    // use it). Only the last such byte is kept. recv_urgent() waits for one; another green thread may be in recv()
    // meanwhile. at_urgent_mark(): whether recv() has come to the place in the stream where it was sent; no recv()
    // reads past that place in one call.
    // Returns: the byte; nothing if the peer has ended the stream without one.
    // Throw: as send_all(), recv(); std::system_error (EOPNOTSUPP: the socket has none; EINVAL: option::urgent_inline
    // is on, so the byte is in the stream).
    void send_urgent(std::byte byte, Deadline deadline = never);
    std::optional<std::byte> recv_urgent(Deadline deadline = never);
    bool at_urgent_mark() const;

    // As recv() and send(), but never wait or yield: return nothing if they would have to.
    // Throw: std::system_error; ConcurrentUse if another green thread waits in this direction.
    [[nodiscard]] std::optional<std::size_t> try_recv(Buffer buffer);
    [[nodiscard]] std::optional<std::size_t> try_send(Bytes bytes);

    void shutdown(Shutdown how, Deadline deadline = never) override;  // never waits

    // Closes this descriptor, without waiting; idempotent. A waiter gets EBADF before the number is free again.
    void close() noexcept override { handle_.close(); }
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept override { return handle_.fd(); }  // still the socket's; -1 when closed

    // Return the addresses of the two ends. Throw: std::system_error (peer_address(): ENOTCONN if the peer is gone).
    Address local_address() const;
    Address peer_address() const;

    // Set and read an option, such as option::keep_alive; socket_options.hpp lists them. Sockets that connect() and
    // Listeners make begin with option::no_delay: Nagle's algorithm is off. Throw: std::system_error;
    // std::invalid_argument for a value out of range.
    template <class O, class V = typename O::Value>
    void set(const O& option, const V& value) {
        detail::set_socket_option(handle_, option, detail::option_value(option, value));
    }
    template <class O>
    typename O::Value get(const O& option) const {
        return detail::get_socket_option(handle_, option);
    }

    // Returns the credentials of a Unix-domain peer. Throws: std::system_error.
    PeerCredentials peer_credentials() const;

    // For wait() and iwait(): ready when there is something to receive, or the end. Consumes nothing.
    bool ready() const { return handle_.ready("a socket"); }
    void observe(detail::Observer& observer) const { handle_.observe("a socket", observer); }

    // Returns another descriptor of the same connection, which lasts until all of them are closed.
    // Throws: std::system_error.
    [[nodiscard]] TcpSocket duplicate() const;

    // Hands the descriptor to the caller, still non-blocking; this socket is then closed. A waiter gets EBADF.
    [[nodiscard]] Fd release();

private:
    friend struct detail::SocketAccess;
    explicit TcpSocket(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
};

using UnixSocket = TcpSocket;  // the same calls; connect("unix:/path") makes one

// Connects to an address; waits until the connection is established. An error, timeout or interrupt closes the
// unfinished socket.
// Throws: TimeoutError; std::system_error that names the address; Interrupt.
TcpSocket connect(const Address& to, const ConnectOptions& options, Deadline deadline = never);
inline TcpSocket connect(const Address& to, Deadline deadline = never) {
    return connect(to, ConnectOptions(), deadline);
}

namespace detail {
TcpSocket connect_host(std::string_view host, std::uint16_t port, const ConnectOptions& options, Deadline deadline);
}

// Looks the host up (dns.hpp) and tries its addresses, IPv6 and IPv4 in turn, with ConnectOptions::attempt_delay
// between them. Takes the first that connects; closes all other sockets. The deadline is for the whole.
// Throws: TimeoutError; std::system_error: the lookup's; or, if all addresses failed, that of the last one, with a text
// that says how each failed; std::invalid_argument for a port below 0 or above 65535; Interrupt.
template <std::integral Port>
TcpSocket connect(std::string_view host, Port port, const ConnectOptions& options, Deadline deadline = never) {
    return detail::connect_host(host, checked_port(port), options, deadline);
}
template <std::integral Port>
TcpSocket connect(std::string_view host, Port port, Deadline deadline = never) {
    return detail::connect_host(host, checked_port(port), ConnectOptions(), deadline);
}

// The same for a text such as "example.org:80", or any other form that Address::parse() reads.
// Throws: std::invalid_argument too, for a text of no such form.
TcpSocket connect(std::string_view to, const ConnectOptions& options, Deadline deadline = never);
inline TcpSocket connect(std::string_view to, Deadline deadline = never) {
    return connect(to, ConnectOptions(), deadline);
}

// A socket that waits for connections. listen() makes it.
class Listener {
public:
    Listener() = default;  // closed

    // Takes over a socket that already listens, as TcpSocket's constructor does a connected one.
    explicit Listener(Fd fd);

    // Waits for a connection, and returns it; `peer` is set to its address, with an empty path() if a Unix-domain peer
    // has no name.
    // Throws: TimeoutError; std::system_error (EMFILE: out of descriptors); Interrupt; no connection is then lost: it
    // stays in the backlog. ConcurrentUse if another green thread waits in accept().
    TcpSocket accept(Deadline deadline = never);
    TcpSocket accept(Address& peer, Deadline deadline = never);

    // The same, but never wait or yield: return nothing if the backlog is empty.
    [[nodiscard]] std::optional<TcpSocket> try_accept();
    [[nodiscard]] std::optional<TcpSocket> try_accept(Address& peer);

    // For wait() and iwait(): ready when there is a connection to accept. Consumes nothing.
    bool ready() const { return handle_.ready("a listener"); }
    void observe(detail::Observer& observer) const { handle_.observe("a listener", observer); }

    // Returns where it listens, with the port that the system chose for port 0. Throws: std::system_error.
    Address address() const;

    // As TcpSocket's: options, a second descriptor of the same listening socket, the descriptor itself, the end.
    template <class O, class V = typename O::Value>
    void set(const O& option, const V& value) {
        detail::set_socket_option(handle_, option, detail::option_value(option, value));
    }
    template <class O>
    typename O::Value get(const O& option) const {
        return detail::get_socket_option(handle_, option);
    }
    [[nodiscard]] Listener duplicate() const;
    [[nodiscard]] Fd release();
    void close() noexcept { handle_.close(); }
    bool is_open() const noexcept { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }

private:
    friend struct detail::SocketAccess;
    explicit Listener(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
    std::shared_ptr<const ListenOptions> made_with_;  // nullptr: not by listen()
};

// Binds to an address and listens there. Does not yield.
// Throws: std::system_error that names the address (EADDRINUSE: the port is taken); std::invalid_argument for a text
// that Address::parse() refuses, or a negative backlog.
Listener listen(const Address& at, const ListenOptions& options = {});
inline Listener listen(std::string_view at, const ListenOptions& options = {}) {
    return listen(Address::parse(at), options);
}

}  // namespace tendril
