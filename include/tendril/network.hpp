// SPDX-License-Identifier: MIT
// Floor: net
//
// Network: the addresses that begin alike, as lists of those who are trusted name them. A value; any thread may use it.
//
//     const std::vector<Network> proxies{"10.0.0.0/8", "2001:db8::/32", "::1", "unix:"};
//     if (contains(proxies, peer)) ...
//
// An IPv4-mapped IPv6 address (::ffff:10.0.0.1, as a listener on [::] sees IPv4 clients) is the IPv4 address that it
// holds, here as in a Network: so 10.0.0.0/8 contains it, and ::/0 does not. Scopes (%eth0) are not compared.

#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tendril/address.hpp>

namespace tendril {

class Network {
public:
    // "10.0.0.0/8", "2001:db8::/32"; an address without a prefix length is itself alone; "unix:" is all of the Unix
    // domain. Throws: std::invalid_argument that quotes the text and says what was expected; also for an address that
    // has bits past its prefix ("10.1.0.0/8"), as one of the two is a mistake.
    static Network parse(std::string_view text);

    template <std::convertible_to<std::string_view> Text>
    Network(const Text& text) : Network(parse(text)) {}

    [[nodiscard]] bool contains(const Address& address) const noexcept;

    std::string to_string() const;  // as parse() reads it; IPv4 where it is mapped

    friend bool operator==(const Network& a, const Network& b) noexcept = default;

private:
    Network() = default;

    std::array<std::uint8_t, 16> bytes_{};  // of the family; zeros follow
    unsigned prefix_ = 0;                   // bits
    int family_ = AF_UNSPEC;
};

// Is it in one of them?
[[nodiscard]] bool contains(std::span<const Network> networks, const Address& address) noexcept;

}  // namespace tendril
