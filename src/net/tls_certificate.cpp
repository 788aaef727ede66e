// SPDX-License-Identifier: MIT
//
// Reads a peer's certificate.

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "net/tls_error.hpp"
#include "net/tls_state.hpp"

namespace tendril {

namespace {

using detail::FreeBy;
using Bio = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

std::string text_of(const X509_NAME* name) {
    const Bio bio(BIO_new(BIO_s_mem()));
    char* text = nullptr;
    if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        return "";
    }
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string address_of(const ASN1_OCTET_STRING* ip) {
    char text[INET6_ADDRSTRLEN] = "";
    const int size = ASN1_STRING_length(ip);
    if (size == 4 || size == 16) {
        ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof text);
    }
    return text;
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> names;
    const std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>> all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
        if (one->type == GEN_DNS) {
            names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName)));
        } else if (one->type == GEN_IPADD) {
            names.push_back(address_of(one->d.iPAddress));
        }
    }
    return names;
}

}  // namespace

std::optional<TlsCertificate> TlsSocket::peer_certificate() const {
    if (state_ == nullptr || !state_->handshaken()) {
        return std::nullopt;
    }
    const std::unique_ptr<X509, FreeBy<X509_free>> x509(SSL_get1_peer_certificate(state_->ssl()));
    if (x509 == nullptr) {
        return std::nullopt;
    }
    TlsCertificate made;
    made.subject = text_of(X509_get_subject_name(x509.get()));
    made.issuer = text_of(X509_get_issuer_name(x509.get()));
    made.names = names_of(x509.get());
    const ASN1_INTEGER* serial = X509_get0_serialNumber(x509.get());
    made.serial = hexadecimal(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
    made.not_before = time_of(X509_get0_notBefore(x509.get()));
    made.not_after = time_of(X509_get0_notAfter(x509.get()));
    made.der.resize(static_cast<std::size_t>(i2d_X509(x509.get(), nullptr)));
    auto* out = reinterpret_cast<unsigned char*>(made.der.data());
    i2d_X509(x509.get(), &out);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(x509.get(), EVP_sha256(), digest, &size);
    made.sha256 = hexadecimal(digest, size);
    ERR_clear_error();
    return made;
}

}  // namespace tendril
