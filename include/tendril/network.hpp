// SPDX-License-Identifier: MIT
// Floor: net
//
// Network: the addresses that share a prefix, for example in a list of trusted proxies. A plain value, which any OS
// thread may use.
//
//     const std::vector<Network> proxies{"10.0.0.0/8", "2001:db8::/32", "::1", "unix:"};
//     if (contains(proxies, peer)) ...
//
// An IPv4-mapped IPv6 address (::ffff:10.0.0.1, as a listener on [::] sees IPv4 clients) counts as the IPv4 address in
// it, both in a Network and in an address to be looked for: 10.0.0.0/8 contains it, and ::/0 does not. Scopes (%eth0)
// are ignored.

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
    // Reads "10.0.0.0/8" or "2001:db8::/32"; an address without a prefix length, which is a network of one; or "unix:",
    // which contains all Unix-domain addresses.
    // Throws: std::invalid_argument that quotes the text and says what was expected; also for an address with bits past
    // its prefix ("10.1.0.0/8"), since one of the two must be a mistake.
    static Network parse(std::string_view text);

    // The same, implicitly: a list of networks can be written as a list of strings.
    template <std::convertible_to<std::string_view> Text>
    Network(const Text& text) : Network(parse(text)) {}

    // Whether the address is in this network; its port does not matter.
    [[nodiscard]] bool contains(const Address& address) const noexcept;

    // Returns the form that parse() reads, always with a prefix length; IPv4 if it was IPv4-mapped.
    std::string to_string() const;

    friend bool operator==(const Network& a, const Network& b) noexcept = default;

private:
    Network() = default;

    std::array<std::uint8_t, 16> bytes_{};  // of the family; zeros follow
    unsigned prefix_ = 0;                   // bits
    int family_ = AF_UNSPEC;
};

// Whether the address is in at least one of the networks.
[[nodiscard]] bool contains(std::span<const Network> networks, const Address& address) noexcept;

}  // namespace tendril
