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

Certificate read_pem(const std::string& pem) {
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    Certificate made(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    BIO_free(bio);
    check(made != nullptr);
    return made;
}

// A fixed one, since making one takes long.
EVP_PKEY* rsa_key() {
    static const Key made = [] {
        constexpr const char* pem = R"(-----BEGIN PRIVATE KEY-----
MIIEugIBADANBgkqhkiG9w0BAQEFAASCBKQwggSgAgEAAoIBAQC9vN1TwPGBGbOf
G2jQg+pwdMgq4ulAnlIwEpqMKotpu53P1TlIP+4UfE7IDpRuQahaUH+swL+zUvlq
36j3qenLF93fle1+iudzh5DQ7asMvh5iyObsN8g3YNRzbYA5n71lDeslLcoak5Q/
FctIYtkfTL0susxX6LXzRxjtLmhP4UA3bB4dvpXtfGqRKSXoCjzTfkTJ4JHlB5Gt
xSYyYiMf93+/bKdxAwVxlKyyW18XHzCmffne+bo9mV5Gjx3OFk69Ayjf9fWA79YC
cxZthi12vaQDp8cSTD1S1MX+vIA7wnwi4dGjo1MH3A/lgsquc94jTEKwPw3Waywd
vTFD/OGpAgMBAAECggEAQOKxnc7ByDCN6L9q3MQADG0jducadWqvGJmEGKMEAiiT
E1wLttWGCaNpHak+wWXauOgGgYF5DU421YGfOvL0bOvAiJGxIjFGbY/SymA8uqLZ
qVajAe0hny6R+NddnlcuYbycyZ4bG3OUou5FEoAbWETZ/M30y6tdbdDGiXXxXj9G
SQRfc9/j7d3EXSDAdDo50MjbQN36yKKRAEOXA4RteEThh5/HvOQ5KjaMY6O4whfV
7Q1zhXD52l4PgEToJTDVverN7zGoqOKD/qw0Y/3tGLUOex7kj9Nsy5bmU1DeWiwJ
yAH+BPyP6Fcqfy+xf26nXTn30dKQRZa4/UvKm+NF8QKBgQDzRGte9a+xiKZ2fa+7
F43V8bEz+fwP7VyyR5YWEwzrePizlVolXLxa6UrXP/kNVUkknWQLw+4BSq6ojO08
MVdmiDJEQ3e9d9020iIOp/Ls1OnAUvCve7lzc97BMK5r3jWZQBTO4fre6jJ+wql7
ERrl/IE10SLKnzr2EjG8HY3mvwKBgQDHqzGhIqydma3zCa8Vrt+SNRAjS/jX+LPy
PJlv5f+hDP5pVN5iImUGwJTfViWAbnIIJEs5DLGJ8QtnBUo+VrEqp07z8LQ51X+U
/ICDROLgm5bbax0qs37E8pxx4wkr88v8A8qcmxD7TTxtYTxzN4yFbQDQs0/1oe5j
ajSC0Kb5lwKBgDqca3ovm6scj27RDXv4StYXK2iofFCiEclqcgDTijNZrCIog9Wo
qEEHIF8ILMtHlx3ZRfeHt1pcUgSOH8J26OXtPp8v2jOuI4BH1KjPUjo5ejA6S38c
QixM6IiHYB7hJOzNgbXuwHDg4FWmNQtPrblnwwHiZ42GG8CZ1Z3LSRslAn9zboVC
oskoU7A80VxnLLIT1Jl/zmwOb7mYUXBjQJSIhvqN6oKmOTwuqydl9me32CIUkubq
FGyPUstEw8ooP/YssozyejW3ObaIa3HgcfK35ztPnp0+Eoc3VQsczCSBRHCpQYfh
AcTPg9drZMuN0I9sk5flD8UqPHOVBdFVz0q5AoGAA5CoiB8CezWvjgRmCqg4zQUC
eH8znHHbfDBUHXvWGesTueYMUlTAr84KHGb2XEP5GagV5bbXVhZA30Qr2hAyXWNl
Kky9IFLtmbah1m6quavlKqUf1yAvg3CX5M0il0pvMR3Jqm0SfG6cxJPf43HQ3GsE
utbce8Fp4Yd0aDSoLm4=
-----END PRIVATE KEY-----
)";
        BIO* bio = BIO_new_mem_buf(pem, -1);
        Key key(PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr));
        BIO_free(bio);
        check(key != nullptr);
        return key;
    }();
    return made.get();
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

Authority::Authority(const std::string& name, const Authority& issuer) : parts_(std::make_unique<Parts>()) {
    X509* made = (parts_->certificate = new_certificate(name, parts_->key.get(), -1, 30)).get();
    X509* above = issuer.parts_->certificate.get();
    X509_set_issuer_name(made, X509_get_subject_name(above));
    extend(made, above, NID_basic_constraints, "critical,CA:TRUE");
    extend(made, above, NID_key_usage, "critical,keyCertSign,cRLSign");
    check(X509_sign(made, issuer.parts_->key.get(), EVP_sha256()) > 0);
    pem_ = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, made); });
}

Authority::~Authority() = default;

std::string Authority::revocations(const std::vector<std::string>& revoked_pem, bool outdated) const {
    const std::unique_ptr<X509_CRL, Free<X509_CRL, X509_CRL_free>> list(X509_CRL_new());
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(parts_->certificate.get()));
    ASN1_TIME* time = X509_gmtime_adj(nullptr, -86400L * 2);
    X509_CRL_set1_lastUpdate(list.get(), time);
    X509_gmtime_adj(time, outdated ? -86400L : 86400L);
    X509_CRL_set1_nextUpdate(list.get(), time);
    X509_gmtime_adj(time, -3600);
    for (const std::string& pem : revoked_pem) {
        X509_REVOKED* one = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(one, X509_get_serialNumber(read_pem(pem).get()));
        X509_REVOKED_set_revocationDate(one, time);
        X509_CRL_add0_revoked(list.get(), one);
    }
    ASN1_TIME_free(time);
    X509_CRL_sort(list.get());
    check(X509_CRL_sign(list.get(), parts_->key.get(), EVP_sha256()) > 0);
    return pem_of([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

Identity Authority::issue(const std::string& name, const CertificateOptions& options) const {
    const Key own(options.rsa ? nullptr : EVP_EC_gen("P-256"));
    EVP_PKEY* const key = options.rsa ? rsa_key() : own.get();
    const Certificate made = new_certificate(name, key, options.from_days, options.to_days);
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
                return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
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
