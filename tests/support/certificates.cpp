// SPDX-License-Identifier: MIT

#include "certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tendril::testing {

namespace {

template <class T, void (*free)(T*)>
struct Free {
    void operator()(T* p) const noexcept { free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;

void check(bool good) {
    if (!good) {
        throw std::runtime_error("OpenSSL could not make a test certificate");
    }
}

// Returns what `write` puts into a BIO.
template <class Write>
std::string pem_of(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    check(bio != nullptr && write(bio) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string made(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return made;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

Certificate new_certificate(const std::string& name, EVP_PKEY* key, int from_days, int to_days) {
    static std::atomic<long> serial{1};
    Certificate made(X509_new());
    X509* c = made.get();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c), 86400L * from_days);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400L * to_days);
    X509_set_pubkey(c, key);
    check(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1);
    return made;
}

}  // namespace

struct Authority::Parts {
    Key key{EVP_EC_gen("P-256")};
    Certificate certificate;
};

Authority::Authority(const std::string& name) : parts_(std::make_unique<Parts>()) {
    X509* made = (parts_->certificate = new_certificate(name, parts_->key.get(), -1, 30)).get();
    X509_set_issuer_name(made, X509_get_subject_name(made));
    extend(made, made, NID_basic_constraints, "critical,CA:TRUE");
    extend(made, made, NID_key_usage, "critical,keyCertSign,cRLSign");
    check(X509_sign(made, parts_->key.get(), EVP_sha256()) > 0);
    pem_ = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, made); });
}

Authority::~Authority() = default;

Identity Authority::issue(const std::string& name, const CertificateOptions& options) const {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made = new_certificate(name, key.get(), options.from_days, options.to_days);
    X509_set_issuer_name(made.get(), X509_get_subject_name(parts_->certificate.get()));
    std::string names;
    for (const std::string& one : options.names) {
        names += (names.empty() ? "" : ",") + one;
    }
    if (!names.empty()) {
        extend(made.get(), parts_->certificate.get(), NID_subject_alt_name, names);
    }
    check(X509_sign(made.get(), parts_->key.get(), EVP_sha256()) > 0);
    return {pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); }), pem_of([&](BIO* bio) {
                return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

const Authority& authority() {
    static const Authority made("tendril's tests");
    return made;
}

const Identity& server_identity() {
    static const Identity made = authority().issue("a server");
    return made;
}

std::string encrypted_key(const Identity& identity, const std::string& password) {
    BIO* bio = BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size()));
    const Key key(PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr));
    BIO_free(bio);
    return pem_of([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), EVP_aes_128_cbc(),
                                        reinterpret_cast<const unsigned char*>(password.data()),
                                        static_cast<int>(password.size()), nullptr, nullptr);
    });
}

TemporaryFile::TemporaryFile(const std::string& content) : path_("/tmp/tendril-test-XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    if (fd < 0) {
        throw std::runtime_error("cannot make a temporary file");
    }
    ::close(fd);
    std::ofstream(path_) << content;
}

TemporaryFile::~TemporaryFile() {
    std::remove(path_.c_str());
}

std::string TemporaryFile::content() const {
    std::ostringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
}

}  // namespace tendril::testing
