// SPDX-License-Identifier: MIT
//
// Keys that both sides know before they connect (RFC 4279; RFC 8446, 2.2). OpenSSL asks for them by callbacks, whose
// exceptions are kept until it has returned. A key that does not fit into OpenSSL's memory is an exception too.

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "net/tls_callback.hpp"
#include "net/tls_context.hpp"

namespace tendril::detail {

namespace {

const TlsContextState& context_of(const SSL* ssl) noexcept {
    return *static_cast<const TlsContextState*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

TlsLeft& left_of(const SSL* ssl) noexcept {
    return *static_cast<TlsLeft*>(SSL_get_app_data(ssl));
}

// Copies the key for OpenSSL. Returns: its size.
unsigned put_key(const std::string& key, unsigned char* to, unsigned most) {
    if (key.empty() || key.size() > most) {
        throw std::invalid_argument("a pre-shared key must have 1 to " + std::to_string(most) + " bytes, not " +
                                    std::to_string(key.size()));
    }
    std::copy(key.begin(), key.end(), to);
    return static_cast<unsigned>(key.size());
}

// 0: no key, so a server with TLS 1.3 goes on by its certificate. With `error` set, finish_handshake() refuses that.
unsigned ask_client(SSL* ssl, const char* hint, char* identity, unsigned most_identity, unsigned char* key,
                    unsigned most_key) noexcept {
    try {
        const InCallback guard;
        const std::optional<TlsPsk> chosen = context_of(ssl).options.psk(hint != nullptr ? hint : "");
        if (!chosen) {
            return 0;
        }
        const std::string& name = chosen->identity;
        if (name.empty() || name.size() > most_identity || name.find('\0') != std::string::npos) {
            throw std::invalid_argument("the identity of a pre-shared key must have 1 to " +
                                        std::to_string(most_identity) + " bytes, and no zero byte");
        }
        std::memcpy(identity, name.c_str(), std::min<std::size_t>(name.size() + 1, most_identity));
        return put_key(chosen->key, key, most_key);
    } catch (...) {
        left_of(ssl).error = std::current_exception();
        return 0;
    }
}

unsigned ask_server(SSL* ssl, const char* identity, unsigned char* key, unsigned most_key) noexcept {
    try {
        const InCallback guard;
        const std::optional<std::string> found =
            identity != nullptr ? context_of(ssl).options.psk_by_identity(identity) : std::nullopt;
        return found ? put_key(*found, key, most_key) : 0;
    } catch (...) {
        left_of(ssl).error = std::current_exception();
        return 0;
    }
}

}  // namespace

void TlsContextState::check_psk() const {
    const TlsOptions& o = options;
    if (o.server_side && o.psk) {
        throw std::invalid_argument("TlsOptions: .psk is a client's; a server sets .psk_by_identity");
    }
    if (!o.server_side && (o.psk_by_identity || !o.psk_hint.empty())) {
        throw std::invalid_argument("TlsOptions: .psk_by_identity and .psk_hint are a server's; a client sets .psk");
    }
    if (!o.psk_hint.empty() && !o.psk_by_identity) {
        throw std::invalid_argument("TlsOptions: .psk_hint has no effect without .psk_by_identity");
    }
    if (o.psk_hint.size() > PSK_MAX_IDENTITY_LEN) {
        throw std::invalid_argument("TlsOptions: a .psk_hint has at most " + std::to_string(PSK_MAX_IDENTITY_LEN) +
                                    " bytes");
    }
}

void TlsContextState::set_psk() {
    if (options.psk) {
        SSL_CTX_set_psk_client_callback(ssl.get(), &ask_client);
    }
    if (options.psk_by_identity) {
        SSL_CTX_set_psk_server_callback(ssl.get(), &ask_server);
        if (!options.psk_hint.empty()) {
            SSL_CTX_use_psk_identity_hint(ssl.get(), options.psk_hint.c_str());
        }
    }
}

// For a server's connection.
void TlsContextState::set_psk(SSL* connection) const noexcept {
    SSL_set_psk_server_callback(connection, options.psk_by_identity ? &ask_server : nullptr);
    SSL_use_psk_identity_hint(connection, options.psk_hint.empty() ? nullptr : options.psk_hint.c_str());
}

}  // namespace tendril::detail
