// SPDX-License-Identifier: MIT
//
// What a TLS connection says of itself.

#include <tendril/tls_connection.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <stdexcept>

#include "net/tls_certificate.hpp"
#include "net/tls_link.hpp"
#include "net/tls_name.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::FreeBy;
using detail::TlsLink;

namespace {

std::string text_or_empty(const char* text) {
    return text != nullptr ? text : "";
}

std::string text_of(const unsigned char* bytes, std::size_t size) {
    return std::string(reinterpret_cast<const char*>(bytes), size);
}

[[noreturn]] void refuse_binding(const char* why) {
    throw std::logic_error(std::string("TlsConnection::channel_binding(): ") + why);
}

// The first Finished message of the handshake: the client's, unless a session was resumed.
std::string first_finished(const TlsLink& link) {
    SSL* ssl = link.ssl();
    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        refuse_binding("TLS 1.3 has no tls-unique; take TlsBinding::exporter");
    }
    if (SSL_get_extms_support(ssl) != 1) {
        refuse_binding("without an extended master secret tls-unique can be forged; take another binding");
    }
    const bool ours = (SSL_session_reused(ssl) == 1) == link.server_side();
    unsigned char finished[EVP_MAX_MD_SIZE];
    const std::size_t size =
        ours ? SSL_get_finished(ssl, finished, sizeof finished) : SSL_get_peer_finished(ssl, finished, sizeof finished);
    return text_of(finished, std::min(size, sizeof finished));
}

// The hash of the server's certificate, by the hash of its signature, but at least SHA-256 (RFC 5929, 4.1).
std::string end_point(const TlsLink& link) {
    std::unique_ptr<X509, FreeBy<X509_free>> peers;
    X509* certificate = nullptr;
    if (link.server_side()) {
        certificate = SSL_get_certificate(link.ssl());
    } else {
        peers.reset(SSL_get1_peer_certificate(link.ssl()));
        certificate = peers.get();
    }
    if (certificate == nullptr) {
        refuse_binding("the server showed no certificate; take TlsBinding::exporter");
    }
    int hash = NID_undef;
    X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr);
    if (hash == NID_md5 || hash == NID_sha1 || hash == NID_md5_sha1) {
        hash = NID_sha256;
    }
    const EVP_MD* kind = hash != NID_undef ? EVP_get_digestbynid(hash) : nullptr;
    if (kind == nullptr) {
        refuse_binding("the signature of the server's certificate has no hash; take TlsBinding::exporter");
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(certificate, kind, digest, &size);
    return text_of(digest, size);
}

// The algorithm that one side has signed with, as SSL_CTX_set1_sigalgs_list() writes it.
std::string signature_of(SSL* ssl, bool peers) {
    int kind = NID_undef;
    int hash = NID_undef;
    if ((peers ? SSL_get_peer_signature_type_nid(ssl, &kind) : SSL_get_signature_type_nid(ssl, &kind)) != 1 ||
        (peers ? SSL_get_peer_signature_nid(ssl, &hash) : SSL_get_signature_nid(ssl, &hash)) != 1) {
        return "";
    }
    const std::string with = hash != NID_undef ? "+" + text_or_empty(OBJ_nid2sn(hash)) : "";
    switch (kind) {
    case EVP_PKEY_RSA:
        return "RSA" + with;
    case EVP_PKEY_RSA_PSS:
        return "RSA-PSS" + with;
    case EVP_PKEY_EC:
        return "ECDSA" + with;
    case EVP_PKEY_ED25519:
        return "ed25519";
    case EVP_PKEY_ED448:
        return "ed448";
    default:
        return text_or_empty(OBJ_nid2sn(kind)) + with;
    }
}

// Whether the server had nothing to sign; on its side OpenSSL then names the algorithm that it would have signed with.
bool without_servers_signature(const SSL* ssl) {
    return SSL_session_reused(ssl) == 1 ||
           (SSL_version(ssl) < TLS1_3_VERSION && SSL_CIPHER_get_kx_nid(SSL_get_current_cipher(ssl)) == NID_kx_rsa);
}

}  // namespace

std::shared_ptr<const TlsLink> TlsConnection::open_link() const {
    std::shared_ptr<const TlsLink> found = link();
    if (found == nullptr) {
        detail::fail(-EBADF, "a TLS connection is closed");
    }
    return found;
}

std::string TlsConnection::version() const {
    const auto link = open_link();
    return link->handshaken() ? SSL_get_version(link->ssl()) : "";
}

std::string TlsConnection::cipher() const {
    const auto link = open_link();
    return link->handshaken() ? text_or_empty(SSL_get_cipher_name(link->ssl())) : "";
}

int TlsConnection::cipher_bits() const {
    const auto link = open_link();
    return link->handshaken() ? SSL_get_cipher_bits(link->ssl(), nullptr) : 0;
}

std::string TlsConnection::group() const {
    const auto link = open_link();
    const int id = link->handshaken() ? static_cast<int>(SSL_get_negotiated_group(link->ssl())) : 0;
    return id != 0 && (id & TLSEXT_nid_unknown) == 0 ? text_or_empty(OBJ_nid2ln(id)) : "";
}

std::string TlsConnection::client_signature() const {
    const auto link = open_link();
    return link->handshaken() ? signature_of(link->ssl(), link->server_side()) : "";
}

