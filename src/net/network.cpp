// SPDX-License-Identifier: MIT

#include <tendril/network.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "base/escape.hpp"

namespace tendril {

namespace {

using Bytes16 = std::array<std::uint8_t, 16>;
constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_bits = 96;
constexpr std::string_view every_unix = "unix:";

[[noreturn]] void refuse_network(std::string_view text, const std::string& why) {
    constexpr std::size_t quoted = 60;  // bytes; the text may be anything
    throw std::invalid_argument("\"" + detail::escaped(text, quoted) + "\" is not a network: " + why);
}

struct Plain {
    Bytes16 bytes{};
    int family = AF_UNSPEC;
    unsigned bits() const noexcept { return family == AF_INET ? 32 : 128; }
};

Plain plain(const Address& address) noexcept {
    Plain result{{}, address.family()};
    if (result.family == AF_INET) {
        std::memcpy(result.bytes.data(), &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, 4);
    } else if (result.family == AF_INET6) {
        std::memcpy(result.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, 16);
    }
    return result;
}

bool is_mapped(const Plain& address) noexcept {
    return address.family == AF_INET6 && std::equal(mapped.begin(), mapped.end(), address.bytes.begin());
}

Plain unmapped(const Plain& address) noexcept {
    Plain result{{}, AF_INET};
    std::copy(address.bytes.begin() + mapped.size(), address.bytes.end(), result.bytes.begin());
    return result;
}

// Returns the address with zeros for all bits past the prefix.
Bytes16 cut(Bytes16 bytes, unsigned prefix) noexcept {
    for (unsigned i = 0; i < bytes.size(); ++i) {
        const unsigned left = prefix > 8 * i ? std::min(prefix - 8 * i, 8u) : 0;
        bytes[i] &= static_cast<std::uint8_t>(0xff00u >> left);
    }
    return bytes;
}

std::string ip_text(int family, const Bytes16& bytes) {
    char text[INET6_ADDRSTRLEN] = "";
    return ::inet_ntop(family, bytes.data(), text, sizeof text);
}

std::optional<Address> parse_ip(std::string_view ip) {
    try {
        return Address::ip(ip, 0);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

unsigned parse_prefix(std::string_view text, std::string_view length, unsigned bits) {
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), prefix);
    if (error != std::errc() || end != length.data() + length.size() || (length.size() > 1 && length.front() == '0') ||
        prefix > bits) {
        refuse_network(text, "its prefix length must be a number from 0 to " + std::to_string(bits));
    }
    return prefix;
}

}  // namespace

Network Network::parse(std::string_view text) {
    Network network;
    if (text == every_unix) {
        network.family_ = AF_UNIX;
        return network;
    }
    const std::size_t slash = text.find('/');
    const std::string_view ip = text.substr(0, slash);
    const std::optional<Address> address = parse_ip(ip);
    if (!address.has_value() || ip.find('%') != std::string_view::npos) {
        refuse_network(text, "expected 10.0.0.0/8, 192.0.2.1, 2001:db8::/32 or unix:");
    }
    Plain base = plain(*address);
    unsigned prefix =
        slash == std::string_view::npos ? base.bits() : parse_prefix(text, text.substr(slash + 1), base.bits());
    if (cut(base.bytes, prefix) != base.bytes) {
        refuse_network(text, "it has bits past its prefix; did you mean " +
                                 ip_text(base.family, cut(base.bytes, prefix)) + '/' + std::to_string(prefix) + '?');
    }
    if (is_mapped(base) && prefix >= mapped_bits) {
        base = unmapped(base);
        prefix -= mapped_bits;
    }
    network.bytes_ = base.bytes;
    network.prefix_ = prefix;
    network.family_ = base.family;
    return network;
}

bool Network::contains(const Address& address) const noexcept {
    Plain other = plain(address);
    other = is_mapped(other) ? unmapped(other) : other;
    return other.family == family_ && cut(other.bytes, prefix_) == bytes_;
}

std::string Network::to_string() const {
    return family_ == AF_UNIX ? std::string(every_unix) : ip_text(family_, bytes_) + '/' + std::to_string(prefix_);
}

bool contains(std::span<const Network> networks, const Address& address) noexcept {
    return std::any_of(networks.begin(), networks.end(), [&](const Network& each) { return each.contains(address); });
}

}  // namespace tendril
