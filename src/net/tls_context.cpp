// SPDX-License-Identifier: MIT

#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <sys/uio.h>

#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/lazy.hpp"
#include "base/no_nul.hpp"
#include "base/sys.hpp"
#include "net/tls_callback.hpp"
#include "net/tls_certificate.hpp"
#include "net/tls_error.hpp"
#include "net/tls_name.hpp"

namespace tendril {

namespace detail {

namespace {

// Returns the name that a client asks for in its hello; nothing if there is none, or if OpenSSL will refuse it.
std::optional<std::string> hello_name(SSL* ssl) {
    const unsigned char* p = nullptr;
    std::size_t size = 0;
    constexpr std::size_t before = 5;  // the list's length, the kind, the name's length
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &size) != 1 || size < before ||
        p[2] != TLSEXT_NAMETYPE_host_name || size < before + (p[3] << 8 | p[4])) {
        return std::nullopt;
    }
    return tls_name_of_peer({reinterpret_cast<const char*>(p) + before, static_cast<std::size_t>(p[3] << 8 | p[4])});
}

// Called before a session is resumed, so that only a session of the chosen context is. Called again, with the chosen
// context, if the client must send its hello again: it may not name another server then, for whose context it was not
// verified (RFC 8446, 4.1.2).
int choose_by_name(SSL* ssl, int* alert, void* state) noexcept {
    const auto& self = *static_cast<const TlsContextState*>(state);
    auto& left = *static_cast<TlsLeft*>(SSL_get_app_data(ssl));
    try {
        const std::optional<std::string> name = hello_name(ssl);
        if (std::exchange(left.hello_seen, true)) {
            if (name != left.hello_name) {
                throw TlsError(std::error_code(SSL_R_BAD_EXTENSION, tls_category()),
                               "TLS handshake: the client's second hello names another server than its first");
            }
            return SSL_CLIENT_HELLO_SUCCESS;
        }
        left.hello_name = name;
        const InCallback guard;
        const bool asks = name.has_value() && self.options.by_name;
        if (const TlsContext* chosen = asks ? self.options.by_name(*name) : nullptr; chosen != nullptr) {
            if (!chosen->server_side()) {
                throw std::logic_error("TlsOptions::by_name chose a client's context; it needs .server_side = true");
            }
            left.chosen = TlsContextState::of(*chosen);
            left.chosen->take_over(ssl, self);
        }
        return SSL_CLIENT_HELLO_SUCCESS;
    } catch (...) {
        left.error = std::current_exception();
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
}

int acknowledge_name(SSL*, int*, void*) noexcept {
    return SSL_TLSEXT_ERR_OK;
}

int choose_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) noexcept {
    const auto& left = *static_cast<const TlsLeft*>(SSL_get_app_data(ssl));
    const auto& context = *static_cast<const TlsContextState*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const std::string& ours = context.alpn.empty() ? left.alpn : context.alpn;
    if (ours.empty()) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    unsigned char* chosen = nullptr;
    const int r = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                        static_cast<unsigned>(ours.size()), in, in_size);
    *out = chosen;
    return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int staple(SSL* ssl, void* state) noexcept {
    const std::string& response = static_cast<const TlsContextState*>(state)->options.ocsp_response;
    void* copy = OPENSSL_memdup(response.data(), response.size());  // OpenSSL frees it
    if (copy == nullptr) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
}

int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
    static_cast<TlsLeft*>(SSL_get_app_data(ssl))->session.reset(session);
    return 1;  // we own it now
}

void log_key(const SSL* ssl, const char* line) noexcept {
    const auto& self = *static_cast<const TlsContextState*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    // In one write, so that the lines of OS threads do not mix; without SIGPIPE, since it may be a FIFO.
    const iovec parts[] = {{const_cast<char*>(line), std::strlen(line)}, {const_cast<char*>("\n"), 1}};
    static_cast<void>(sys::write_pipe_parts(self.key_log.get(), parts, 2));
}

int number_of(TlsVersion version) noexcept {
    return version == TlsVersion::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

}  // namespace

