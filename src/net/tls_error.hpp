// SPDX-License-Identifier: MIT
//
// What OpenSSL has to say of its last failure. Its queue of errors belongs to the OS thread, so it is read before
// anything can yield.

#pragma once

#include <string>

#include <tendril/tls.hpp>

namespace tendril::detail {

// The first error in the queue, which is emptied; with none, an error that says so.
TlsError tls_error(const std::string& what);

}  // namespace tendril::detail
