// SPDX-License-Identifier: MIT

#include "net/tls_name.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <tendril/idna.hpp>

#include "base/escape.hpp"

namespace tendril::detail {

namespace {

constexpr std::size_t longest_name = 253;  // RFC 1035, without the final dot
constexpr std::size_t longest_label = 63;

// Returns an IP address in the system's spelling; empty if the name is not an address.
std::string address_text(std::string_view name) {
    std::string_view ip = name;
    if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') {
        ip = ip.substr(1, ip.size() - 2);
        if (ip.find(':') == std::string_view::npos) {
            return {};
        }
    }
    const bool v6 = ip.find(':') != std::string_view::npos;
    const std::size_t zone = v6 ? ip.find('%') : std::string_view::npos;
    if (zone != std::string_view::npos && zone + 1 == ip.size()) {
        return {};
    }
    const std::string text(ip.substr(0, zone));  // certificates have no zones
    std::array<unsigned char, 16> raw{};
    std::array<char, INET6_ADDRSTRLEN> normal{};
    const int family = v6 ? AF_INET6 : AF_INET;
    return ::inet_pton(family, text.c_str(), raw.data()) == 1
               ? ::inet_ntop(family, raw.data(), normal.data(), normal.size())
               : std::string();
}

bool is_digits(std::string_view label) noexcept {
    return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Returns: what is wrong with a label; nullptr if nothing is.
const char* fault_of_label(std::string_view label) noexcept {
    if (label.empty()) {
        return "it has an empty label";
    }
    if (label.size() > longest_label) {
        return "one of its labels has more than 63 bytes";
    }
    for (const char c : label) {
        if (static_cast<unsigned char>(c) >= 0x80) {
            return "a name in another script than ASCII is sent in its xn-- form";
        }
        const bool good =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!good) {
            return "it has a character that no host name has";
        }
    }
    return nullptr;
}

// The same for a host name without its final dot.
const char* fault_of(std::string_view name) noexcept {
    if (name.empty()) {
        return "it is empty";
    }
    if (name.size() > longest_name) {
        return "it has more than 253 bytes";
    }
    std::string_view label;
    for (std::string_view rest = name; rest.data() != nullptr;) {
        const std::size_t dot = rest.find('.');
        label = rest.substr(0, dot);
        if (const char* fault = fault_of_label(label)) {
            return fault;
        }
        rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
    return is_digits(label) ? "it ends like an IP address, but is not one" : nullptr;
}

const char* normalise(std::string_view name, TlsName& out) {
    if (name.find('\0') != std::string_view::npos) {
        return "it has a zero byte";
    }
    out.text = address_text(name);
    out.is_ip = !out.text.empty();
    if (out.is_ip) {
        return nullptr;
    }
    if (name.size() > 1 && name.back() == '.') {
        name.remove_suffix(1);  // says that no search domain is to be tried; it is not part of the name (RFC 6066, 3)
    }
    if (const char* fault = fault_of(name)) {
        return fault;
    }
    out.text = name;
    std::transform(out.text.begin(), out.text.end(), out.text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return nullptr;
}

}  // namespace

TlsName tls_name(std::string_view name) {
    TlsName made;
    if (const char* fault = normalise(idna_to_ascii(name), made)) {
        throw std::invalid_argument("\"" + escaped(name, longest_name) + "\" cannot be a TLS server's name: " + fault);
    }
    return made;
}

std::optional<std::string> tls_name_of_peer(std::string_view name) {
    TlsName made;
    return normalise(name, made) == nullptr ? std::optional<std::string>(std::move(made.text)) : std::nullopt;
}

}  // namespace tendril::detail
