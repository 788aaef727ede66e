// SPDX-License-Identifier: MIT
// Floor: net
//
// TlsContext: a certificate and the trusted authorities, for TLS connections (tls.hpp). Made once and used for many
// connections. It never changes, so copies are cheap, and any OS thread may use them at the same time.
//
//     TlsContext client;                                       trusts the system's authorities
//     TlsContext server({.server_side = true, .certificate = "chain.pem", .key = "key.pem"});

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/tls_connection.hpp>

namespace tendril {

class TlsContext;

enum class TlsVersion { tls_1_2, tls_1_3 };  // the versions of TLS that are spoken

// How to verify the peer's certificate. `none`: not at all. `optional`: the peer need not show one, but one that it
// shows must be valid. `required`: it must show a valid one.
enum class TlsVerify { none, optional, required };

// Whether to look for the peer's certificate in its authority's list of revoked ones (CRL, RFC 5280): `leaf`: for the
// certificate itself only; `chain`: also for those between it and the authority. A certificate without a list of its
// authority, or with one that is out of date, is refused then.
enum class TlsRevocation { none, leaf, chain };

// A certificate with its key. Where a file is named, here and in TlsOptions, PEM text may be given instead, recognised
// by its "-----BEGIN".
struct TlsIdentity {
    std::string certificate;        // file: our own certificate, then those that lead to the authority's
    std::string key = {};           // file; empty: the key is in the certificate's file
    std::string key_password = {};  // of an encrypted key; never asked for on the terminal
};

// A key that client and server know before they connect.
struct TlsPsk {
    std::string identity;  // tells the server which key it is; anybody can read it; no zero byte
    std::string key;       // 1 to 256 bytes; random: a password can be guessed from a recorded handshake
};

// Options of a TlsContext.
struct TlsOptions {
    bool server_side = false;  // for a server; else for a client

    std::string certificate = {};   // file: our own certificate, then those that lead to the authority's
    std::string key = {};           // file; empty: the key is in the certificate's file
    std::string key_password = {};  // of an encrypted key; never asked for on the terminal

    // Further certificates whose keys are of other kinds, for peers that can verify only one kind: ECDSA first, and RSA
    // here. The first that the peer can verify is shown.
    std::vector<TlsIdentity> more_identities = {};

    std::optional<TlsVerify> verify = {};  // nothing: a client requires a certificate, a server verifies none

    // Authorities to trust. If both are empty, a client trusts the system's; a server that verifies must name some.
    std::string ca_file = {};
    std::string ca_path = {};  // a folder of certificates and revocation lists, as c_rehash(1) makes it

    TlsRevocation revocation = TlsRevocation::none;  // whether certificates may have been revoked
    std::string crl_file = {};   // file: lists of revoked certificates, read once; make a new context for newer lists
    bool strict = false;         // refuses certificates that break rules of RFC 5280 which old software broke
    bool partial_chain = false;  // trusts a certificate in ca_file even if it is no authority's own: pins it

    TlsVersion lowest = TlsVersion::tls_1_2;   // older ones are refused
    TlsVersion highest = TlsVersion::tls_1_3;  // newer ones are not offered
    std::string ciphers = {};                  // of TLS 1.2, in the format of ciphers(1); empty: OpenSSL's choice
    std::string cipher_suites = {};            // of TLS 1.3, separated by colons; empty: OpenSSL's choice

    bool prefer_own_ciphers = false;  // server: takes the first of its own ciphers that fits, not of the client's

    // What the keys may be agreed on with, best first, separated by colons: "X25519:P-256". Empty: OpenSSL's choice.
    std::string groups = {};
    std::string signatures = {};     // algorithms that the peer may sign with: "ECDSA+SHA256:RSA-PSS+SHA256"
    std::string dh_parameters = {};  // server, file: for ciphers of TLS 1.2 with finite-field Diffie-Hellman

    // The protocols to offer or accept, best first: "h2", "http/1.1" (RFC 7301). A server refuses a client that offers
    // only others, and serves one that offers none.
    std::vector<std::string> alpn = {};

