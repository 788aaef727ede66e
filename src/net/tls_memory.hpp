// SPDX-License-Identifier: MIT
//
// TlsMemory: the two ends of a TLS connection whose bytes others carry, and the BIO between them and OpenSSL.
//
//   peer --> put into `space()`, `added()` --> OpenSSL --> decrypted
//   clear text --> OpenSSL --> `out` --> its owner takes it --> peer
//
// 1. `in` holds at most most_in bytes, a little more than the largest record; OpenSSL has taken all of them when it
//    asks for more.
// 2. `out` holds at most most_out bytes; beyond, OpenSSL gets WANT_WRITE. A peer that asks for answers and does not
//    take them fills it, and no more. A record always fits, if `out` was at most half full before.

#pragma once

#include <openssl/bio.h>

#include <cstddef>
#include <memory>
#include <string>

#include <tendril/bytes.hpp>

namespace tendril::detail {

struct TlsMemory {
    static constexpr std::size_t most_in = 18 * 1024;
    static constexpr std::size_t most_out = 128 * 1024;

    TlsMemory();

    // Where the peer's next bytes may be put; the number of those that were.
    Buffer space() noexcept { return {in.get() + filled, most_in - filled}; }
    void added(std::size_t n) noexcept { filled += n; }
    Bytes unread() const noexcept { return {in.get() + taken, filled - taken}; }

    const std::unique_ptr<std::byte[]> in;
    std::size_t taken = 0;   // of `in`, by OpenSSL
    std::size_t filled = 0;  // of `in`
    bool ended = false;      // no more bytes come from the peer
    bool starved = false;    // the last read found nothing
    bool no_memory = false;  // the last write found no memory
    std::string out;
};

// Returns a BIO for both directions; the memory outlives it. Throws: std::bad_alloc.
BIO* new_bio(TlsMemory& memory);

}  // namespace tendril::detail
