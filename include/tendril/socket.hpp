// SPDX-License-Identifier: MIT
//
// Stream sockets over IPv4, IPv6 and the Unix domain, as plain blocking calls.
//
// A call that must wait suspends its green thread only. It is tried first; so one with data at hand does not wait,
// and a deadline that has passed already does not prevent it. One green thread may read while another writes; a
// second reader (or writer) gets ConcurrentUse and the first is unharmed. close() from another green thread wakes who
// waits, with EBADF. A call with much to do lets others run now and then: every call here yields.
//
// Errors of the system and of the peer are std::system_error; the end of the stream is a value, not an error.
// Everything belongs to the OS thread that made it; others get WrongThread, and a close or destruction there is
// reported and leaks. The file of a Unix-domain listener is not removed when it closes. Example:
// examples/echo_server.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/error.hpp>

namespace tendril {

namespace detail {

struct Descriptor;

// The owner of an open descriptor. One that outlives its hub finds it closed.
class Handle {
public:
    Handle() = default;
    explicit Handle(Descriptor& d) noexcept;
    Handle(Handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)), owner_(other.owner_) {}
    Handle& operator=(Handle&& other) noexcept {
        Handle moved(std::move(other));
        std::swap(descriptor_, moved.descriptor_);
        std::swap(owner_, moved.owner_);
        return *this;
    }
    ~Handle() { close(); }

    void close() noexcept;
    bool is_open() const noexcept { return descriptor_ != nullptr; }
    Descriptor& use(const char* object) const;  // throws EBADF when closed, WrongThread
    int fd() const noexcept;                    // -1 when closed

private:
    Descriptor* descriptor_ = nullptr;  // lives as long as its hub
    std::uint64_t owner_ = 0;           // serial of the hub's OS thread
};

}  // namespace detail

enum class Shutdown { read, write, both };

// A connected stream, whatever its family.
class TcpSocket {
public:
    TcpSocket() = default;  // closed

    // Waits for data. Returns: how many bytes came, at least 1; 0 at the end of the stream (or for an empty buffer).
    // Throws: TimeoutError, nothing was read; std::system_error; Interrupt, nothing was read.
    std::size_t recv(Buffer buffer, Deadline deadline = never);

    // Waits until the buffer is full. Returns: its size; less only at the end of the stream.
    // Throws: TimeoutError, whose done() says how much was read and is in the buffer; std::system_error; Interrupt.
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never);

    // Waits until some can be sent. Returns: how many bytes, at least 1 (0 for none). Throws: as recv; nothing was
    // sent.
    std::size_t send(Bytes bytes, Deadline deadline = never);

    // Sends everything, within one deadline for the whole.
    // Throws: TimeoutError, whose done() says how much was sent; std::system_error (EPIPE, ECONNRESET: the peer is
    // gone); Interrupt.
    void send_all(Bytes bytes, Deadline deadline = never);

    void shutdown(Shutdown how);

    // Idempotent. Who waits on it gets EBADF before the number is free.
    void close() noexcept { handle_.close(); }
    bool is_open() const noexcept { return handle_.is_open(); }

    Address local_address() const;
    Address peer_address() const;

    // Nagle's algorithm off; TCP sockets made by connect() and by a Listener have it off already.
    void set_no_delay(bool on);

    int fd() const noexcept { return handle_.fd(); }  // still the socket's; -1 when closed

private:
    friend class Listener;
    friend TcpSocket connect(const Address&, const struct ConnectOptions&, Deadline);
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
    friend Listener listen(const Address&, const ListenOptions&);
    friend struct ServerAccess;
    explicit Listener(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
};

// Binds and listens. Throws: std::system_error that names the address (EADDRINUSE: the port is taken).
Listener listen(const Address& at, const ListenOptions& options = {});
inline Listener listen(std::string_view at, const ListenOptions& options = {}) {
    return listen(Address::parse(at), options);
}

}  // namespace tendril
