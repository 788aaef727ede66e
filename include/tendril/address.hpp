// SPDX-License-Identifier: MIT
// Floor: net
//
// Address: the address of a socket: IPv4, IPv6 or Unix-domain. A plain value, which any OS thread may use; nothing here
// waits or asks the network. A port may be the name of a service, "127.0.0.1:http": services.hpp says where that comes
// from.
//
//     Address::parse("127.0.0.1:8080")   Address::parse("[::1]:8080")    Address::parse("[fe80::1%eth0]:80")
//     Address::parse(":8080")            every IPv4 address of this machine, as does "*:8080"
//     Address::parse("unix:/run/x.sock") Address::parse("unix:@name")    a name in Linux's abstract space

#pragma once

#include <sys/socket.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tendril {

namespace detail {
[[noreturn]] void refuse_port(long long number);
[[noreturn]] void refuse_port(unsigned long long number);
}  // namespace detail

// Returns the number as a port. Throws: std::invalid_argument if it is below 0 or above 65535.
template <std::integral N>
constexpr std::uint16_t checked_port(N number) {
    if (!std::in_range<std::uint16_t>(number)) {
        if constexpr (std::is_signed_v<N>) {
            detail::refuse_port(static_cast<long long>(number));
        } else {
            detail::refuse_port(static_cast<unsigned long long>(number));
        }
    }
    return static_cast<std::uint16_t>(number);
}

// A port as functions take it: made from a number of any integral type, and never truncated to fit.
class Port {
public:
    constexpr Port() noexcept = default;  // 0

    // Throws: std::invalid_argument as checked_port().
    template <std::integral N>
    requires(!std::same_as<N, bool>) constexpr Port(N number) : number_(checked_port(number)) {}  // implicit on purpose

    constexpr operator std::uint16_t() const noexcept { return number_; }  // its number

private:
    std::uint16_t number_ = 0;
};

class Address {
public:
    // Makes an address of no family, such as UdpSocket::recv_from() gives for a Unix-domain sender without a name.
    Address() noexcept;

    // Reads any of the forms above. Does not look up host names: see dns.hpp.
    // Throws: std::invalid_argument that quotes the text and says what was expected.
    static Address parse(std::string_view text);

    // Makes an address from "127.0.0.1", "::1" or "fe80::1%eth0", without brackets, and a port.
    // Throws: std::invalid_argument that quotes the text; also for a port above 65535.
    static Address ip(std::string_view ip, Port port);

    // Makes a Unix-domain address from a path, or from @name for the abstract space.
    // Throws: std::invalid_argument if it is empty, has a zero byte, or is longer than 107 bytes.
    static Address unix_path(std::string_view path);

    // Copies an address that the system gave. Throws: std::invalid_argument if its size is out of bounds.
    static Address from_raw(const sockaddr* raw, socklen_t size);

    int family() const noexcept { return storage_.ss_family; }  // AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC: none
    std::uint16_t port() const noexcept;                        // 0 unless IPv4 or IPv6
    std::string ip() const;         // without port and brackets, with the scope; empty unless IPv4 or IPv6
    std::string path() const;       // of a Unix-domain address, @name in the abstract space; else empty
    std::string to_string() const;  // in the form that parse() reads; "(no address)" if of no family

    // The address as system calls take it; points into this object.
    const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t raw_size() const noexcept { return size_; }  // its size

    // Same family, address, port and scope. An IPv4-mapped IPv6 address does not equal the IPv4 one: see network.hpp.
    friend bool operator==(const Address& a, const Address& b) noexcept;

private:
    static Address from_ip(std::string_view text, std::string_view ip, std::uint16_t port);
    sockaddr_storage storage_;
    socklen_t size_;
};

// What split_host_port() returns.
struct HostPort {
    std::string host;        // a name or an address, without brackets
    std::uint16_t port = 0;  // 0 to 65535
};

// Splits a host and a port as users type them: "example.org:80", "example.org:http", "127.0.0.1:80", "[::1]:80". Looks
// no host up.
// Throws: std::invalid_argument that quotes the text and says what was expected.
HostPort split_host_port(std::string_view text);

}  // namespace tendril

// Addresses may be keys of unordered containers.
template <>
struct std::hash<tendril::Address> {
    // Its hash, of its family, address and port.
    std::size_t operator()(const tendril::Address& address) const noexcept;
};
