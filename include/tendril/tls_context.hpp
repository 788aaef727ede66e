// SPDX-License-Identifier: MIT
// Floor: net
//
// TlsContext: who we are and whom we trust, for TLS connections (tls.hpp). Made once and used for many; it never
// changes, so copies are cheap and any OS thread may use them at the same time.
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

// Of the peer's certificate. `optional`: one that it shows must be good, and it need not show one.
enum class TlsVerify { none, optional, required };

// Where a file is named, PEM text may be given instead: it begins with "-----BEGIN".
struct TlsOptions {
    bool server_side = false;

    std::string certificate = {};   // file: ours, then those that lead to the authority's
    std::string key = {};           // file; empty: it is in the certificate's
    std::string key_password = {};  // nobody is asked on the terminal

    std::optional<TlsVerify> verify = {};  // nothing: required of servers, none of clients
    // Authorities to trust. With neither, a client trusts the system's; a server that verifies must name some.
    std::string ca_file = {};
    std::string ca_path = {};  // folder of them, as c_rehash(1) makes it

    TlsVersion lowest = TlsVersion::tls_1_2;
    TlsVersion highest = TlsVersion::tls_1_3;
    std::string ciphers = {};        // of TLS 1.2, as ciphers(1) has them; empty: OpenSSL's choice
    std::string cipher_suites = {};  // of TLS 1.3

    // What may be spoken, best first: "h2", "http/1.1" (RFC 7301). A server refuses a client with whom it shares none;
    // one that names none is served.
    std::vector<std::string> alpn = {};

    // Server: another context for a client that asks for this name, which is in lower case and without a final dot;
    // nullptr: this one. Not called for what cannot be a name. Everything is the other's then,
    // and no session of another context is resumed. Called during the handshake, and must not wait. What it throws ends
    // that handshake, and is thrown there.
    std::function<const TlsContext*(std::string_view name)> by_name = {};

    bool resumption = true;          // a server lets clients resume their sessions
    std::string ocsp_response = {};  // server: DER, handed to clients that ask for it (stapling)
    bool ask_ocsp = false;           // client: see TlsSocket::ocsp_response()
    bool kernel_tls = false;         // let the kernel encrypt, where it and OpenSSL can
    std::string key_log_file = {};   // secrets are appended for debuggers such as Wireshark; whoever reads it reads all
};

namespace detail {
struct TlsContextState;
}

class TlsContext {
public:
    TlsContext();  // a client's, with nothing but defaults; one for all

    // Reads all files now. Throws: TlsError (tls.hpp), a std::system_error: which file, and why; std::invalid_argument:
    // a server without a certificate, or one that verifies and names no authorities; a cipher list that means nothing,
    // or has ciphers that do not authenticate or encrypt; options that exclude each other, or would have no effect.
    TlsContext(const TlsOptions& options);

    bool server_side() const noexcept;

private:
    friend struct detail::TlsContextState;
    std::shared_ptr<const detail::TlsContextState> state_;
};

}  // namespace tendril
