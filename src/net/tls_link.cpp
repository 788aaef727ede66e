// SPDX-License-Identifier: MIT

#include "net/tls_link.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

#include "hub/here.hpp"
#include "net/tls_error.hpp"
#include "net/tls_name.hpp"

namespace tendril::detail {

namespace {

// Other green threads may be interrupted while one waits in its send(): so it says whose it is.
struct Kept {
    const Fiber* fiber = nullptr;
    std::size_t bytes = 0;
};
constinit thread_local Kept last_kept;

// Whether the key that both sides knew before was used.
bool used_psk(const SSL* ssl) noexcept {
    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        return SSL_session_reused(ssl) == 1;
    }
    const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
    const int exchange = cipher != nullptr ? SSL_CIPHER_get_kx_nid(cipher) : NID_undef;
    return exchange == NID_kx_psk || exchange == NID_kx_dhe_psk || exchange == NID_kx_ecdhe_psk ||
           exchange == NID_kx_rsa_psk;
}

}  // namespace

void TlsLink::note_kept(std::size_t bytes) noexcept {
    last_kept = {&here::fiber(), bytes};
}

std::size_t TlsLink::take_kept() noexcept {
    return last_kept.fiber == &here::fiber() ? std::exchange(last_kept, {}).bytes : 0;
}

TlsLink::TlsLink(const TlsContext& context, const WrapOptions& options) : context_(TlsContextState::of(context)) {
    ssl_.reset(SSL_new(context_->ssl.get()));
    if (ssl_ == nullptr) {
        throw tls_error("cannot make a TLS connection");
    }
    left_.alpn = alpn_wire(options.alpn);
    SSL_set_app_data(ssl_.get(), &left_);
    if (options.suppress_ragged_eofs) {
        SSL_set_options(ssl_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    }
    if (context_->options.server_side) {
        SSL_set_accept_state(ssl_.get());
    } else {
        prepare_client(options);
    }
}

void TlsLink::prepare_client(const WrapOptions& options) {
    SSL* ssl = ssl_.get();
    SSL_set_connect_state(ssl);
    if (options.server_name.empty() && context_->verify() != TlsVerify::none) {
        throw std::invalid_argument(
            "wrap_ssl: a client needs the .server_name to verify, or .verify = TlsVerify::none to trust every server");
    }
    if (!options.server_name.empty()) {
        const auto [name, is_ip] = tls_name(options.server_name);
        server_name_ = name;
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);  // RFC 9525
        // SNI does not carry IP addresses (RFC 6066).
        const bool set =
            is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                  : SSL_set1_host(ssl, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
        if (!set) {
            throw tls_error("wrap_ssl: OpenSSL refuses the name \"" + name + "\"");
        }
    }
    if (context_->alpn.empty() && !left_.alpn.empty()) {
        SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(left_.alpn.data()),
                            static_cast<unsigned>(left_.alpn.size()));
    }
    if (context_->options.ask_ocsp) {
        SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
    }
    if (options.session && options.session.state_->is_for(server_name_, *context_)) {
        SSL_set_session(ssl, options.session.state_->session.get());
        ERR_clear_error();  // an unsuitable session is not used, and is no error
    }
}

bool TlsLink::is_ragged_end(int why) const noexcept {
    return left_.error == nullptr &&
           ((why == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) ||
            (why == SSL_ERROR_SYSCALL && ERR_peek_error() == 0));
}

void TlsLink::throw_failure(int why, const std::string& text) {
    if (left_.error != nullptr) {
        ERR_clear_error();
        std::rethrow_exception(std::exchange(left_.error, nullptr));
    }
    if (is_ragged_end(why)) {
        ERR_clear_error();
        throw TlsError(std::error_code(SSL_R_UNEXPECTED_EOF_WHILE_READING, tls_category()),
                       text + (handshaken_ ? ": the peer's stream ended without close_notify, and may be cut off"
                                           : ": the peer closed the connection"));
    }
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        ERR_clear_error();
        const auto error = static_cast<int>(SSL_get_verify_result(ssl_.get()));
        const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
        throw TlsError(
            std::error_code(error, tls_verify_category()),
            text + ": the peer's certificate was refused" +
                (name != nullptr && !context_->options.server_side ? " as " + std::string(name) + "'s" : ""));
    }
    throw tls_error(text);
}

void TlsLink::prepare_request() {
    ERR_clear_error();
    if (SSL_verify_client_post_handshake(ssl_.get()) != 1) {
        throw tls_error("request_certificate");
    }
}

void TlsLink::finish_handshake() {
    if (left_.error != nullptr) {
        std::rethrow_exception(std::exchange(left_.error, nullptr));
    }
    if (context_->options.psk && context_->verify() == TlsVerify::none && !used_psk(ssl_.get())) {
        throw TlsError(std::error_code(SSL_R_PSK_IDENTITY_NOT_FOUND, tls_category()),
                       "TLS handshake: the server did not use the pre-shared key, and its certificate is not verified");
    }
    handshaken_ = true;
}

TlsSession TlsLink::session() const {
    TlsSession made;
    SSL_SESSION* session = left_.session != nullptr ? left_.session.get() : SSL_get_session(ssl_.get());
    if (session != nullptr && SSL_SESSION_is_resumable(session) != 0) {
        SSL_SESSION_up_ref(session);
        auto state = std::make_shared<TlsSessionState>();
        state->session.reset(session);
        state->server_name = server_name_;
        state->trust = context_->trust;
        made.state_ = std::move(state);
    }
    return made;
}

}  // namespace tendril::detail
