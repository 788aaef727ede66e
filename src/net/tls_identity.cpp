// SPDX-License-Identifier: MIT
//
// A context's own certificates and keys.

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/no_nul.hpp"
#include "net/tls_certificate.hpp"
#include "net/tls_context.hpp"
#include "net/tls_error.hpp"

namespace tendril::detail {

namespace {

using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;

int give_password(char* buffer, int size, int, void* password) noexcept {
    const auto& text = *static_cast<const std::string*>(password);
    if (text.empty() || text.size() > static_cast<std::size_t>(size)) {
        return 0;
    }
    std::copy(text.begin(), text.end(), buffer);
    return static_cast<int>(text.size());
}

Key read_key(const std::string& source, const std::string& password) {
    const Bio bio = open_pem(source, "key");
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_password, const_cast<std::string*>(&password)));
    if (key == nullptr) {
        throw tls_error("no private key can be read from " + named(source, "key"));
    }
    return key;
}

}  // namespace

void TlsContextState::load_identities() {
    if (options.certificate.empty()) {
        if (options.server_side && !options.by_name && !options.psk_by_identity) {
            throw std::invalid_argument("TlsOptions: a server needs a certificate, or .psk_by_identity");
        }
    } else {
        load_identity({options.certificate, options.key, options.key_password});
    }
    for (const TlsIdentity& one : options.more_identities) {
        if (one.certificate.empty()) {
            throw std::invalid_argument("TlsOptions: one of .more_identities has no certificate");
        }
        load_identity(one);
    }
    if (!options.dh_parameters.empty()) {
        load_dh_parameters();
    }
}

// OpenSSL has one place for each kind of key, and replaces what is there.
void TlsContextState::load_identity(const TlsIdentity& one) {
    for (const auto& [text, what] :
         {std::pair(&one.certificate, "TlsOptions: a certificate"), {&one.key, "TlsOptions: a key"}}) {
        require_no_nul(*text, what);
    }
    each_certificate(one.certificate, "certificate", [&](X509* x509, bool later) {
        if (later) {
            if (SSL_CTX_add1_chain_cert(ssl.get(), x509) != 1) {
                throw tls_error("cannot use " + named(one.certificate, "certificate"));
            }
            return;
        }
        const EVP_PKEY* of_certificate = X509_get0_pubkey(x509);
        if (of_certificate == nullptr) {
            throw tls_error("OpenSSL does not know the kind of key of " + named(one.certificate, "certificate"));
        }
        const int kind = EVP_PKEY_get_base_id(of_certificate);
        if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) {
            throw std::invalid_argument("TlsOptions: " + named(one.certificate, "certificate") +
                                        " has a key of the same kind as an earlier identity's, and would replace it");
        }
        kinds.push_back(kind);
        if (SSL_CTX_use_certificate(ssl.get(), x509) != 1) {
            throw tls_error("cannot use " + named(one.certificate, "certificate"));
        }
    });
    const std::string& source = one.key.empty() ? one.certificate : one.key;
    const Key key = read_key(source, one.key_password);
    if (SSL_CTX_use_PrivateKey(ssl.get(), key.get()) != 1 || SSL_CTX_check_private_key(ssl.get()) != 1) {
        throw tls_error(named(source, "key") + " does not belong to " + named(one.certificate, "certificate"));
    }
}

void TlsContextState::load_dh_parameters() {
    const Bio bio = open_pem(options.dh_parameters, "DH parameters");
    Key parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
    if (parameters == nullptr) {
        throw tls_error("no DH parameters can be read from " + named(options.dh_parameters, "DH parameters"));
    }
    if (EVP_PKEY_is_a(parameters.get(), "DH") != 1 && EVP_PKEY_is_a(parameters.get(), "DHX") != 1) {
        throw std::invalid_argument("TlsOptions: " + named(options.dh_parameters, "DH parameters") +
                                    " are of another kind than Diffie-Hellman; curves are named in .groups");
    }
    if (SSL_CTX_set0_tmp_dh_pkey(ssl.get(), parameters.get()) != 1) {
        throw tls_error("cannot use " + named(options.dh_parameters, "DH parameters"));
    }
    static_cast<void>(parameters.release());
}

}  // namespace tendril::detail
