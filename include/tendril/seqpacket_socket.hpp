// SPDX-License-Identifier: MIT
// Floor: net
//
// SeqpacketSocket and SeqpacketListener: Unix-domain connections that keep message boundaries (SOCK_SEQPACKET).
//
//     SeqpacketListener listener = SeqpacketListener::bound("unix:/run/service.sock");
//     SeqpacketSocket client = listener.accept();
//     while (std::optional<Datagram> d = client.recv(buffer)) client.send({buffer.data(), d->size});
//
// Like a stream it is connected, reliable, ordered and has an end; like a datagram a message arrives whole or not at
// all, and what does not fit into the receiver's buffer is lost and told. The system limits a message to about the size
// of the send buffer (option::send_buffer). Descriptors and credentials go with messages by ancillary.hpp. For messages
// of any size over a stream, and with programs that know only streams: message_pipe.hpp. unix(7).
//
// As with streams, a call first tries, and suspends only its green thread if it must wait; calls that take a deadline
// may yield. One green thread may receive while another sends; a second one in the same direction gets ConcurrentUse.
// A close() by another green thread wakes the waiter, which gets EBADF. It belongs to the OS thread that made it: calls
// on others throw WrongThread.

#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket.hpp>
#include <tendril/socket_options.hpp>
#include <tendril/udp_socket.hpp>

namespace tendril {

// A connection that keeps messages apart: see the head of this file.
class SeqpacketSocket {
public:
    SeqpacketSocket() = default;  // closed

    // Takes over a connected socket of this kind, and makes it non-blocking. Does not yield.
    // Throws: std::system_error (EPROTOTYPE: another kind, or a listening one); the descriptor is then closed.
    explicit SeqpacketSocket(Fd fd);

    // Connects to a listener; waits while its backlog is full.
    // Throws: TimeoutError; std::system_error that names the address; Interrupt; the unfinished socket is then closed.
    static SeqpacketSocket connected(const Address& to, const ConnectOptions& options = {}, Deadline deadline = never);
    static SeqpacketSocket connected(std::string_view to, Deadline deadline = never) {
        return connected(Address::parse(to), {}, deadline);
    }

    static std::pair<SeqpacketSocket, SeqpacketSocket> pair();  // connected with each other; throws std::system_error

    // Waits for a message. `options`: transfer_options.hpp.
    // Returns: how much of it is in the buffer; nothing at the end, when the peer has closed and all its messages were
    // received. An empty message is a message; but the system does not tell one from the end if the peer closed right
    // after it, and it then counts as the end.
    // Throws: TimeoutError; std::system_error (ECONNRESET: the peer closed without receiving all); Interrupt; then no
    // message was taken.
    std::optional<Datagram> recv(Buffer buffer, Deadline deadline = never);
    std::optional<Datagram> recv(Buffer buffer, const RecvOptions& options, Deadline deadline = never);

    // Sends one message; waits while the system has no room for it.
    // Throws: TimeoutError; std::system_error (EMSGSIZE: too long; EPIPE: the peer is gone); Interrupt; then it was not
    // sent.
    void send(Bytes bytes, Deadline deadline = never);

    void shutdown(Shutdown how);  // ends sending, receiving, or both; never waits; throws std::system_error

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
    Address local_address() const;                               // of this end
    Address peer_address() const;                                // of the other end
    PeerCredentials peer_credentials() const;                    // the process at the other end, as the kernel knows it
    void close() noexcept { handle_.close(); }                   // ends waits for it with EBADF. Idempotent.
    bool is_open() const noexcept { return handle_.is_open(); }  // whether it is open
    int fd() const noexcept { return handle_.fd(); }             // the descriptor, which stays the socket's
    [[nodiscard]] Fd release();                                  // gives the descriptor away; the socket is closed then
    // For wait() and iwait(): whether a message could be read.
    bool ready() const { return handle_.ready("a seqpacket socket"); }
    void observe(detail::Observer& observer) const { handle_.observe("a seqpacket socket", observer); }

private:
    friend struct detail::SocketAccess;
    friend class SeqpacketListener;
    explicit SeqpacketSocket(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
};

// Accepts such connections.
class SeqpacketListener {
public:
    SeqpacketListener() = default;  // closed

    // Takes over a socket that already listens, as SeqpacketSocket's constructor does a connected one.
    explicit SeqpacketListener(Fd fd);

    // Binds to a Unix-domain address and listens there. Does not yield. Throws: as listen() of socket.hpp;
    // EPROTONOSUPPORT for a family that has no such sockets.
    static SeqpacketListener bound(const Address& at, const ListenOptions& options = {});
    static SeqpacketListener bound(std::string_view at, const ListenOptions& options = {}) {
        return bound(Address::parse(at), options);
    }

    // Waits for a connection, and returns it. Throws: as Listener::accept(); no connection is then lost.
    SeqpacketSocket accept(Deadline deadline = never);

    Address address() const;                                     // throws std::system_error
    void close() noexcept { handle_.close(); }                   // ends waits for it with EBADF. Idempotent.
    bool is_open() const noexcept { return handle_.is_open(); }  // whether it is open
    int fd() const noexcept { return handle_.fd(); }             // the descriptor, which stays the listener's
    [[nodiscard]] Fd release();  // gives the descriptor away; the listener is closed then

    // For wait() and iwait(): ready when there is a connection to accept. Consumes nothing.
    bool ready() const { return handle_.ready("a seqpacket listener"); }
    void observe(detail::Observer& observer) const { handle_.observe("a seqpacket listener", observer); }

private:
    explicit SeqpacketListener(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    detail::Handle handle_;
};

}  // namespace tendril
