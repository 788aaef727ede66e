// SPDX-License-Identifier: MIT
//
// TlsContextState: an SSL_CTX and what its callbacks need. Never changed once made; shared by the OS threads.

#pragma once

#include <openssl/ssl.h>

#include <exception>
#include <memory>
#include <string>

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
    std::string alpn;   // as it is sent: each with its length before it
    std::string trust;  // equal: the same certificates are good
    Fd key_log;

    explicit TlsContextState(const TlsOptions& from);

    TlsVerify verify() const noexcept {
        return options.verify.value_or(options.server_side ? TlsVerify::none : TlsVerify::required);
    }

    // A server's connection that was begun with another context is one of this from now on.
    void take_over(SSL* connection) const noexcept;

    static const std::shared_ptr<const TlsContextState>& of(const TlsContext& context) noexcept {
        return context.state_;
    }

private:
    void set_limits();
    void load_identity();
    void check_combinations() const;
    void refuse_null_ciphers() const;
    void load_trust();
    void load_folder();
    void set_callbacks();
    void open_key_log();
};

// As it is sent: each with its length before it. Throws: std::invalid_argument.
std::string alpn_wire(const std::vector<std::string>& names);

// What a context's callbacks find and leave in their connection, whose SSL has it as its app data.
struct TlsLeft {
    std::string alpn;                               // as alpn_wire(): where the context names none
    std::shared_ptr<const TlsContextState> chosen;  // by the name that the client asked for
    std::exception_ptr error;                       // that a user's callback threw: OpenSSL must not be unwound through
    std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> session;  // the newest
};

}  // namespace tendril::detail
