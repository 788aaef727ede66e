// SPDX-License-Identifier: MIT
// Floor: net
//
// TlsStream: TLS over any Stream: another TLS connection, a tunnel through a proxy, a pair of pipes, a type of yours.
//
//     TlsSocket proxy = wrap_ssl(connect("proxy", 443), {}, {.server_name = "proxy"});
//     ... CONNECT example.org:443 ...
//     TlsStream inner = wrap_ssl(std::move(proxy), {}, {.server_name = "example.org"});
//
// For a TCP or Unix-domain socket take TlsSocket (tls.hpp), which needs no copies and can be waited for by wait().
// Otherwise it is the same: what tls.hpp says of the handshake, of verifying and of ends holds here too, and one green
// thread may read while another one writes.
//
// The Stream underneath must do what stream.hpp says. In particular a send() that throws an Interrupt has sent nothing,
// except for the record of a TLS one; a Stream of yours that calls such a send() passes its exceptions on. Nothing else
// may use that Stream meanwhile.
// Memory: 18 KiB of input, and up to 256 KiB of output which the peer does not take.

#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tendril/socket.hpp>
#include <tendril/stream.hpp>
#include <tendril/tls_connection.hpp>
#include <tendril/tls_context.hpp>

namespace tendril {

namespace detail {
class TlsStreamState;
}

// tls_connection.hpp has the results of its handshake: version(), peer_certificate() and so on.
class TlsStream final : public Stream, public TlsConnection {
public:
    TlsStream() = default;  // closed
    TlsStream(TlsStream&& other) noexcept;
    TlsStream& operator=(TlsStream&& other) noexcept;
    ~TlsStream() override;

    // Makes the handshake, unless it has been made. Waits for the peer.
    // Throws: TlsError or std::system_error: the stream can then only be closed. TimeoutError; Interrupt: the next call
    // goes on with it.
    void handshake(Deadline deadline = never);

    // As stream.hpp and tls.hpp describe them: after a send() or send_all() that timed out or was killed, the next call
    // that sends finishes the record that was begun, and done() of the TimeoutError counts it.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    void send_parts(std::span<const Bytes> parts, Deadline deadline = never) override;
    void await_data(Deadline deadline = never) override;

    // Returns the number of bytes that are decrypted already, which recv() returns without waiting; 0 if closed.
    std::size_t pending() const noexcept;

    // write: sends the end record; the Stream underneath stays open. read: ends reading from that Stream too, so that a
    // reader that waits gets 0. Throws: as send().
    void shutdown(Shutdown how, Deadline deadline = never) override;

    // As TlsSocket's.
    void request_certificate(Deadline deadline = never);

    // Closes it and the Stream underneath; idempotent. A waiter gets EBADF. Sends the end record before only if that
    // Stream is a socket or a TLS connection and takes it without waiting: elsewhere call shutdown() first.
    void close() noexcept override;
    bool is_open() const noexcept override;
    int fd() const noexcept override;  // of the Stream underneath

    // Ends TLS in both directions, and returns the Stream underneath for plain bytes; this one is then closed. `early`:
    // the first of the plain bytes, which came together with the peer's end record. Waits for that record.
    // Throws: TlsError if the peer sent data that was not read: the stream can then only be closed. Else as send().
    struct Unwrapped {
        std::shared_ptr<Stream> stream;  // the one beneath
        std::string early;               // what was read of it, and is not TLS
    };
    Unwrapped unwrap(Deadline deadline = never);  // ends TLS, and returns what is beneath it

private:
    friend class detail::TlsStreamState;
    explicit TlsStream(std::shared_ptr<detail::TlsStreamState> state) noexcept;
    std::shared_ptr<const detail::TlsLink> link() const noexcept override;
    std::shared_ptr<detail::TlsStreamState> state_;
};

// Begins TLS over a connected Stream, as a client or a server, whatever the context is, and makes the handshake unless
// the options say otherwise. The Stream is closed with the result; to use it afterwards, keep a reference of your own.
// Throws: as wrap_ssl() of a TcpSocket; the Stream is then closed. std::invalid_argument for nullptr.
TlsStream wrap_ssl(std::shared_ptr<Stream> stream, const TlsContext& context = {}, const WrapOptions& options = {},
                   Deadline deadline = never);

// The same for a Stream that is an object: takes it over.
template <std::derived_from<Stream> S>
requires(!std::same_as<S, TcpSocket>) TlsStream
    wrap_ssl(S stream, const TlsContext& context = {}, const WrapOptions& options = {}, Deadline deadline = never) {
    return wrap_ssl(std::shared_ptr<Stream>(std::make_shared<S>(std::move(stream))), context, options, deadline);
}

}  // namespace tendril
