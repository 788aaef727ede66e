// SPDX-License-Identifier: MIT
// Floor: net
//
// TLS over a TCP socket, by OpenSSL 3.
//
//     TlsSocket s = wrap_ssl(connect("example.org", 443), {}, {.server_name = "example.org"});
//     TlsListener l = wrap_ssl(listen(":443"), TlsOptions{.server_side = true, .certificate = "chain+key.pem"});
//     serve(l, [](TlsSocket& client) { ... });
//
// A client verifies the server's certificate and its name, unless told otherwise. Nothing can be read before the
// handshake has ended. A stream that ends without TLS's own end record (close_notify) may have been cut off by an
// attacker: that is an error, unless suppress_ragged_eofs says that the protocol's peers usually end this way.
//
// A TlsSocket is a Stream; stream.hpp says what holds for it. In addition: if the handshake has not been made, the
// first call that needs it makes it, within its own deadline. TLS sends whole records: if a send() or send_all() times
// out or is killed after it began a record, of up to 16 KiB, the next call that sends finishes that record, and done()
// of the TimeoutError counts it. After a failed send, what the peer had sent before can still be read. Errors of TLS
// are TlsError. Example: examples/tls_echo.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream.hpp>
#include <tendril/tls_connection.hpp>
#include <tendril/tls_context.hpp>

namespace tendril {

namespace detail {
class TlsState;
}

// A connection over TLS. tls_connection.hpp has its results: version(), peer_certificate() and so on.
class TlsSocket final : public Stream, public TlsConnection {
public:
    TlsSocket() = default;  // closed
    TlsSocket(TlsSocket&& other) noexcept;
    TlsSocket& operator=(TlsSocket&& other) noexcept;
    ~TlsSocket() override;

    // Makes the handshake, unless it has been made. Waits for the peer.
    // Throws: TlsError or std::system_error: the socket can then only be closed. TimeoutError; Interrupt: the next call
    // goes on with it.
    void handshake(Deadline deadline = never);

    // As stream.hpp describes them.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    void send_parts(std::span<const Bytes> parts, Deadline deadline = never) override;

    void await_data(Deadline deadline = never) override;

    // For wait() and iwait(): ready when recv() would return without waiting: there is data, decrypted already or not;
    // or the end; or an error, which recv() then throws. Half a record is none of these. Consumes nothing.
    // Before the end of the handshake, or while another green thread receives, it is ready as soon as anything has
    // arrived; so a client makes the handshake first.
    bool ready() const;
    void observe(detail::Observer& observer) const;

    // Returns the number of bytes that are decrypted already, which recv() returns without waiting; 0 if closed.
    std::size_t pending() const noexcept;

    // write: sends the end record, so that the peer reads the end of the stream; waits while the peer takes nothing, as
    // send() does. read: recv() returns 0 from now on, also to a reader that waits already. Throws: as send().
    void shutdown(Shutdown how, Deadline deadline = never) override;

    // Sends the end record if that needs no waiting, and closes the socket; idempotent. A waiter gets EBADF.
    void close() noexcept override;
    bool is_open() const noexcept override;
    int fd() const noexcept override;  // still the socket's; -1 when closed

    // Ends TLS in both directions and returns the socket, for plain bytes; this one is then closed. The peer must do
    // the same: waits for its end record.
    // Throws: TlsError if the peer sent data that was not read: the socket can then only be closed. Else as
    // handshake().
    TcpSocket unwrap(Deadline deadline = never);

    // As TcpSocket's.
    Address local_address() const;
    Address peer_address() const;

    // Server, TLS 1.3: asks the client for its certificate, such as for a certain page only. Does not wait for it: it
    // comes with what the client sends next, so peer_certificate() has it after a later recv(), which throws if it is
    // refused, or missing and required. Set TlsOptions::post_handshake_auth on both sides.
    // Once a part of the answer has come, sends wait for the rest: a client may withhold it, so give them deadlines.
    // Throws: TlsError if the client or this side's context does not offer that, or a request is under way; else as
    // send().
    void request_certificate(Deadline deadline = never);

    bool kernel_sends() const;     // whether the kernel encrypts
    bool kernel_receives() const;  // whether the kernel decrypts

private:
    friend class detail::TlsState;
    explicit TlsSocket(std::shared_ptr<detail::TlsState> state) noexcept;
    std::shared_ptr<const detail::TlsLink> link() const noexcept override;
    std::shared_ptr<detail::TlsState> state_;
};

// Takes over a connected socket, for TLS, and makes the handshake unless the options say otherwise.
// Throws: as TlsSocket::handshake(); std::invalid_argument for a client that verifies and has no server_name, or for a
// server_name that is not one (an empty label, a zero byte, a space). The socket is then closed.
TlsSocket wrap_ssl(TcpSocket socket, const TlsContext& context = {}, const WrapOptions& options = {},
                   Deadline deadline = never);

// A Listener whose connections are TLS. accept() does not wait for the handshake, so a silent client holds up no other.
// serve() makes the handshake in the handler's green thread.
class TlsListener {
public:
    TlsListener() = default;  // closed

    // Takes over the listener. Throws: std::invalid_argument if the context is not a server's, or if the options have a
    // client's server_name or session.
    TlsListener(Listener listener, TlsContext context, WrapOptions options = {});

    // As Listener::accept(). The first call on the socket that needs the handshake makes it.
    TlsSocket accept(Deadline deadline = never);
    TlsSocket accept(Address& peer, Deadline deadline = never);

    // As Listener's.
    Address address() const { return listener_.address(); }
    void close() noexcept { listener_.close(); }
    bool is_open() const noexcept { return listener_.is_open(); }
    int fd() const noexcept { return listener_.fd(); }
    bool ready() const { return listener_.ready(); }
    void observe(detail::Observer& observer) const { listener_.observe(observer); }

    // For serve(): the listener underneath; and an accepted connection over TLS, without waiting for its handshake.
    Listener& listener() noexcept { return listener_; }
    TlsSocket wrap(TcpSocket socket) const;

    // Sets the protocols that connections accept, unless WrapOptions::alpn named some.
    void offer_alpn(std::vector<std::string> names);

private:
    Listener listener_;
    TlsContext context_;
    WrapOptions options_;
};

// Returns the listener as a TlsListener. Throws: as its constructor.
TlsListener wrap_ssl(Listener listener, const TlsContext& context, const WrapOptions& options = {});

// Connects to a server, makes the handshake, and returns the certificate that the server shows, without verifying it:
// to look at one, or to pin one that was compared by other means (TlsOptions::ca_file, with partial_chain). The server
// is asked for the name `host`; the connection is closed afterwards. `context` may have ciphers, a client's certificate
// and so on; one that verifies returns only a certificate that is accepted.
// Throws: as connect() and wrap_ssl().
TlsCertificate get_server_certificate(std::string_view host, std::uint16_t port, Deadline deadline = never);
TlsCertificate get_server_certificate(std::string_view host, std::uint16_t port, const TlsContext& context,
                                      Deadline deadline = never);

}  // namespace tendril
