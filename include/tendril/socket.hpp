// SPDX-License-Identifier: MIT
// Floor: net
//
// Stream sockets over IPv4, IPv6 and the Unix domain, as plain blocking calls: stream.hpp says what holds for all of
// them. close() from another green thread wakes who waits, with EBADF.
//
// Everything belongs to the OS thread that made it; others get WrongThread, and a close or destruction there is
// reported and leaks. The file of a Unix-domain listener is not removed when it closes: see
// ListenOptions::replace_socket_file. Example: examples/echo_server.cpp

#pragma once

#include <sys/types.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
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

namespace tendril {

namespace detail {
struct SocketAccess;
}

struct PeerCredentials {
    pid_t process;
    uid_t user;
    gid_t group;
};

// A connected stream, whatever its family.
class TcpSocket final : public Stream {
public:
    TcpSocket() = default;  // closed

    // Takes over a connected stream socket, and makes it non-blocking, for all who share it.
    // Throws: std::system_error, EPROTOTYPE when it is something else; WrongThread; it is closed then.
    explicit TcpSocket(Fd fd);

    // Two that are connected with each other, in the Unix domain.
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

    // What can be done without waiting; nothing: not now. Throws: std::system_error.
    [[nodiscard]] std::optional<std::size_t> try_recv(Buffer buffer);
    [[nodiscard]] std::optional<std::size_t> try_send(Bytes bytes);

    void shutdown(Shutdown how, Deadline deadline = never) override;  // never waits
    void close() noexcept override { handle_.close(); }  // who waits on it gets EBADF before the number is free
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept override { return handle_.fd(); }

    Address local_address() const;
    Address peer_address() const;

    // Nagle's algorithm is off (option::no_delay) in what connect() and a Listener make.
    template <class O, class V = typename O::Value>
    void set(const O& option, const V& value) {
        detail::set_socket_option(handle_, option, detail::option_value(option, value));
    }
    template <class O>
    typename O::Value get(const O& option) const {
        return detail::get_socket_option(handle_, option);
    }

    PeerCredentials peer_credentials() const;  // of a Unix-domain peer, when it connected

    // For wait() and iwait(), which see that there is something to receive, the end included, and take nothing.
    bool ready() const { return handle_.ready("a socket"); }
    void observe(detail::Observer& observer) const { handle_.observe("a socket", observer); }

    // One more descriptor of the same connection, which ends when the last is closed.
    [[nodiscard]] TcpSocket duplicate() const;
    [[nodiscard]] Fd release();  // the descriptor is the caller's from now on; it is non-blocking still

private:
    friend struct detail::SocketAccess;
    explicit TcpSocket(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
};

using UnixSocket = TcpSocket;  // the same calls; connect("unix:/path") makes one

// Connects. On any error or interrupt the half-made socket is closed.
// Throws: TimeoutError; std::system_error that names the address; Interrupt.
TcpSocket connect(const Address& to, const ConnectOptions& options, Deadline deadline = never);
inline TcpSocket connect(const Address& to, Deadline deadline = never) {
    return connect(to, ConnectOptions(), deadline);
}

namespace detail {
TcpSocket connect_host(std::string_view host, std::uint16_t port, const ConnectOptions& options, Deadline deadline);
}

// Looks the host up (dns.hpp) and tries its addresses, IPv6 and IPv4 in turn: first come, first taken; all half-made
// sockets are closed. The deadline is for the whole.
// Throws: std::system_error: of the lookup; or of the last address, when all failed, and what() says how each did;
// std::invalid_argument for a port above 65535.
template <std::integral Port>
TcpSocket connect(std::string_view host, Port port, const ConnectOptions& options, Deadline deadline = never) {
    return detail::connect_host(host, checked_port(port), options, deadline);
}
template <std::integral Port>
TcpSocket connect(std::string_view host, Port port, Deadline deadline = never) {
    return detail::connect_host(host, checked_port(port), ConnectOptions(), deadline);
}

// "example.org:80", and whatever Address::parse() reads. Throws: std::invalid_argument too.
TcpSocket connect(std::string_view to, const ConnectOptions& options, Deadline deadline = never);
inline TcpSocket connect(std::string_view to, Deadline deadline = never) {
    return connect(to, ConnectOptions(), deadline);
}

class Listener {
public:
    Listener() = default;  // closed

    // Takes over a socket that listens already, and makes it non-blocking. As TcpSocket's.
    explicit Listener(Fd fd);

    // Waits for a connection. Throws: TimeoutError; std::system_error (EMFILE: out of descriptors); Interrupt: a
    // connection that had come stays in the backlog.
    TcpSocket accept(Deadline deadline = never);
    TcpSocket accept(Address& peer, Deadline deadline = never);
    [[nodiscard]] std::optional<TcpSocket> try_accept();  // nothing when nobody waits
    [[nodiscard]] std::optional<TcpSocket> try_accept(Address& peer);

    // For wait() and iwait(), which see that there is something to accept, and take nothing.
    bool ready() const { return handle_.ready("a listener"); }
    void observe(detail::Observer& observer) const { handle_.observe("a listener", observer); }

    Address address() const;  // with the port that the system chose for port 0
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
};

// Binds and listens. Throws: std::system_error that names the address (EADDRINUSE: the port is taken).
Listener listen(const Address& at, const ListenOptions& options = {});
inline Listener listen(std::string_view at, const ListenOptions& options = {}) {
    return listen(Address::parse(at), options);
}

}  // namespace tendril
