// SPDX-License-Identifier: MIT
//
// TlsContextState: an SSL_CTX and what its callbacks need. Never changes once made; shared between OS threads.

#pragma once

#include <openssl/ssl.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tendril/fd.hpp>
#include <tendril/tls_context.hpp>

namespace tendril::detail {

template <auto free>
struct FreeBy {
    template <class T>
    void operator()(T* p) const noexcept {
        free(p);
    }
};

struct TlsContextState {
    TlsOptions options;
    std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> ssl;
    std::string alpn;        // in the form of alpn_wire()
    std::string trust;       // if two contexts have the same, they accept the same certificates
    std::vector<int> kinds;  // of the keys of the identities that are loaded
    Fd key_log;

    explicit TlsContextState(const TlsOptions& from);

    TlsVerify verify() const noexcept {
        return options.verify.value_or(options.server_side ? TlsVerify::none : TlsVerify::required);
    }

    // How many tickets a server sends after a full handshake of TLS 1.3.
    std::size_t tickets() const noexcept { return options.resumption ? options.tickets.value_or(2) : 0; }

    // Moves a server's connection, which was begun with another context, to this one.
    void take_over(SSL* connection, const TlsContextState& begun) const noexcept;

    static const std::shared_ptr<const TlsContextState>& of(const TlsContext& context) noexcept {
        return context.state_;
    }

private:
    void set_limits();
    void check_combinations() const;
    void check_revocation() const;
    void refuse_null_ciphers() const;
    void set_callbacks();
    void open_key_log();
    // In tls_identity.cpp
    void load_identities();
    void load_identity(const TlsIdentity& one);
    void load_dh_parameters();
    // In tls_trust.cpp
    void load_trust();
    void load_folder();
    void load_revocations();
    // In tls_psk.cpp
    void check_psk() const;
    void set_psk();
    void set_psk(SSL* connection) const noexcept;
};

// Returns the names as TLS sends them: each with its length before it. Throws: std::invalid_argument.
std::string alpn_wire(const std::vector<std::string>& names);

// What a context's callbacks find and leave in their connection; the SSL's app data.
struct TlsLeft {
    std::string alpn;                               // as alpn_wire(); used if the context names none
    bool hello_seen = false;                        // a server's: of this client
    std::optional<std::string> hello_name;          // that it asked for in its first hello
    std::shared_ptr<const TlsContextState> chosen;  // by that name
    std::exception_ptr error;                       // from a user's callback, since OpenSSL must not be unwound
    std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> session;  // the newest
};

}  // namespace tendril::detail
