// SPDX-License-Identifier: MIT
//
// Reads certificates: a peer's, or those of a PEM text.

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "net/tls_certificate.hpp"
#include "net/tls_error.hpp"
#include "net/tls_name.hpp"

namespace tendril {

namespace {

using detail::Bio;
using detail::FreeBy;

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

// A certificate without an end has one in the year 9999 (RFC 5280, 4.1.2.5); a clock of nanoseconds ends in 2262.
std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    using Clock = std::chrono::system_clock;
    using std::chrono::seconds;
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    const seconds since(::timegm(&parts));
    if (since > std::chrono::duration_cast<seconds>(Clock::duration::max())) {
        return Clock::time_point::max();
    }
    if (since < std::chrono::duration_cast<seconds>(Clock::duration::min())) {
        return Clock::time_point::min();
    }
    return Clock::time_point(std::chrono::duration_cast<Clock::duration>(since));
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

namespace detail {

bool is_pem(const std::string& text) noexcept {
    return text.find("-----BEGIN") != std::string::npos;
}

Bio open_pem(const std::string& source, const std::string& what) {
    ERR_clear_error();
    Bio bio(is_pem(source) ? BIO_new_mem_buf(source.data(), static_cast<int>(source.size()))
                           : BIO_new_file(source.c_str(), "r"));
    if (bio == nullptr) {
        throw tls_error("cannot read the " + what + " \"" + source + "\"");
    }
    return bio;
}

std::string named(const std::string& source, const std::string& what) {
    return is_pem(source) ? "the " + what + " given as text" : "the " + what + " \"" + source + "\"";
}

void require_pem_end(const std::string& source, const std::string& what, bool any) {
    if (!any || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        throw tls_error(
            (what == "CRL file" ? "no revocation list can be read from " : "no certificate can be read from ") +
            named(source, what));
    }
    ERR_clear_error();
}

TlsCertificate read_certificate(X509* x509) {
    TlsCertificate made;
    made.subject = text_of(X509_get_subject_name(x509));
    made.issuer = text_of(X509_get_issuer_name(x509));
    made.names = names_of(x509);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(x509);
    made.serial = hexadecimal(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
    made.not_before = time_of(X509_get0_notBefore(x509));
    made.not_after = time_of(X509_get0_notAfter(x509));
    made.der.resize(static_cast<std::size_t>(i2d_X509(x509, nullptr)));
    auto* out = reinterpret_cast<unsigned char*>(made.der.data());
    i2d_X509(x509, &out);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(x509, EVP_sha256(), digest, &size);
    made.sha256 = hexadecimal(digest, size);
    ERR_clear_error();
    return made;
}

std::vector<TlsCertificate> read_certificates(const STACK_OF(X509) * all) {
    std::vector<TlsCertificate> made;
    for (int i = 0; all != nullptr && i < sk_X509_num(all); ++i) {
        made.push_back(read_certificate(sk_X509_value(all, i)));
    }
    return made;
}

}  // namespace detail

std::vector<TlsCertificate> read_certificates(const std::string& pem) {
    if (!detail::is_pem(pem)) {  // it would be taken for a file's name
        throw TlsError(std::error_code(PEM_R_NO_START_LINE, tls_category()), "the text has no certificate");
    }
    std::vector<TlsCertificate> made;
    detail::each_certificate(pem, "certificate",
                             [&](X509* one, bool) { made.push_back(detail::read_certificate(one)); });
    return made;
}

bool TlsCertificate::is_for(std::string_view name) const {
    const auto [normal, is_ip] = detail::tls_name(name);
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<X509, FreeBy<X509_free>> x509(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
    if (x509 == nullptr) {
        throw detail::tls_error("the certificate cannot be read");
    }
    constexpr unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    return (is_ip ? X509_check_ip_asc(x509.get(), normal.c_str(), flags)
                  : X509_check_host(x509.get(), normal.data(), normal.size(), flags, nullptr)) == 1;
}

std::string TlsCertificate::pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (bio == nullptr ||
        PEM_write_bio(bio.get(), PEM_STRING_X509, "", reinterpret_cast<const unsigned char*>(der.data()),
                      static_cast<long>(der.size())) <= 0) {
        throw detail::tls_error("cannot write a certificate as text");
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace tendril
