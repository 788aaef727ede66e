// SPDX-License-Identifier: MIT
//
// Digest authentication (RFC 7616) of a client: what a challenge asks for, and the field that answers it. Pure but for
// the random cnonce.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/http/credentials.hpp>

#include "http/message/basic.hpp"

namespace tendril::http::detail {

enum class DigestHash : std::uint8_t { md5, sha256, sha512_256 };  // the later, the better

struct DigestChallenge {
    std::string realm{};
    std::string nonce{};
    std::string opaque{};
    std::string algorithm{};  // as the server wrote it; "": MD5
    DigestHash hash = DigestHash::md5;
    bool session = false;  // algorithm ...-sess
    bool qop = false;      // qop=auth; else as RFC 2069
    bool stale = false;    // the password was right, only the nonce is too old
    bool hash_user = false;

    // Returns: nothing if it asks for what this client cannot do (qop=auth-int only, an unknown algorithm), or is not
    // whole.
    static std::optional<DigestChallenge> of(const Challenge& challenge);
};

// Returns: the value of Authorization. `count`: how many requests have been made with this nonce, this one included.
// cnonce: random text of the client's. Throws: std::runtime_error: OpenSSL has no such hash (FIPS).
std::string digest_field(const DigestChallenge& asked, const Credentials& credentials, std::string_view method,
                         std::string_view target, std::uint32_t count, std::string_view cnonce);

// Returns: 32 random hexadecimal digits. Throws: std::runtime_error.
std::string make_cnonce();

}  // namespace tendril::http::detail
