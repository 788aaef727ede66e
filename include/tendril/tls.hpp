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
// handshake has ended. A stream that ends without TLS's own word for it may have been cut off by anybody, and is an
// error, unless suppress_ragged_eofs says that it is the protocol's habit.
//
// A TlsSocket is a Stream; stream.hpp says what holds for it. In addition: the first call that needs it makes the
// handshake, within its own deadline, if it was not made before. A record that was begun must be finished: what a
// send() or send_all() that timed out or was killed had begun, up to 16 KiB, is finished by the next call that sends,
// and done() of the TimeoutError counts it. After a send that failed, what the peer said before can be read still.
// Errors of TLS are TlsError. Example: examples/tls_echo.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream.hpp>
#include <tendril/tls_context.hpp>

namespace tendril {

namespace detail {
class TlsState;
struct TlsSessionState;
}  // namespace detail

// code() is of tls_category(): OpenSSL's reason; or of tls_verify_category(): why a certificate was refused.
class TlsError : public std::system_error {
public:
    using std::system_error::system_error;
};
const std::error_category& tls_category() noexcept;
const std::error_category& tls_verify_category() noexcept;

struct TlsCertificate {
    std::string subject, issuer;     // "CN = example.org, O = Example"
    std::vector<std::string> names;  // that it is for: host names and IP addresses
    std::string serial;              // hexadecimal
    std::chrono::system_clock::time_point not_before, not_after;
    std::string der;     // the whole
    std::string sha256;  // of it, hexadecimal
};

// What a client needs to resume a session with less work. Empty at first.
class TlsSession {
public:
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class detail::TlsState;
    std::shared_ptr<const detail::TlsSessionState> state_;
};

struct WrapOptions {
    // client: the host name or IP address that the certificate must be for, among its alternative names (RFC 9525).
    // Letter case, a final dot, an IPv6 address's brackets and zone do not count. Names in other scripts: as xn--.
    std::string server_name = {};
    // What may be spoken, where the context names none in TlsOptions::alpn.
    std::vector<std::string> alpn = {};
    bool handshake_on_connect = true;   // before wrap_ssl() returns
    bool suppress_ragged_eofs = false;  // an end without TLS's word for it is an end like another
    // client: to be resumed, if the server wants to. Ignored unless it was made for this server_name, with the same
    // authorities and the same verifying: what was verified then is not verified again.
    TlsSession session = {};
};

class TlsSocket final : public Stream {
public:
    TlsSocket() = default;  // closed
    TlsSocket(TlsSocket&& other) noexcept;
    TlsSocket& operator=(TlsSocket&& other) noexcept;
    ~TlsSocket() override;

    // Makes the handshake, unless it was made. Throws: TlsError; TimeoutError; std::system_error; Interrupt. After an
    // error it can only be closed.
    void handshake(Deadline deadline = never);

    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    void send_parts(std::span<const Bytes> parts, Deadline deadline = never) override;

    void await_data(Deadline deadline = never) override;

    // For wait() and iwait(), which see that recv() would return without waiting, and take nothing: there is data, also
    // what is decrypted already, or the end, or an error, which recv() throws then. Half a record is none of these.
    // Before the end of the handshake: something has come for it; so a client makes the handshake first. While another
    // green thread receives: something has come.
    bool ready() const;
    void observe(detail::Observer& observer) const;

    // Bytes that are decrypted already and that recv() returns without waiting.
    std::size_t pending() const noexcept;

    // write: the peer reads the end of the stream; waits while the peer takes nothing, as send() does. read: recv()
    // returns 0 from now on.
    void shutdown(Shutdown how, Deadline deadline = never) override;

    // Tells the peer, if that needs no waiting, and closes. Who waits on it gets EBADF.
    void close() noexcept override;
    bool is_open() const noexcept override;
    int fd() const noexcept override;

    // Ends TLS on both sides and gives the socket back, for plain bytes. Its peer must do the same.
    // Throws: TlsError when the peer sent data that nobody has read, as handshake() otherwise; it can only be closed
    // then.
    TcpSocket unwrap(Deadline deadline = never);

    Address local_address() const;
    Address peer_address() const;

    // What the handshake came to; empty before its end.
    std::string version() const;                             // "TLSv1.3"
    std::string cipher() const;                              // "TLS_AES_256_GCM_SHA384"
    std::string alpn() const;                                // what will be spoken
    std::string server_name() const;                         // that the client asked for; lower case, no final dot
    bool resumed() const;                                    // a session was
    std::optional<TlsCertificate> peer_certificate() const;  // nothing: it showed none
    std::string ocsp_response() const;  // DER, of a server that has it; verifying it is the caller's
    TlsSession session() const;         // the newest; with TLS 1.3 it comes after the first recv()
    bool kernel_sends() const;          // the kernel encrypts
    bool kernel_receives() const;

    // Bytes that both sides derive from this connection's secrets, for channel binding (RFC 5705, RFC 9266).
    std::string exported(const std::string& label, std::size_t size) const;

private:
    friend class detail::TlsState;
    explicit TlsSocket(std::shared_ptr<detail::TlsState> state) noexcept;
    std::shared_ptr<detail::TlsState> state_;
};

// Takes the socket over. Throws: as TlsSocket::handshake(), the socket is closed then; std::invalid_argument: a client
// that verifies and was told no server_name, a server_name that cannot be one (an empty label, a zero byte, a space).
TlsSocket wrap_ssl(TcpSocket socket, const TlsContext& context = {}, const WrapOptions& options = {},
                   Deadline deadline = never);

// A Listener whose connections are TLS. accept() waits for no handshake: a silent client stops nobody. serve() makes
// the handshake in the handler's green thread.
class TlsListener {
public:
    TlsListener() = default;  // closed
    TlsListener(Listener listener, TlsContext context, WrapOptions options = {});

    // As Listener::accept(). The handshake is made by the first call that needs it.
    TlsSocket accept(Deadline deadline = never);
    TlsSocket accept(Address& peer, Deadline deadline = never);

    Address address() const { return listener_.address(); }
    void close() noexcept { listener_.close(); }
    bool is_open() const noexcept { return listener_.is_open(); }
    int fd() const noexcept { return listener_.fd(); }

    // For wait() and iwait(), as Listener's.
    bool ready() const { return listener_.ready(); }
    void observe(detail::Observer& observer) const { listener_.observe(observer); }

    // What serve() is made of.
    Listener& listener() noexcept { return listener_; }
    TlsSocket wrap(TcpSocket socket) const;
    void offer_alpn(std::vector<std::string> names);  // unless WrapOptions::alpn named some

private:
    Listener listener_;
    TlsContext context_;
    WrapOptions options_;
};

TlsListener wrap_ssl(Listener listener, const TlsContext& context, const WrapOptions& options = {});

}  // namespace tendril
