// SPDX-License-Identifier: MIT

#include <tendril/address.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <tendril/services.hpp>

#include "base/escape.hpp"
#include "base/host_port.hpp"

namespace tendril {

namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    constexpr std::size_t quoted = 120;  // bytes; the text may be anything
    throw std::invalid_argument("\"" + detail::escaped(text, quoted) + "\" is not an address: " + std::string(why));
}

constexpr std::string_view expected = "expected 127.0.0.1:80, [::1]:80, :80, unix:/path or unix:@name";

template <class T>
T& as(sockaddr_storage& storage) noexcept {
    return reinterpret_cast<T&>(storage);
}
template <class T>
const T& as(const sockaddr_storage& storage) noexcept {
    return reinterpret_cast<const T&>(storage);
}

std::uint32_t scope_number(std::string_view text, const std::string& scope) {
    if (const unsigned index = ::if_nametoindex(scope.c_str()); index != 0) {
        return index;
    }
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(scope.data(), scope.data() + scope.size(), number);
    if (scope.empty() || error != std::errc() || end != scope.data() + scope.size()) {
        refuse(text, "this machine has no interface called \"" + detail::escaped(scope, 120) + "\"");
    }
    return number;
}

struct Split {
    std::string_view host;
    std::uint16_t port;
};

// Splits host:port; the host loses its brackets.
Split split(std::string_view text, std::string_view wanted) {
    using Fault = detail::HostAndPort::Fault;
    const detail::HostAndPort parts = detail::split_host_and_port(text);
    switch (parts.fault) {
    case Fault::open_bracket:
        refuse(text, "its [ has no ] before the port");
    case Fault::behind_bracket:
        refuse(text, "there is no port after its ]; " + std::string(wanted));
    case Fault::bare_colons:
        refuse(text, "an IPv6 address needs brackets, and then its port: [::1]:80");
    case Fault::none:
        break;
    }
    if (!parts.port.has_value()) {
        refuse(text, "it has no port; " + std::string(wanted));
    }
    if (parts.in_brackets && parts.host.find(':') == std::string_view::npos) {
        refuse(text, "brackets are for IPv6 addresses");
    }
    std::optional<std::uint32_t> port = detail::parse_port(*parts.port);
    if (!port.has_value()) {
        port = service_port(*parts.port);
    }
    if (!port.has_value()) {
        refuse(text, "its port must be a number or the name of a service; " + std::string(expected));
    }
    if (*port > detail::largest_port) {
        refuse(text, "its port is above 65535");
    }
    return {parts.host, static_cast<std::uint16_t>(*port)};
}

}  // namespace

Address::Address() noexcept : storage_{}, size_(sizeof(sa_family_t)) {}

Address Address::parse(std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    if (text.substr(0, unix_prefix.size()) == unix_prefix) {
        return unix_path(text.substr(unix_prefix.size()));
    }
    if (!text.empty() && text.front() == '/') {
        refuse(text, "a path needs its kind before it: unix:" + detail::escaped(text, 120));
    }
    const auto [host, number] = split(text, expected);
    return host.empty() || host == "*" ? from_ip(text, "0.0.0.0", number) : from_ip(text, host, number);
}

Address Address::ip(std::string_view ip, Port port) {
    return from_ip(ip, ip, port);
}

// text: what the user wrote, for the error.
Address Address::from_ip(std::string_view text, std::string_view ip, std::uint16_t port) {
    if (ip.find('\0') != std::string_view::npos) {
        refuse(text, "it has a zero byte");
    }
    Address address;
    auto& v4 = as<sockaddr_in>(address.storage_);
    const std::string host(ip.substr(0, ip.find('%')));
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1 && host.size() == ip.size()) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        address.size_ = sizeof v4;
        return address;
    }
    auto& v6 = as<sockaddr_in6>(address.storage_);
    address.storage_ = {};
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) {
        refuse(text, "it is neither IPv4 nor IPv6, and host names are not looked up here");
    }
    if (host.size() != ip.size()) {
        v6.sin6_scope_id = scope_number(text, std::string(ip.substr(host.size() + 1)));
    }
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.size_ = sizeof v6;
    return address;
}