std::string alpn_wire(const std::vector<std::string>& names) {
    constexpr std::size_t most = 65535 - 2;  // of the extension
    std::string wire;
    for (const std::string& one : names) {
        if (one.empty() || one.size() > 255) {
            throw std::invalid_argument("an ALPN name must have 1 to 255 bytes");
        }
        wire += static_cast<char>(one.size());
        wire += one;
    }
    if (wire.size() > most) {
        throw std::invalid_argument("the ALPN names have more than 65533 bytes together");
    }
    return wire;
}

TlsContextState::TlsContextState(const TlsOptions& from)
    : options(from), ssl(SSL_CTX_new(from.server_side ? TLS_server_method() : TLS_client_method())) {
    if (ssl == nullptr) {
        throw tls_error("cannot make a TLS context");
    }
    SSL_CTX_set_app_data(ssl.get(), this);
    check_combinations();
    set_limits();
    load_identities();
    load_trust();
    set_callbacks();
    set_psk();
    if (!options.key_log_file.empty()) {
        open_key_log();
    }
}

// Refuses options that are not safe, or would silently have no effect.
void TlsContextState::check_combinations() const {
    const TlsOptions& o = options;
    for (const auto& [text, what] : {std::pair(&o.certificate, "TlsOptions: a certificate"),
                                     {&o.key, "TlsOptions: a key"},
                                     {&o.ca_file, "TlsOptions: a CA file"},
                                     {&o.ca_path, "TlsOptions: a CA path"},
                                     {&o.ciphers, "TlsOptions: ciphers"},
                                     {&o.cipher_suites, "TlsOptions: cipher suites"},
                                     {&o.crl_file, "TlsOptions: a CRL file"},
                                     {&o.groups, "TlsOptions: groups"},
                                     {&o.signatures, "TlsOptions: signatures"},
                                     {&o.dh_parameters, "TlsOptions: DH parameters"},
                                     {&o.psk_hint, "TlsOptions: a PSK hint"},
                                     {&o.key_log_file, "TlsOptions: a key log file"}}) {
        require_no_nul(*text, what);
    }
    const auto refuse_if = [](bool wrong, const char* why) {
        if (wrong) {
            throw std::invalid_argument(std::string("TlsOptions: ") + why);
        }
    };
    const bool has_authorities = !o.ca_file.empty() || !o.ca_path.empty();
    refuse_if(o.lowest > o.highest, "the lowest version is above the highest");
    refuse_if(o.server_side && verify() != TlsVerify::none && !has_authorities,
              "a server that verifies its clients must say by whose certificates: give .ca_file or .ca_path. The "
              "system's authorities vouch for web servers, and would let in every owner of a web site");
    refuse_if(o.server_side && has_authorities && !o.verify.has_value(),
              ".ca_file and .ca_path of a server have no effect without .verify = TlsVerify::required (or optional)");
    refuse_if(o.certificate.empty() && !o.key.empty(), ".key without the .certificate that it belongs to");
    refuse_if(o.certificate.empty() && !o.key_password.empty(), ".key_password without a .certificate and its key");
    refuse_if(o.certificate.empty() && !o.more_identities.empty(), ".more_identities without a first .certificate");
    refuse_if(!o.ciphers.empty() && o.lowest == TlsVersion::tls_1_3,
              ".ciphers are of TLS 1.2, which .lowest excludes; those of TLS 1.3 are .cipher_suites");
    refuse_if(!o.cipher_suites.empty() && o.highest == TlsVersion::tls_1_2,
              ".cipher_suites are of TLS 1.3, which .highest excludes; those of TLS 1.2 are .ciphers");
    refuse_if(!o.server_side && o.by_name, ".by_name is a server's: set .server_side = true");
    refuse_if(!o.server_side && !o.ocsp_response.empty(), ".ocsp_response is a server's; a client sets .ask_ocsp");
    refuse_if(o.server_side && o.ask_ocsp, ".ask_ocsp is a client's; a server sets .ocsp_response");
    refuse_if(!o.server_side && o.tickets.has_value(), ".tickets are a server's: set .server_side = true");
    refuse_if(o.tickets.has_value() && *o.tickets > 0 && !o.resumption, ".tickets have no effect without .resumption");
    refuse_if(o.tickets.has_value() && *o.tickets > 16, "more than 16 .tickets for each connection");
    refuse_if(!o.server_side && o.prefer_own_ciphers, ".prefer_own_ciphers is a server's: the server chooses");
    refuse_if(!o.server_side && !o.dh_parameters.empty(), ".dh_parameters are a server's");
    refuse_if(o.post_handshake_auth && o.highest == TlsVersion::tls_1_2, ".post_handshake_auth is of TLS 1.3");
    refuse_if(o.server_side && o.post_handshake_auth && verify() == TlsVerify::none,
              ".post_handshake_auth has no effect without .verify = TlsVerify::required (or optional)");
    check_revocation();
    check_psk();
}

