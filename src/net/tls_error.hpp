// SPDX-License-Identifier: MIT
//
// OpenSSL's last error, as an exception. OpenSSL's queue of errors belongs to the OS thread, so it must be read before
// anything can yield.

#pragma once

#include <string>

#include <tendril/tls.hpp>

namespace tendril::detail {

// Returns the first error in the queue, and empties the queue; if it is empty, an error that says so.
TlsError tls_error(const std::string& what);

}  // namespace tendril::detail
