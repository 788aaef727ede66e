// SPDX-License-Identifier: MIT
//
// The BIO between OpenSSL and a socket. Its reads and writes never wait, and go through base/sys, so tests can make
// them fail. It heeds the descriptor's events: it does not read again from a socket that is drained.
//
// Except for reading and writing it is OpenSSL's own socket BIO, so that OpenSSL can hand the encryption over to the
// kernel (SSL_OP_ENABLE_KTLS), which it does by commands to that BIO.

#pragma once

#include <openssl/bio.h>

#include "hub/descriptor.hpp"

namespace tendril::detail {

// The BIO's state; its owner holds it, and outlives the BIO.
struct TlsWire {
    Descriptor* descriptor = nullptr;
    int error = 0;                  // errno of the last call that failed; 0: none did
    bool starved = false;           // the last read found nothing
    unsigned char record_type = 0;  // kernel TLS: the next write is a record of this type; 0: it is data
};

// Throws: std::bad_alloc.
BIO* new_bio(TlsWire& wire);

}  // namespace tendril::detail
