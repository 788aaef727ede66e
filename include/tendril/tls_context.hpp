// SPDX-License-Identifier: MIT
// Floor: net
//
// TlsContext: a certificate and the trusted authorities, for TLS connections (tls.hpp). Made once and used for many
// connections. It never changes, so copies are cheap, and any OS thread may use them at the same time.
//
//     TlsContext client;                                       trusts the system's authorities
//     TlsContext server({.server_side = true, .certificate = "chain.pem", .key = "key.pem"});

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tendril {

class TlsContext;

enum class TlsVersion { tls_1_2, tls_1_3 };

// How to verify the peer's certificate. `none`: not at all. `optional`: the peer need not show one, but one that it
// shows must be valid. `required`: it must show a valid one.
enum class TlsVerify { none, optional, required };

// Where a file is named, PEM text may be given instead, recognised by its "-----BEGIN".
struct TlsOptions {
    bool server_side = false;

    std::string certificate = {};   // file: our own certificate, then those that lead to the authority's
    std::string key = {};           // file; empty: the key is in the certificate's file
    std::string key_password = {};  // of an encrypted key; never asked for on the terminal

    std::optional<TlsVerify> verify = {};  // nothing: a client requires a certificate, a server verifies none

    // Authorities to trust. If both are empty, a client trusts the system's; a server that verifies must name some.
    std::string ca_file = {};
    std::string ca_path = {};  // a folder of certificates, as c_rehash(1) makes it

    TlsVersion lowest = TlsVersion::tls_1_2;
    TlsVersion highest = TlsVersion::tls_1_3;
    std::string ciphers = {};        // of TLS 1.2, in the format of ciphers(1); empty: OpenSSL's choice
    std::string cipher_suites = {};  // of TLS 1.3, separated by colons; empty: OpenSSL's choice

    // The protocols to offer or accept, best first: "h2", "http/1.1" (RFC 7301). A server refuses a client that offers
    // only others, and serves one that offers none.
    std::vector<std::string> alpn = {};

    // Server: returns the context for a client that asks for this name, given in lower case and without a final dot;
    // nullptr: this context. Not called for a text that is not a valid name. The other context then replaces this one
    // entirely, and a session is resumed only in the context that it was made in. Called during the handshake; must not
    // wait. An exception ends that handshake, and the call that made it throws it.
    std::function<const TlsContext*(std::string_view name)> by_name = {};

    bool resumption = true;          // server: lets clients resume their sessions
    std::string ocsp_response = {};  // server: DER, sent to clients that ask for it (stapling)
    bool ask_ocsp = false;           // client: asks for it; see TlsSocket::ocsp_response()
    bool kernel_tls = false;         // lets the kernel encrypt, if it and OpenSSL can

    // File to which each connection's secrets are appended, for debuggers such as Wireshark. Any reader of this file
    // can decrypt every connection.
    std::string key_log_file = {};
};

namespace detail {
struct TlsContextState;
}

class TlsContext {
public:
    TlsContext();  // a client's, with the default options; all of these are the same context

    // Reads the files now, which blocks the hub, and does not yield; OpenSSL looks into ca_path only when it needs a
    // certificate.
    // Throws: TlsError (tls.hpp), a std::system_error that says which file, and why; std::invalid_argument for a server
    // without a certificate, or one that verifies and names no authorities; for a cipher list that matches no cipher,
    // or one that does not authenticate or encrypt; for options that exclude each other, or would have no effect.
    TlsContext(const TlsOptions& options);

    bool server_side() const noexcept;  // as in the options

private:
    friend struct detail::TlsContextState;
    std::shared_ptr<const detail::TlsContextState> state_;
};

}  // namespace tendril