void TlsContextState::check_revocation() const {
    const TlsOptions& o = options;
    const bool lists = !o.crl_file.empty() || !o.ca_path.empty();
    if (o.revocation != TlsRevocation::none && !lists) {
        throw std::invalid_argument(
            "TlsOptions: .revocation needs the authorities' lists: give .crl_file, or a .ca_path that has them. "
            "Without a list every certificate would be refused");
    }
    if (o.revocation == TlsRevocation::none && !o.crl_file.empty()) {
        throw std::invalid_argument("TlsOptions: .crl_file has no effect without .revocation");
    }
    if (verify() == TlsVerify::none && (o.revocation != TlsRevocation::none || o.strict || o.partial_chain)) {
        throw std::invalid_argument(
            "TlsOptions: .revocation, .strict and .partial_chain have no effect without .verify");
    }
}

// Refuses ciphers without authentication or encryption, from a list such as "ALL:aNULL@SECLEVEL=0".
void TlsContextState::refuse_null_ciphers() const {
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(ssl.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
        const SSL_CIPHER* one = sk_SSL_CIPHER_value(all, i);
        if (SSL_CIPHER_get_auth_nid(one) == NID_auth_null || SSL_CIPHER_get_cipher_nid(one) == NID_undef) {
            throw std::invalid_argument("TlsOptions: the cipher " + std::string(SSL_CIPHER_get_name(one)) + " in \"" +
                                        options.ciphers + "\" does not authenticate, or does not encrypt");
        }
    }
}

void TlsContextState::set_limits() {
    SSL_CTX_set_min_proto_version(ssl.get(), number_of(options.lowest));
    SSL_CTX_set_max_proto_version(ssl.get(), number_of(options.highest));
    SSL_CTX_set_options(ssl.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       (options.kernel_tls ? SSL_OP_ENABLE_KTLS : 0) |
                                       (options.prefer_own_ciphers ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0) |
                                       (options.server_side && !options.resumption ? SSL_OP_NO_TICKET : 0));
    SSL_CTX_set_mode(ssl.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // Otherwise a peer that sends records without data, without end, could keep us inside OpenSSL.
    SSL_CTX_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
    // A client that accepts only its key offers nothing else: a server would choose a certificate.
    if (options.psk && verify() == TlsVerify::none && options.ciphers.empty()) {
        SSL_CTX_set_cipher_list(ssl.get(), "kECDHEPSK:kDHEPSK:kPSK:!eNULL");
    }
    if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(ssl.get(), options.ciphers.c_str()) != 1) {
        ERR_clear_error();
        throw std::invalid_argument("TlsOptions: no cipher matches \"" + options.ciphers + "\"");
    }
    refuse_null_ciphers();
    if (!options.cipher_suites.empty() && SSL_CTX_set_ciphersuites(ssl.get(), options.cipher_suites.c_str()) != 1) {
        ERR_clear_error();
        throw std::invalid_argument("TlsOptions: no cipher suite matches \"" + options.cipher_suites + "\"");
    }
    if (!options.groups.empty() && SSL_CTX_set1_groups_list(ssl.get(), options.groups.c_str()) != 1) {
        ERR_clear_error();
        throw std::invalid_argument("TlsOptions: unknown or repeated group in \"" + options.groups + "\"");
    }
    if (!options.signatures.empty() && SSL_CTX_set1_sigalgs_list(ssl.get(), options.signatures.c_str()) != 1) {
        ERR_clear_error();
        throw std::invalid_argument("TlsOptions: unknown or repeated signature algorithm in \"" + options.signatures +
                                    "\"");
    }
}

