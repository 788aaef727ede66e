// SPDX-License-Identifier: MIT
//
// Authority: a host and an optional port, as in requests, URLs and Origins (RFC 3986, 3.2.2 and 3.2.3). The only parser
// of it on this floor; it splits with base/host_port.hpp, as Address does. Pure. Every request pays for it, so it
// copies nothing.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tendril::http::detail {

struct Authority {
    enum class Kind : std::uint8_t { name, ipv6, ip_future };

    std::string_view host;  // as written, without brackets; may be empty
    Kind kind = Kind::name;
    std::optional<std::uint16_t> port;  // 1 to 65535; nothing for "a" and "a:"
};

// Parses "host", "host:", "host:80" and "[::1]:80", strictly. A name may have any character that RFC 3986 allows,
// percent-encoded ones included, but no non-ASCII ones. Brackets must hold a valid address without a zone. Leading
// zeros of a port do not count. Refuses userinfo ("me@host").
// Returns: nothing if the text is not an authority.
std::optional<Authority> parse_authority(std::string_view text) noexcept;

}  // namespace tendril::http::detail
