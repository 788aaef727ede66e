// SPDX-License-Identifier: MIT
//
// Authority: a host and perhaps a port, as requests, URLs and Origins have them (RFC 3986, 3.2.2 and 3.2.3). The one
// parser of it in this floor; it splits with base/host_port.hpp, as Address does. Pure; every request pays for it, so
// it copies nothing.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tendril::http::detail {

struct Authority {
    enum class Kind : std::uint8_t { name, ipv6, ip_future };

    std::string_view host;  // as it was written, without brackets; may be empty
    Kind kind = Kind::name;
    std::optional<std::uint16_t> port;  // 1 to 65535; nothing for "a" and for "a:"
};

// Strict: "host", "host:", "host:80", "[::1]:80". A name may be of any characters that RFC 3986 allows, percent-encoded
// ones too, none of them non-ASCII; an address in brackets must be one, without a zone. Leading zeros of a port do not
// count. Userinfo ("me@host") is refused.
// Returns: nothing for what is not such.
std::optional<Authority> parse_authority(std::string_view text) noexcept;

}  // namespace tendril::http::detail
