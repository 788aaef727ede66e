// SPDX-License-Identifier: MIT

#include "raw_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <chrono>
#include <stdexcept>

namespace tendril::testing {

namespace {

constexpr auto patience = std::chrono::seconds(20);

template <class T, void (*free)(T*)>
struct Free {
    void operator()(T* p) const noexcept { free(p); }
};

[[noreturn]] void fail(const char* what) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    const std::string text = std::string(what) + ": " + (reason != nullptr ? reason : "no reason");
    ERR_clear_error();
    throw std::runtime_error(text);
}

}  // namespace

struct RawTlsClient::Parts {
    std::unique_ptr<SSL_CTX, Free<SSL_CTX, SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
    std::unique_ptr<SSL_SESSION, Free<SSL_SESSION, SSL_SESSION_free>> session;
    std::unique_ptr<SSL, Free<SSL, SSL_free>> ssl;
    BIO* in = BIO_new(BIO_s_mem());  // owned by the SSL, as soon as that exists
    BIO* out = BIO_new(BIO_s_mem());
};

RawTlsClient::RawTlsClient(TcpSocket socket, const Options& options)
    : socket_(std::move(socket)), parts_(std::make_unique<Parts>()) {
    SSL_CTX* context = parts_->context.get();
    SSL_CTX_set_app_data(context, parts_.get());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
        static_cast<Parts*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session.reset(session);
        return 1;
    });
    if (options.tls_1_2) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    }
    SSL* ssl = SSL_new(context);
    parts_->ssl.reset(ssl);
    SSL_set_bio(ssl, parts_->in, parts_->out);
    BIO_set_mem_eof_return(parts_->in, -1);
    SSL_set_connect_state(ssl);
    SSL_set_tlsext_host_name(ssl, options.server_name.c_str());
    if (!options.session.empty()) {
        const auto* p = reinterpret_cast<const unsigned char*>(options.session.data());
        SSL_SESSION* session = d2i_SSL_SESSION(nullptr, &p, static_cast<long>(options.session.size()));
        if (session == nullptr || SSL_set_session(ssl, session) != 1) {
            fail("session");
        }
        SSL_SESSION_free(session);
    }
}

RawTlsClient::~RawTlsClient() = default;

// Returns the bytes that OpenSSL wants to send.
std::string RawTlsClient::taken() {
    std::string text(BIO_ctrl_pending(parts_->out), '\0');
    if (!text.empty()) {
        BIO_read(parts_->out, text.data(), static_cast<int>(text.size()));
    }
    return text;
}

void RawTlsClient::flush() {
    if (const std::string text = taken(); !text.empty()) {
        socket_.send_all(text, patience);
    }
}

// Repeats `step`, sending and receiving for it, until it succeeds. Returns: its result; 0 at the end of the stream.
template <class Step>
int RawTlsClient::drive(Step step) {
    for (;;) {
        ERR_clear_error();
        const int r = step();
        const int why = SSL_get_error(parts_->ssl.get(), r);
        flush();
        if (r > 0) {
            return r;
        }
        if (why == SSL_ERROR_ZERO_RETURN) {
            return 0;
        }
        if (why != SSL_ERROR_WANT_READ) {
            fail("raw TLS client");
        }
        char buffer[4096];
        const std::size_t n = socket_.recv(buffer, patience);
        if (n == 0) {
            throw std::runtime_error("the server closed the connection");
        }
        BIO_write(parts_->in, buffer, static_cast<int>(n));
    }
}

void RawTlsClient::handshake() {
    drive([&] { return SSL_do_handshake(parts_->ssl.get()); });
}

void RawTlsClient::send(const std::string& text) {
    drive([&] { return SSL_write(parts_->ssl.get(), text.data(), static_cast<int>(text.size())); });
}

std::string RawTlsClient::recv(std::size_t at_most) {
    std::string text(at_most, '\0');
    const int n = drive([&] { return SSL_read(parts_->ssl.get(), text.data(), static_cast<int>(text.size())); });
    text.resize(static_cast<std::size_t>(n));
    return text;
}

std::string RawTlsClient::hello() {
    SSL_do_handshake(parts_->ssl.get());
    return taken();
}

std::string RawTlsClient::record(const std::string& text) {
    if (SSL_write(parts_->ssl.get(), text.data(), static_cast<int>(text.size())) <= 0) {
        fail("raw TLS client");
    }
    return taken();
}

std::string RawTlsClient::key_update(bool answer) {
    if (SSL_key_update(parts_->ssl.get(), answer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
        SSL_do_handshake(parts_->ssl.get()) != 1) {
        fail("key update");
    }
    return taken();
}

void RawTlsClient::renegotiate() {
    SSL_renegotiate(parts_->ssl.get());
    handshake();
}

bool RawTlsClient::resumed() const {
    return SSL_session_reused(parts_->ssl.get()) == 1;
}

std::string RawTlsClient::session() const {
    SSL_SESSION* session = parts_->session != nullptr ? parts_->session.get() : SSL_get_session(parts_->ssl.get());
    std::string text(static_cast<std::size_t>(i2d_SSL_SESSION(session, nullptr)), '\0');
    auto* p = reinterpret_cast<unsigned char*>(text.data());
    i2d_SSL_SESSION(session, &p);
    return text;
}

}  // namespace tendril::testing
