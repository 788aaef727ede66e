// SPDX-License-Identifier: MIT
// Floor: net
//
// TlsConnection: what every TLS connection says of itself, whatever carries its bytes: a TCP socket (tls.hpp), any
// other Stream (tls_stream.hpp), or the caller (tls_machine.hpp). With the options that they are made with, their
// errors, and the types of their answers.
//
// A connection's answers are empty before the end of its handshake. Nothing here waits. A connection belongs to the OS
// thread that made it; certificates and sessions may be passed on to any other.

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace tendril {

namespace detail {
class TlsLink;
struct TlsSessionState;
}  // namespace detail

// An error of TLS. code() is of tls_category(): OpenSSL's reason; or of tls_verify_category(): why a certificate was
// refused.
class TlsError : public std::system_error {
public:
    using std::system_error::system_error;
};
const std::error_category& tls_category() noexcept;         // errors of OpenSSL
const std::error_category& tls_verify_category() noexcept;  // why a certificate was refused

// What a certificate says.
struct TlsCertificate {
    // "CN = example.org, O = Example".
    std::string subject, issuer;     // "CN = example.org, O = Example"
    std::vector<std::string> names;  // the host names and IP addresses that it is for
    std::string serial;              // hexadecimal
    // When it is valid; after 2262: time_point::max().
    std::chrono::system_clock::time_point not_before, not_after;  // when it is valid; after 2262: time_point::max()
    std::string der;                                              // the whole certificate
    std::string sha256;                                           // the hash of `der`, hexadecimal

    // Whether it is for this host name or IP address, as wrap_ssl() compares them. Says nothing of who signed it.
    // Throws: std::invalid_argument if it is no name; TlsError for a broken certificate.
    bool is_for(std::string_view name) const;

    std::string pem() const;  // the whole certificate as text, "-----BEGIN CERTIFICATE-----"
};

// Reads the certificates of a PEM text, such as a chain, in their order. Verifies nothing.
// Throws: TlsError if there is none, or one is broken.
std::vector<TlsCertificate> read_certificates(const std::string& pem);

// What a client needs to resume a session, which saves most of the handshake's work. TlsConnection::session() returns
// one, WrapOptions::session takes it. Copies are the same session.
class TlsSession {
public:
    // Whether it holds a session. The functions below require one.
    explicit operator bool() const noexcept { return state_ != nullptr; }

    std::chrono::system_clock::time_point made() const;  // when its handshake was made
    std::chrono::seconds lifetime() const;               // how long after that the server resumes it, at most
    bool has_ticket() const;                             // whether the server keeps nothing of it
    std::string id() const;                              // bytes; may be empty before the first use of a ticket

private:
    friend class detail::TlsLink;
    std::shared_ptr<const detail::TlsSessionState> state_;
};

// Options of wrap_ssl().
struct WrapOptions {
    // Client: the host name or IP address that must be among the alternative names of the certificate (RFC 9525).
    // Letter case, a final dot, and an IPv6 address's brackets and zone are ignored. Names in other scripts: idna.hpp.
    std::string server_name = {};

    // The protocols to offer or accept, if the context names none in TlsOptions::alpn.
    std::vector<std::string> alpn = {};

    bool handshake_on_connect = true;   // whether wrap_ssl() makes the handshake before it returns
    bool suppress_ragged_eofs = false;  // takes an end without close_notify for an ordinary end

    // Client: the session to resume, if the server agrees. Ignored unless it was made for this server_name, with the
    // same authorities and the same kind of verifying, since what was verified then is not verified again.
    TlsSession session = {};
};

// Bytes that only the two ends of one connection know, or that name the server's end. A protocol inside signs them, so
// that its login is worth nothing on another connection (RFC 5056).
enum class TlsBinding {
    unique,            // "tls-unique" (RFC 5929), TLS 1.2 with an extended master secret (RFC 7627) only
    exporter,          // "tls-exporter" (RFC 9266), every version
    server_end_point,  // "tls-server-end-point" (RFC 5929): the hash of the server's certificate
};

class TlsConnection {
public:
    // The results of the handshake. They throw EBADF when the connection is closed, except peer_certificate().
    std::string version() const;      // "TLSv1.3"
    std::string cipher() const;       // "TLS_AES_256_GCM_SHA384"
    int cipher_bits() const;          // of the cipher's secret key; 0 before the end of the handshake
    std::string group() const;        // what the keys were agreed on with: "x25519"; empty if OpenSSL does not tell
    std::string alpn() const;         // the protocol that both sides agreed on
    std::string server_name() const;  // the name that the client asked for; lower case, no final dot
    bool server_side() const;         // which side this is; known before the handshake
    bool resumed() const;             // whether a session was resumed, or with TLS 1.3 a pre-shared key was used

    // By which algorithm each side has proved that its certificate's key is its own, written as in
    // TlsOptions::signatures: "ECDSA+SHA256", "RSA-PSS+SHA256", "ed25519". Both sides know both. Empty for a side that
    // proved nothing: it showed no certificate; or, the server, a session was resumed, a pre-shared key was used, or
    // the cipher (of TLS 1.2, with RSA's key exchange) needs no signature.
    std::string client_signature() const;
    std::string server_signature() const;

    // Server: the ciphers that the client offered and this side would take, in the client's order.
    std::vector<std::string> shared_ciphers() const;

    // Nothing if the peer showed none, or before the end of the handshake.
    std::optional<TlsCertificate> peer_certificate() const;

    // The peer's certificate and those that it sent along, as it sent them. Only the first is known to be the peer's:
    // anybody may send any others. A resumed session may have kept only the first.
    std::vector<TlsCertificate> peer_chain() const;

    // From the peer's certificate to the authority that vouches for it. Empty if it was not verified, or the session
    // was resumed.
    std::vector<TlsCertificate> verified_chain() const;

    std::string ocsp_response() const;  // DER, if the server sent one; the caller must verify it
    TlsSession session() const;         // the newest; with TLS 1.3 there is none before the first recv()

    // Returns bytes that both sides derive from this connection's secrets (RFC 5705). `context`: further bytes that
    // must be the same on both sides; TLS 1.2 distinguishes none from empty ones.
    // Throws: std::logic_error before the handshake has ended.
    std::string exported(const std::string& label, std::size_t size,
                         std::optional<std::string_view> context = std::nullopt) const;

    // Throws: std::logic_error before the handshake has ended, or if this connection has no such binding: the text says
    // why, and which one to take instead.
    std::string channel_binding(TlsBinding which) const;

protected:
    TlsConnection() = default;
    TlsConnection(const TlsConnection&) = default;
    TlsConnection(TlsConnection&&) = default;
    TlsConnection& operator=(const TlsConnection&) = default;
    TlsConnection& operator=(TlsConnection&&) = default;
    ~TlsConnection() = default;

private:
    virtual std::shared_ptr<const detail::TlsLink> link() const noexcept = 0;  // nullptr when closed
    std::shared_ptr<const detail::TlsLink> open_link() const;
};

}  // namespace tendril
