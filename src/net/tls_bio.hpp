// SPDX-License-Identifier: MIT
//
// The BIO between OpenSSL and a socket: its reads and writes go through base/sys, so tests can make them fail, and
// never wait. It knows what the descriptor's events say: a socket that is drained is not read from again.
//
// It is OpenSSL's own socket BIO but for reading and writing, so that OpenSSL can hand the encryption over to the
// kernel (SSL_OP_ENABLE_KTLS), which it does by commands to that BIO.

#pragma once

#include <openssl/bio.h>

#include "hub/descriptor.hpp"

namespace tendril::detail {

// What the BIO works with; its owner's, which outlives it.
struct TlsWire {
    Descriptor* descriptor = nullptr;
    int error = 0;                  // errno of the last call that failed; 0: none did
    bool starved = false;           // the last read found nothing
    unsigned char record_type = 0;  // kernel TLS: what is written next is such a record, not data
};

// Throws: std::bad_alloc.
BIO* new_bio(TlsWire& wire);

}  // namespace tendril::detail