void TlsContextState::set_callbacks() {
    alpn = alpn_wire(options.alpn);
    if (!options.server_side) {
        if (!alpn.empty()) {
            SSL_CTX_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                                    static_cast<unsigned>(alpn.size()));
        }
        SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ssl.get(), &keep_session);
        return;
    }
    SSL_CTX_set_alpn_select_cb(ssl.get(), &choose_alpn, nullptr);
    SSL_CTX_set_tlsext_servername_callback(ssl.get(), &acknowledge_name);
    SSL_CTX_set_client_hello_cb(ssl.get(), &choose_by_name, this);
    if (!options.ocsp_response.empty()) {
        SSL_CTX_set_tlsext_status_cb(ssl.get(), &staple);
        SSL_CTX_set_tlsext_status_arg(ssl.get(), this);
    }
    // Tickets, which the clients keep, or nothing: a cache here would grow with the number of clients.
    SSL_CTX_set_session_cache_mode(ssl.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl.get(), tickets());
    // A session is resumed only in the context that made it: another one may demand more of the client (by_name).
    unsigned char id[16];
    if (RAND_bytes(id, sizeof id) != 1) {
        throw tls_error("no random numbers");
    }
    SSL_CTX_set_session_id_context(ssl.get(), id, sizeof id);
}

void TlsContextState::take_over(SSL* connection, const TlsContextState& begun) const noexcept {
    // What a connection inherits from its context only when it is made. The rest comes with the context.
    constexpr const char* usual_groups = "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096";
    SSL_set_SSL_CTX(connection, ssl.get());
    SSL_set_verify(connection, SSL_CTX_get_verify_mode(ssl.get()), nullptr);
    SSL_set_min_proto_version(connection, number_of(options.lowest));
    SSL_set_max_proto_version(connection, number_of(options.highest));
    if (options.groups != begun.options.groups) {
        SSL_set1_groups_list(connection, options.groups.empty() ? usual_groups : options.groups.c_str());
    }
    if (options.cipher_suites != begun.options.cipher_suites) {
        SSL_set_ciphersuites(connection, options.cipher_suites.empty() ? OSSL_default_ciphersuites()
                                                                       : options.cipher_suites.c_str());
    }
    constexpr std::uint64_t ours = SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE;
    SSL_clear_options(connection, ours);
    SSL_set_options(connection, SSL_CTX_get_options(ssl.get()) & ours);
    SSL_set_num_tickets(connection, tickets());
    set_psk(connection);
}

void TlsContextState::open_key_log() {
    const int fd = sys::open(options.key_log_file, O_WRONLY | O_APPEND | O_CREAT, 0600);
    key_log = Fd(sys::checked(fd, ("cannot open the key log \"" + options.key_log_file + "\"").c_str()));
    SSL_CTX_set_keylog_callback(ssl.get(), &log_key);
}

}  // namespace detail

TlsContext::TlsContext(const TlsOptions& options) : state_(std::make_shared<const detail::TlsContextState>(options)) {}

TlsContext::TlsContext() {
    static constinit detail::Lazy<TlsContext> shared;
    state_ = shared.get([] { return std::make_unique<const TlsContext>(TlsOptions{}); }).state_;
}

bool TlsContext::server_side() const noexcept {
    return state_->options.server_side;
}

std::vector<std::string> TlsContext::ciphers() const {
    std::vector<std::string> names;
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(state_->ssl.get());
    const int count = sk_SSL_CIPHER_num(all);
    names.reserve(count > 0 ? static_cast<std::size_t>(count) : 0);
    for (int i = 0; i < count; ++i) {
        names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)));
    }
    return names;
}

TlsStatistics TlsContext::statistics() const noexcept {
    SSL_CTX* ctx = state_->ssl.get();
    const auto count = [](long n) { return static_cast<std::uint64_t>(n); };
    return state_->options.server_side
               ? TlsStatistics{count(SSL_CTX_sess_accept(ctx)), count(SSL_CTX_sess_accept_good(ctx)),
                               count(SSL_CTX_sess_hits(ctx))}
               : TlsStatistics{count(SSL_CTX_sess_connect(ctx)), count(SSL_CTX_sess_connect_good(ctx)),
                               count(SSL_CTX_sess_hits(ctx))};
}

}  // namespace tendril
