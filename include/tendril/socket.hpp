// SPDX-License-Identifier: MIT
//
// Stream sockets over IPv4, IPv6 and the Unix domain, as plain blocking calls: stream.hpp says what holds for all of
// them. close() from another green thread wakes who waits, with EBADF.
//
// Everything belongs to the OS thread that made it; others get WrongThread, and a close or destruction there is
// reported and leaks. The file of a Unix-domain listener is not removed when it closes. Example:
// examples/echo_server.cpp

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/handle.hpp>
#include <tendril/error.hpp>
#include <tendril/stream.hpp>

namespace tendril {

namespace detail {
struct SocketAccess;
}

// A connected stream, whatever its family.
class TcpSocket final : public Stream {
public:
    TcpSocket() = default;  // closed

    // As stream.hpp describes them.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;

    void shutdown(Shutdown how) override;
    void close() noexcept override { handle_.close(); }  // who waits on it gets EBADF before the number is free
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept override { return handle_.fd(); }

    Address local_address() const;
    Address peer_address() const;

    // Nagle's algorithm off; TCP sockets made by connect() and by a Listener have it off already.
    void set_no_delay(bool on);

private:
    friend struct detail::SocketAccess;
    explicit TcpSocket(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
};

struct ConnectOptions {
    std::optional<Address> bind = std::nullopt;  // connect from here
};

// Connects. On any error or interrupt the half-made socket is closed.
// Throws: TimeoutError; std::system_error that names the address; Interrupt. From text: std::invalid_argument too.
TcpSocket connect(const Address& to, const ConnectOptions& options, Deadline deadline = never);
inline TcpSocket connect(const Address& to, Deadline deadline = never) {
    return connect(to, {}, deadline);
}
inline TcpSocket connect(std::string_view to, Deadline deadline = never) {
    return connect(Address::parse(to), {}, deadline);
}

struct ListenOptions {
    int backlog = 1024;         // connections that wait for accept; the system's limit is net.core.somaxconn
    bool reuse_address = true;  // a port whose old connections linger may be taken
    bool reuse_port = false;    // other listeners may share the port; off: two servers by mistake are an error
};

class Listener {
public:
    Listener() = default;  // closed

    // Waits for a connection. Throws: TimeoutError; std::system_error (EMFILE: out of descriptors); Interrupt: a
    // connection that had come stays in the backlog.
    TcpSocket accept(Deadline deadline = never);
    TcpSocket accept(Address& peer, Deadline deadline = never);
    std::optional<TcpSocket> try_accept();  // nothing when nobody waits
    std::optional<TcpSocket> try_accept(Address& peer);

    Address address() const;  // with the port that the system chose for port 0
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