Address Address::unix_path(std::string_view path) {
    Address address;
    auto& un = as<sockaddr_un>(address.storage_);
    if (path.empty() || path == "@") {
        refuse("unix:" + std::string(path), "its name is empty; " + std::string(expected));
    }
    if (path.size() >= sizeof un.sun_path) {
        refuse(path, "a Unix-domain path holds at most " + std::to_string(sizeof un.sun_path - 1) + " bytes");
    }
    if (path.find('\0') != std::string_view::npos) {
        refuse(path, "it has a zero byte");
    }
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), path.size());
    const std::size_t header = offsetof(sockaddr_un, sun_path);
    if (path.front() == '@') {
        un.sun_path[0] = 0;
        address.size_ = static_cast<socklen_t>(header + path.size());
    } else {
        address.size_ = static_cast<socklen_t>(header + path.size() + 1);
    }
    return address;
}

Address Address::from_raw(const sockaddr* raw, socklen_t size) {
    const auto least = [&]() -> socklen_t {
        switch (raw->sa_family) {
        case AF_INET:
            return sizeof(sockaddr_in);
        case AF_INET6:
            return sizeof(sockaddr_in6);
        default:
            return sizeof(sa_family_t);
        }
    };
    if (raw == nullptr || size < sizeof(sa_family_t) || size > sizeof(sockaddr_storage) || size < least()) {
        throw std::invalid_argument("a socket address of " + std::to_string(size) + " bytes is out of bounds");
    }
    Address address;
    std::memcpy(&address.storage_, raw, size);
    address.size_ = size;
    return address;
}

std::uint16_t Address::port() const noexcept {
    switch (family()) {
    case AF_INET:
        return ntohs(as<sockaddr_in>(storage_).sin_port);
    case AF_INET6:
        return ntohs(as<sockaddr_in6>(storage_).sin6_port);
    default:
        return 0;
    }
}

std::string Address::ip() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        return ::inet_ntop(AF_INET, &as<sockaddr_in>(storage_).sin_addr, text, sizeof text);
    }
    if (family() != AF_INET6) {
        return {};
    }
    const auto& v6 = as<sockaddr_in6>(storage_);
    std::string ip = ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    if (v6.sin6_scope_id != 0) {
        char name[IF_NAMESIZE];
        ip += '%';
        ip +=
            ::if_indextoname(v6.sin6_scope_id, name) != nullptr ? std::string(name) : std::to_string(v6.sin6_scope_id);
    }
    return ip;
}

std::string Address::path() const {
    const std::size_t header = offsetof(sockaddr_un, sun_path);
    if (family() != AF_UNIX || size_ <= header) {
        return {};
    }
    const char* path = as<sockaddr_un>(storage_).sun_path;
    return *path == 0 ? '@' + std::string(path + 1, size_ - header - 1)
                      : std::string(path, ::strnlen(path, size_ - header));
}

std::string Address::to_string() const {
    switch (family()) {
    case AF_INET:
        return ip() + ':' + std::to_string(port());
    case AF_INET6:
        return '[' + ip() + "]:" + std::to_string(port());
    case AF_UNIX:
        return "unix:" + path();
    default:
        return "(no address)";
    }
}

namespace {

constexpr const char* no_port = " is not a port: they go from 0 to 65535";

}  // namespace

void detail::refuse_port(long long number) {
    throw std::invalid_argument(std::to_string(number) + no_port);
}

void detail::refuse_port(unsigned long long number) {
    throw std::invalid_argument(std::to_string(number) + no_port);
}

HostPort split_host_port(std::string_view text) {
    const auto [host, port] = split(text, "expected example.org:80, 127.0.0.1:80 or [::1]:80");
    constexpr std::string_view never_in_a_host(" \t\r\n/@\0", 7);
    if (host.empty() || host.find_first_of(never_in_a_host) != std::string_view::npos) {
        refuse(text, host.empty() ? "its host is empty" : "its host has a character that no host name has");
    }
    return {std::string(host), port};
}

bool operator==(const Address& a, const Address& b) noexcept {
    return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

}  // namespace tendril

std::size_t std::hash<tendril::Address>::operator()(const tendril::Address& address) const noexcept {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(address.raw()), address.raw_size()});
}
