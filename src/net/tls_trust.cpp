// SPDX-License-Identifier: MIT
//
// Whom a context trusts: authorities, and the lists of certificates that they have revoked.

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

#include <tendril/tls_context.hpp>

#include "base/sys.hpp"
#include "net/tls_certificate.hpp"
#include "net/tls_context.hpp"
#include "net/tls_error.hpp"

namespace tendril {

namespace detail {

namespace {

// The hash of a certificate or a revocation list, as bytes.
template <class T>
std::string hash_of(const T* one, int (*digest)(const T*, const EVP_MD*, unsigned char*, unsigned*)) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    digest(one, EVP_sha256(), bytes, &size);
    return std::string(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

void TlsContextState::load_trust() {
    const TlsVerify how = verify();
    SSL_CTX_set_post_handshake_auth(ssl.get(), options.post_handshake_auth && !options.server_side ? 1 : 0);
    const int later = options.post_handshake_auth && options.server_side ? SSL_VERIFY_POST_HANDSHAKE : 0;
    SSL_CTX_set_verify(ssl.get(),
                       how == TlsVerify::none       ? SSL_VERIFY_NONE
                       : how == TlsVerify::optional ? SSL_VERIFY_PEER | later
                                                    : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | later,
                       nullptr);
    for (const std::string& part :
         {std::to_string(static_cast<int>(how)), options.ca_file, options.ca_path, options.crl_file,
          std::to_string(static_cast<int>(options.revocation)), std::string(options.strict ? "strict" : ""),
          std::string(options.partial_chain ? "partial" : ""), std::string(options.psk ? "psk" : "")}) {
        trust += part + '\0';
    }
    if (!options.ca_file.empty()) {
        each_certificate(options.ca_file, "CA file", [&](X509* one, bool) {
            if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl.get()), one) != 1 ||
                (options.server_side && SSL_CTX_add_client_CA(ssl.get(), one) != 1)) {
                throw tls_error("cannot trust " + named(options.ca_file, "CA file"));
            }
            trust += hash_of<X509>(one, &X509_digest);  // the file may have changed since another context was made
        });
    }
    if (!options.ca_path.empty()) {
        load_folder();
    }
    if (options.ca_file.empty() && options.ca_path.empty() && how != TlsVerify::none) {
        SSL_CTX_set_default_verify_paths(ssl.get());
    }
    load_revocations();
}

// Checks that the folder exists, since OpenSSL looks into it only when it needs a certificate, and would ignore a
// missing one.
void TlsContextState::load_folder() {
    const std::string what = "cannot read the folder of authorities \"" + options.ca_path + "\"";
    const Fd folder(sys::checked(sys::open(options.ca_path, O_RDONLY | O_DIRECTORY), what.c_str()));
    if (SSL_CTX_load_verify_dir(ssl.get(), options.ca_path.c_str()) != 1) {
        throw tls_error(what);
    }
}

// The flags belong to the store, so they come with the context when by_name chooses another one.
void TlsContextState::load_revocations() {
    X509_STORE* store = SSL_CTX_get_cert_store(ssl.get());
    if (!options.crl_file.empty()) {
        const Bio bio = open_pem(options.crl_file, "CRL file");
        bool any = false;
        while (std::unique_ptr<X509_CRL, FreeBy<X509_CRL_free>> one{
            PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
            if (X509_STORE_add_crl(store, one.get()) != 1) {
                throw tls_error("cannot use " + named(options.crl_file, "CRL file"));
            }
            trust += hash_of<X509_CRL>(one.get(), &X509_CRL_digest);
            any = true;
        }
        require_pem_end(options.crl_file, "CRL file", any);
    }
    unsigned long flags = 0;
    if (options.revocation != TlsRevocation::none) {
        flags |= X509_V_FLAG_CRL_CHECK;
    }
    if (options.revocation == TlsRevocation::chain) {
        flags |= X509_V_FLAG_CRL_CHECK_ALL;
    }
    flags |= options.strict ? X509_V_FLAG_X509_STRICT : 0;
    flags |= options.partial_chain ? X509_V_FLAG_PARTIAL_CHAIN : 0;
    X509_STORE_set_flags(store, flags);
}

}  // namespace detail

std::vector<TlsCertificate> TlsContext::authorities() const {
    using Stack =
        std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * all) { sk_X509_pop_free(all, X509_free); })>;
    const Stack all(X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(state_->ssl.get())));
    std::vector<TlsCertificate> made;
    for (int i = 0; all != nullptr && i < sk_X509_num(all.get()); ++i) {
        if (X509_check_ca(sk_X509_value(all.get(), i)) > 0) {
            made.push_back(detail::read_certificate(sk_X509_value(all.get(), i)));
        }
    }
    return made;
}

TlsTrustPaths default_trust_paths() {
    const auto either = [](const char* variable, const char* built_in) {
        const char* given = std::getenv(variable);
        return std::string(given != nullptr ? given : built_in);
    };
    return {either(X509_get_default_cert_file_env(), X509_get_default_cert_file()),
            either(X509_get_default_cert_dir_env(), X509_get_default_cert_dir())};
}

}  // namespace tendril
