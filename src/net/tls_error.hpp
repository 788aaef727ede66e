// SPDX-License-Identifier: MIT
//
// OpenSSL's last error, as an exception. OpenSSL's queue of errors belongs to the OS thread, so it must be read before
// anything can yield.

#pragma once

#include <openssl/err.h>

#include <string>

#include <tendril/tls.hpp>

namespace tendril::detail {

// Returns the first error in the queue, and empties the queue; if it is empty, an error that says so.
TlsError tls_error(const std::string& what);

// Empties the queue, before a call whose errors it is to hold. ERR_clear_error() alone goes through all sixteen places
// of an empty one: 2,000 instructions for each message.
inline void forget_errors() noexcept {
    if (ERR_peek_error() != 0) [[unlikely]] {
        ERR_clear_error();
    }
}

}  // namespace tendril::detail
