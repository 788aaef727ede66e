// SPDX-License-Identifier: MIT
//
// HostAndPort: "host", "host:80", "[::1]:80" taken apart. What every parser of such a text begins with: Address and
// connect(), and the authorities of URLs and requests, which differ in what they let a host be. Pure; copies nothing.

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

    std::string_view host;  // without its brackets; any characters, perhaps none
    bool in_brackets = false;
    std::optional<std::string_view> port;  // what follows the colon, where there is one
    Fault fault = Fault::none;
};
HostAndPort split_host_and_port(std::string_view text) noexcept;

inline constexpr std::uint32_t largest_port = 65535;

// Of decimal digits only, leading zeros included. Returns: nothing for what is not a number; any above largest_port as
// largest_port + 1.
std::optional<std::uint32_t> parse_port(std::string_view text) noexcept;

}  // namespace tendril::detail