std::string TlsConnection::server_signature() const {
    const auto link = open_link();
    return link->handshaken() && !without_servers_signature(link->ssl())
               ? signature_of(link->ssl(), !link->server_side())
               : "";
}

std::string TlsConnection::alpn() const {
    const auto link = open_link();
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(link->ssl(), &chosen, &size);
    return text_of(chosen, size);
}

std::string TlsConnection::server_name() const {
    const std::string asked = text_or_empty(SSL_get_servername(open_link()->ssl(), TLSEXT_NAMETYPE_host_name));
    return detail::tls_name_of_peer(asked).value_or("");
}

bool TlsConnection::server_side() const {
    return open_link()->server_side();
}

bool TlsConnection::resumed() const {
    return SSL_session_reused(open_link()->ssl()) == 1;
}

std::vector<std::string> TlsConnection::shared_ciphers() const {
    const auto link = open_link();
    std::vector<std::string> names;
    if (!link->handshaken() || !link->server_side()) {
        return names;
    }
    const STACK_OF(SSL_CIPHER)* theirs = SSL_get_client_ciphers(link->ssl());
    const STACK_OF(SSL_CIPHER)* ours = SSL_get_ciphers(link->ssl());
    for (int i = 0; theirs != nullptr && i < sk_SSL_CIPHER_num(theirs); ++i) {
        const SSL_CIPHER* one = sk_SSL_CIPHER_value(theirs, i);
        bool shared = false;
        for (int k = 0; k < sk_SSL_CIPHER_num(ours) && !shared; ++k) {
            shared = SSL_CIPHER_get_id(sk_SSL_CIPHER_value(ours, k)) == SSL_CIPHER_get_id(one);
        }
        if (shared) {
            names.emplace_back(SSL_CIPHER_get_name(one));
        }
    }
    return names;
}

std::optional<TlsCertificate> TlsConnection::peer_certificate() const {
    const auto link = this->link();
    if (link == nullptr || !link->handshaken()) {
        return std::nullopt;
    }
    const std::unique_ptr<X509, FreeBy<X509_free>> x509(SSL_get1_peer_certificate(link->ssl()));
    return x509 != nullptr ? std::optional(detail::read_certificate(x509.get())) : std::nullopt;
}

std::vector<TlsCertificate> TlsConnection::peer_chain() const {
    const auto link = open_link();
    if (!link->handshaken()) {
        return {};
    }
    std::vector<TlsCertificate> made = detail::read_certificates(SSL_get_peer_cert_chain(link->ssl()));
    // On the server's side OpenSSL leaves the client's own certificate out, and after a resumption all.
    if (const auto own = peer_certificate(); own && (made.empty() || made.front().der != own->der)) {
        made.insert(made.begin(), *own);
    }
    return made;
}

std::vector<TlsCertificate> TlsConnection::verified_chain() const {
    const auto link = open_link();
    if (!link->handshaken() || SSL_get_verify_mode(link->ssl()) == SSL_VERIFY_NONE ||
        SSL_get_verify_result(link->ssl()) != X509_V_OK) {
        return {};
    }
    return detail::read_certificates(SSL_get0_verified_chain(link->ssl()));
}

std::string TlsConnection::ocsp_response() const {
    const auto link = open_link();
    const unsigned char* response = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(link->ssl(), &response);
    return size > 0 ? text_of(response, static_cast<std::size_t>(size)) : "";
}

TlsSession TlsConnection::session() const {
    return open_link()->session();
}

std::string TlsConnection::exported(const std::string& label, std::size_t size,
                                    std::optional<std::string_view> context) const {
    const auto link = open_link();
    std::string made(size, '\0');
    const std::string_view extra = context.value_or("");
    if (!link->handshaken() ||
        SSL_export_keying_material(link->ssl(), reinterpret_cast<unsigned char*>(made.data()), size, label.data(),
                                   label.size(), reinterpret_cast<const unsigned char*>(extra.data()), extra.size(),
                                   context.has_value() ? 1 : 0) != 1) {
        ERR_clear_error();
        throw std::logic_error("exported() before the handshake has ended: there are no secrets yet");
    }
    return made;
}

std::string TlsConnection::channel_binding(TlsBinding which) const {
    const auto link = open_link();
    if (!link->handshaken()) {
        refuse_binding("the handshake has not ended: there are no secrets yet");
    }
    switch (which) {
    case TlsBinding::unique:
        return first_finished(*link);
    case TlsBinding::server_end_point:
        return end_point(*link);
    case TlsBinding::exporter:
        break;
    }
    if (SSL_version(link->ssl()) < TLS1_3_VERSION && SSL_get_extms_support(link->ssl()) != 1) {
        refuse_binding("without an extended master secret tls-exporter can be forged (RFC 9266)");
    }
    return exported("EXPORTER-Channel-Binding", 32, std::string_view());
}

std::chrono::system_clock::time_point TlsSession::made() const {
    return std::chrono::system_clock::from_time_t(SSL_SESSION_get_time(state_->session.get()));
}

std::chrono::seconds TlsSession::lifetime() const {
    return std::chrono::seconds(SSL_SESSION_get_timeout(state_->session.get()));
}

bool TlsSession::has_ticket() const {
    return SSL_SESSION_has_ticket(state_->session.get()) == 1;
}

std::string TlsSession::id() const {
    unsigned size = 0;
    const unsigned char* bytes = SSL_SESSION_get_id(state_->session.get(), &size);
    return text_of(bytes, size);
}

}  // namespace tendril
