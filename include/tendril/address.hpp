// SPDX-License-Identifier: MIT
// Floor: net
//
// Address: where a socket is: IPv4, IPv6 or Unix-domain. A value; any thread may use it.
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

// Throws: std::invalid_argument for what is not a port: below 0 or above 65535.
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

// What functions take as a port: a number of any integral type, which is never cut to fit.
class Port {
public:
    constexpr Port() noexcept = default;  // 0

    // Throws: std::invalid_argument as checked_port().
    template <std::integral N>
    requires(!std::same_as<N, bool>) constexpr Port(N number) : number_(checked_port(number)) {}  // implicit on purpose

    constexpr operator std::uint16_t() const noexcept { return number_; }

private:
    std::uint16_t number_ = 0;
};

class Address {
public:
    // Of no family; what accept() of an unnamed Unix-domain peer gives.
    Address() noexcept;

    // Throws: std::invalid_argument that quotes the text and says what was expected. Host names are not looked up here.
    static Address parse(std::string_view text);

    // ip: "127.0.0.1", "::1", "fe80::1%eth0"; without brackets. Throws: std::invalid_argument, also for a port above
    // 65535.
    static Address ip(std::string_view ip, Port port);

    // A path, or @name in the abstract space. Throws: std::invalid_argument when empty or longer than the 107 bytes
    // there are.
    static Address unix_path(std::string_view path);

    // Of a system's structure. Throws: std::invalid_argument when size is out of bounds.
    static Address from_raw(const sockaddr* raw, socklen_t size);

    int family() const noexcept { return storage_.ss_family; }  // AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC: none
    std::uint16_t port() const noexcept;                        // 0 for Unix-domain
    std::string ip() const;                                     // empty for Unix-domain
    std::string path() const;                                   // of a Unix-domain address; @name when abstract
    std::string to_string() const;                              // as parse() reads it

    const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t raw_size() const noexcept { return size_; }

    friend bool operator==(const Address& a, const Address& b) noexcept;

private:
    static Address from_ip(std::string_view text, std::string_view ip, std::uint16_t port);
    sockaddr_storage storage_;
    socklen_t size_;
};

// A host and a port as users type them: "example.org:80", "127.0.0.1:80", "[::1]:80". The host is a name or an address,
// without brackets; it is not looked up.
// Throws: std::invalid_argument that quotes the text and says what was expected.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
HostPort split_host_port(std::string_view text);

}  // namespace tendril

template <>
struct std::hash<tendril::Address> {
    std::size_t operator()(const tendril::Address& address) const noexcept;
};