    // Server: returns the context for a client that asks for this name, given in lower case and without a final dot;
    // nullptr: this context. Not called for a text that is not a valid name. The other context then replaces this one
    // entirely, and a session is resumed only in the context that it was made in. Called during the handshake; must not
    // wait. An exception ends that handshake, and the call that made it throws it.
    std::function<const TlsContext*(std::string_view name)> by_name = {};

    // Client: returns the key for a server that gives this hint (none with TLS 1.3: the text is empty); nothing: none.
    // The server may ignore the key and show a certificate instead, which is verified as `verify` says. With
    // TlsVerify::none a server that does not use the key is refused, and only ciphers with such keys are offered in
    // TLS 1.2, unless `ciphers` says otherwise. Called as by_name.
    std::function<std::optional<TlsPsk>(std::string_view hint)> psk = {};

    // Server: returns the key of this identity; nothing: it is unknown. A server with a certificate goes on without a
    // key if the client can; one without refuses the client. With TLS 1.3 it may be asked for a ticket's bytes too,
    // which no identity has. Called as by_name. OpenSSL uses such keys with suites of SHA-256 only, or in TLS 1.2 with
    // the ciphers called PSK.
    std::function<std::optional<std::string>(std::string_view identity)> psk_by_identity = {};
    std::string psk_hint = {};  // server: sent to clients of TLS 1.2

    // For a client certificate that is asked for after the handshake (TLS 1.3 only). Client: offers it. Server: the
    // handshake asks for none; TlsSocket::request_certificate() does, from clients that offer it, as `verify` says.
    bool post_handshake_auth = false;

    bool resumption = true;                // server: lets clients resume their sessions
    std::optional<unsigned> tickets = {};  // server: sent after a full handshake of TLS 1.3; 0 to 16; nothing: 2
    std::string ocsp_response = {};        // server: DER, sent to clients that ask for it (stapling)
    bool ask_ocsp = false;                 // client: asks for it; see TlsSocket::ocsp_response()
    bool kernel_tls = false;               // lets the kernel encrypt, if it and OpenSSL can

    // File to which each connection's secrets are appended, for debuggers such as Wireshark. Any reader of this file
    // can decrypt every connection.
    std::string key_log_file = {};
};

namespace detail {
struct TlsContextState;
}

// Handshakes of all connections of a context.
struct TlsStatistics {
    std::uint64_t begun, finished, resumed;  // handshakes
};

class TlsContext {
public:
    TlsContext();  // a client's, with the default options; all of these are the same context

    // Reads the files now, which blocks the hub, and does not yield; OpenSSL looks into ca_path only when it needs a
    // certificate.
    // Throws: TlsError (tls.hpp), a std::system_error that says which file, and why; std::invalid_argument for a server
    // without a certificate, or one that verifies and names no authorities; for a cipher list that matches no cipher,
    // or one that does not authenticate or encrypt; for options that exclude each other, or would have no effect.
    TlsContext(const TlsOptions& options);

    // A move copies, so that no context is ever empty.
    TlsContext(const TlsContext&) = default;
    // NOLINTNEXTLINE(performance-move-constructor-init)
    TlsContext(TlsContext&& other) noexcept : state_(other.state_) {}
    TlsContext& operator=(const TlsContext&) = default;
    TlsContext& operator=(TlsContext&& other) noexcept {
        state_ = other.state_;
        return *this;
    }
    ~TlsContext() = default;

    bool server_side() const noexcept;          // as in the options
    std::vector<std::string> ciphers() const;   // that it offers or accepts, of both versions, best first
    TlsStatistics statistics() const noexcept;  // returns its counts

    // Returns the authorities that it trusts; those of ca_path only after they were needed.
    std::vector<TlsCertificate> authorities() const;

private:
    friend struct detail::TlsContextState;
    std::shared_ptr<const detail::TlsContextState> state_;
};

// Where the system's authorities are: the variables SSL_CERT_FILE and SSL_CERT_DIR, else OpenSSL's own places.
struct TlsTrustPaths {
    std::string file, folder;  // what OpenSSL takes when nothing else is given
};
TlsTrustPaths default_trust_paths();  // returns where the system keeps its certificate authorities

}  // namespace tendril
