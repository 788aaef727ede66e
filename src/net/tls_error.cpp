// SPDX-License-Identifier: MIT

#include "net/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace tendril {

namespace {

class TlsCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls"; }
    std::string message(int reason) const override {
        // A reason alone does not tell its library. The numbers of SSL and OpenSSL's general ones do not overlap.
        for (const int library : {ERR_LIB_SSL, ERR_LIB_X509, ERR_LIB_PEM, ERR_LIB_EVP}) {
            if (const char* text = ERR_reason_error_string(ERR_PACK(library, 0, reason)); text != nullptr) {
                return text;
            }
        }
        return "TLS error " + std::to_string(reason);
    }
};

class VerifyCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls certificate"; }
    std::string message(int error) const override { return X509_verify_cert_error_string(error); }
};

}  // namespace

const std::error_category& tls_category() noexcept {
    static const TlsCategory category;
    return category;
}

const std::error_category& tls_verify_category() noexcept {
    static const VerifyCategory category;
    return category;
}

namespace detail {

TlsError tls_error(const std::string& what) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) {
        return TlsError(std::error_code(ERR_GET_REASON(code), std::generic_category()), what);
    }
    return TlsError(std::error_code(ERR_GET_REASON(code), tls_category()), what);
}

}  // namespace detail
}  // namespace tendril
