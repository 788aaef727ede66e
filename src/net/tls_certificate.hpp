// SPDX-License-Identifier: MIT
//
// OpenSSL's certificates: read from PEM text or files, and turned into TlsCertificate. Nothing here waits, except for
// the disk.

#pragma once

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include <tendril/tls_connection.hpp>

#include "net/tls_context.hpp"

namespace tendril::detail {

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;

TlsCertificate read_certificate(X509* x509);
std::vector<TlsCertificate> read_certificates(const STACK_OF(X509) * all);  // none for nullptr

// Whether it is PEM text, else the name of a file.
bool is_pem(const std::string& text) noexcept;

// Opens a file, or PEM text itself. `what` it is, for errors: "certificate". Throws: TlsError.
Bio open_pem(const std::string& source, const std::string& what);

// Returns the source for an error's text: the file's name, or that it is text.
std::string named(const std::string& source, const std::string& what);

// Throws unless PEM reading has just ended because there is no more, and `any` was read.
void require_pem_end(const std::string& source, const std::string& what, bool any);

// Calls `take(X509*, bool later)` with each certificate. Throws: TlsError if there is none, or one is broken.
template <class Take>
void each_certificate(const std::string& source, const std::string& what, Take take) {
    const Bio bio = open_pem(source, what);
    bool any = false;
    while (std::unique_ptr<X509, FreeBy<X509_free>> one{PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)}) {
        take(one.get(), any);
        any = true;
    }
    require_pem_end(source, what, any);
}

}  // namespace tendril::detail
