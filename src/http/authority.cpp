// SPDX-License-Identifier: MIT

#include "http/authority.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "http/chars.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::array<bool, 256> name_chars = char_table("-._~!$&'()*+,;=");
constexpr std::array<bool, 256> future_chars = char_table("-._~!$&'()*+,;=:");

constexpr bool is_one_of(const std::array<bool, 256>& chars, char c) noexcept {
    return chars[static_cast<unsigned char>(c)];
}

// Returns: the size of the name in front of `text`; npos where a "%" is not the beginning of an encoded character.
std::size_t name_size(std::string_view text) noexcept {
    std::size_t n = 0;
    while (n < text.size()) {
        if (is_one_of(name_chars, text[n])) {
            ++n;
        } else if (text[n] != '%') {
            break;
        } else if (text.size() - n >= 3 && hex_value(text[n + 1]) >= 0 && hex_value(text[n + 2]) >= 0) {
            n += 3;
        } else {
            return std::string_view::npos;
        }
    }
    return n;
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

// "v1.anything": a version in hexadecimal digits, and what only that version knows.
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

// Takes the host from the front. Returns: false when there is none.
bool take_host(std::string_view& text, Authority& found) noexcept {
    if (!text.starts_with('[')) {
        const std::size_t n = name_size(text);
        if (n == std::string_view::npos) {
            return false;
        }
        found.host = text.substr(0, n);
        text.remove_prefix(n);
        return true;
    }
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
        return false;
    }
    found.host = text.substr(1, end - 1);
    found.kind = is_ipv6(found.host) ? Authority::Kind::ipv6 : Authority::Kind::ip_future;
    text.remove_prefix(end + 1);
    return found.kind == Authority::Kind::ipv6 || is_ip_future(found.host);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) noexcept {
    constexpr std::uint64_t most = 65535;
    Authority found;
    if (!take_host(text, found)) {
        return std::nullopt;
    }
    if (text.size() <= 1) {
        return text.empty() || text == ":" ? std::optional(found) : std::nullopt;
    }
    const std::optional<std::uint64_t> port = text.front() == ':' ? parse_decimal(text.substr(1)) : std::nullopt;
    if (!port.has_value() || *port == 0 || *port > most) {
        return std::nullopt;
    }
    found.port = static_cast<std::uint16_t>(*port);
    return found;
}

}  // namespace tendril::http::detail
