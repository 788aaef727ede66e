// SPDX-License-Identifier: MIT
//
// HostAndPort: splits "host", "host:80", "[::1]:80". The first step of every parser of such a text: Address and
// connect(), and the authorities of URLs and requests, which differ in the hosts they allow. Pure; copies nothing.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tendril::detail {

struct HostAndPort {
    enum class Fault : std::uint8_t {
        none,
        open_bracket,    // "[::1"
        behind_bracket,  // "[::1]80"
        bare_colons,     // "::1", "a:b:80"
    };

    std::string_view host;  // without its brackets; any characters, or empty
    bool in_brackets = false;
    std::optional<std::string_view> port;  // what follows the colon, if there is one
    Fault fault = Fault::none;
};
HostAndPort split_host_and_port(std::string_view text) noexcept;

inline constexpr std::uint32_t largest_port = 65535;

// Parses decimal digits, leading zeros included. Returns: nothing for text that is not a number; largest_port + 1 for
// any number above largest_port.
std::optional<std::uint32_t> parse_port(std::string_view text) noexcept;

}  // namespace tendril::detail
