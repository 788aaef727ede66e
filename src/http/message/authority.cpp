// SPDX-License-Identifier: MIT

#include "http/message/authority.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "base/host_port.hpp"
#include "http/message/chars.hpp"

namespace tendril::http::detail {

using tendril::detail::HostAndPort;
using tendril::detail::largest_port;
using tendril::detail::parse_port;
using tendril::detail::split_host_and_port;

namespace {

constexpr std::array<bool, 256> name_chars = char_table("-._~!$&'()*+,;=");
constexpr std::array<bool, 256> future_chars = char_table("-._~!$&'()*+,;=:");

constexpr bool is_one_of(const std::array<bool, 256>& chars, char c) noexcept {
    return chars[static_cast<unsigned char>(c)];
}

// Whether the text has only characters that a name may have, and percent-encoded ones.
bool is_name(std::string_view text) noexcept {
    std::size_t n = 0;
    while (n < text.size()) {
        if (is_one_of(name_chars, text[n])) {
            ++n;
        } else if (text[n] == '%' && text.size() - n >= 3 && hex_value(text[n + 1]) >= 0 &&
                   hex_value(text[n + 2]) >= 0) {
            n += 3;
        } else {
            return false;
        }
    }
    return true;
}

bool is_ipv6(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    in6_addr address{};
    if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) {
        return false;
    }
    std::copy(text.begin(), text.end(), copy.begin());
    return inet_pton(AF_INET6, copy.data(), &address) == 1;
}

// "v1.anything": a version in hexadecimal digits, and text whose meaning only that version defines.
bool is_ip_future(std::string_view text) noexcept {
    const std::size_t dot = text.find('.');
    if (text.empty() || lower(text.front()) != 'v' || dot == std::string_view::npos || dot < 2 ||
        dot + 1 == text.size()) {
        return false;
    }
    const std::string_view version = text.substr(1, dot - 1);
    const std::string_view rest = text.substr(dot + 1);
    return std::all_of(version.begin(), version.end(), [](char c) { return hex_value(c) >= 0; }) &&
           std::all_of(rest.begin(), rest.end(), [](char c) { return is_one_of(future_chars, c); });
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) noexcept {
    const HostAndPort parts = split_host_and_port(text);
    if (parts.fault != HostAndPort::Fault::none) {
        return std::nullopt;
    }
    Authority found;
    found.host = parts.host;
    if (parts.in_brackets) {
        found.kind = is_ipv6(parts.host) ? Authority::Kind::ipv6 : Authority::Kind::ip_future;
    }
    if (found.kind == Authority::Kind::name ? !is_name(parts.host)
                                            : found.kind == Authority::Kind::ip_future && !is_ip_future(parts.host)) {
        return std::nullopt;
    }
    if (parts.port.has_value() && !parts.port->empty()) {
        const std::optional<std::uint32_t> port = parse_port(*parts.port);
        if (!port.has_value() || *port == 0 || *port > largest_port) {
            return std::nullopt;
        }
        found.port = static_cast<std::uint16_t>(*port);
    }
    return found;
}

}  // namespace tendril::http::detail
