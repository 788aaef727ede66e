// SPDX-License-Identifier: MIT

#include <tendril/proxy_protocol.hpp>

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "base/host_port.hpp"

namespace tendril {

namespace {

constexpr std::size_t most_v1 = 107;
constexpr std::size_t most_v2 = 4096;
constexpr std::string_view v1_begins = "PROXY ";
constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16;
constexpr std::size_t unix_size = 108;

[[noreturn]] void refuse(const char* why) {
    throw std::system_error(EPROTO, std::generic_category(), std::string("PROXY protocol: ") + why);
}

std::string_view view(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view next_word(std::string_view& text) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return word;
}

Address parse_ip(std::string_view ip, std::string_view port, int family) {
    const std::optional<std::uint32_t> number = detail::parse_port(port);
    if (!number.has_value() || *number > detail::largest_port || (port.size() > 1 && port.front() == '0')) {
        refuse("a port of version 1 is not a number from 0 to 65535");
    }
    try {
        const Address address = Address::ip(ip, *number);
        if (address.family() == family && ip.find('%') == std::string_view::npos) {
            return address;
        }
    } catch (const std::invalid_argument&) {
    }
    refuse("an address of version 1 is not of the family that it names");
}

// Requires: `line` has no CR LF.
void parse_v1(std::string_view line, ProxyHeader& header) {
    line.remove_prefix(v1_begins.size());
    const std::string_view family_name = next_word(line);
    if (family_name == "UNKNOWN") {
        return;
    }
    const int family = family_name == "TCP4" ? AF_INET : family_name == "TCP6" ? AF_INET6 : AF_UNSPEC;
    if (family == AF_UNSPEC) {
        refuse("version 1 allows only TCP4, TCP6 and UNKNOWN");
    }
    const std::string_view source = next_word(line);
    const std::string_view destination = next_word(line);
    const std::string_view source_port = next_word(line);
    header.source = parse_ip(source, source_port, family);
    header.destination = parse_ip(destination, line, family);
}

template <class Raw, class Ip>
Address address_of(const char* ip, const char* port) {
    Raw raw{};
    if constexpr (std::is_same_v<Raw, sockaddr_in>) {
        raw.sin_family = AF_INET;
        std::memcpy(&raw.sin_addr, ip, sizeof(Ip));
        std::memcpy(&raw.sin_port, port, 2);
    } else {
        raw.sin6_family = AF_INET6;
        std::memcpy(&raw.sin6_addr, ip, sizeof(Ip));
        std::memcpy(&raw.sin6_port, port, 2);
    }
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

template <class Raw, class Ip>
std::size_t take_ips(std::string_view rest, ProxyHeader& header) {
    constexpr std::size_t size = 2 * sizeof(Ip) + 4;
    if (rest.size() < size) {
        refuse("version 2 is shorter than its addresses");
    }
    const char* p = rest.data();
    header.source = address_of<Raw, Ip>(p, p + 2 * sizeof(Ip));
    header.destination = address_of<Raw, Ip>(p + sizeof(Ip), p + 2 * sizeof(Ip) + 2);
    return size;
}

// Returns: nothing for a client without a name.
std::optional<Address> unix_address(const char* path) {
    const bool abstract = *path == '\0';
    const std::size_t size =
        abstract ? std::string_view(path, unix_size).find_last_not_of('\0') + 1 : ::strnlen(path, unix_size);
    if (size == 0) {
        return std::nullopt;
    }
    std::string name(path, size);
    if (abstract) {
        name.front() = '@';
    }
    try {
        return Address::unix_path(name);
    } catch (const std::invalid_argument&) {
        refuse("version 2 has an invalid path");
    }
}

std::size_t take_addresses(int family, std::string_view rest, ProxyHeader& header) {
    switch (family) {
    case 1:
        return take_ips<sockaddr_in, in_addr>(rest, header);
    case 2:
        return take_ips<sockaddr_in6, in6_addr>(rest, header);
    case 3:
        if (rest.size() < 2 * unix_size) {
            refuse("version 2 is shorter than its addresses");
        }
        header.source = unix_address(rest.data());
        header.destination = unix_address(rest.data() + unix_size);
        return 2 * unix_size;
    default:
        return 0;
    }
}

void take_extras(std::string_view rest, ProxyHeader& header) {
    while (!rest.empty()) {
        if (rest.size() < 3) {
            refuse("version 2 ends inside an extra");
        }
        const std::size_t size = static_cast<unsigned char>(rest[1]) * 256u + static_cast<unsigned char>(rest[2]);
        if (rest.size() < 3 + size) {
            refuse("version 2 has an extra that is longer than the header");
        }
        header.extras.emplace_back(static_cast<std::uint8_t>(rest[0]), rest.substr(3, size));
        rest.remove_prefix(3 + size);
    }
}

std::size_t v2_size(std::string_view text) {
    return v2_fixed + static_cast<unsigned char>(text[14]) * 256u + static_cast<unsigned char>(text[15]);
}

void parse_v2(std::string_view text, ProxyHeader& header) {
    header.version = 2;
    const auto version_and_command = static_cast<unsigned char>(text[12]);
    const auto family_and_protocol = static_cast<unsigned char>(text[13]);
    if (version_and_command != 0x20 && version_and_command != 0x21) {
        refuse("its version or command is unknown");
    }
    if (family_and_protocol >> 4 > 3 || (family_and_protocol & 15) > 2) {
        refuse("version 2 names a family or a protocol that is unknown");
    }
    const std::string_view rest = text.substr(v2_fixed);
    if (version_and_command == 0x20) {
        return;  // LOCAL, the proxy's own connection: its addresses must be ignored
    }
    take_extras(rest.substr(take_addresses(family_and_protocol >> 4, rest, header)), header);
}

bool begins_like(std::string_view text, std::string_view with) {
    const std::size_t n = std::min(text.size(), with.size());
    return text.substr(0, n) == with.substr(0, n);
}

std::string two_bytes(std::size_t n) {
    if (n > 0xffff) {
        throw std::invalid_argument("a PROXY header of " + std::to_string(n) + " bytes: they go up to 65535");
    }
    return {static_cast<char>(n >> 8), static_cast<char>(n & 255)};
}

std::string raw_ip(const Address& a) {
    return a.family() == AF_INET
               ? std::string(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(a.raw())->sin_addr), 4)
               : std::string(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(a.raw())->sin6_addr),
                             16);
}

std::string raw_path(const Address& a) {
    std::string path = a.path();
    if (!path.empty() && path.front() == '@') {
        path.front() = '\0';
    }
    path.resize(unix_size);
    return path;
}

}  // namespace

std::optional<std::size_t> parse_proxy_header(Bytes bytes, ProxyHeader& header) {
    header = {};
    const std::string_view text = view(bytes);
    if (!text.empty() && begins_like(text, v2_signature)) {
        if (text.size() < v2_fixed) {
            return std::nullopt;
        }
        const std::size_t size = v2_size(text);
        if (size > most_v2) {
            refuse("version 2 is longer than 4096 bytes");
        }
        if (text.size() < size) {
            return std::nullopt;
        }
        parse_v2(text.substr(0, size), header);
        return size;
    }
    if (!begins_like(text, v1_begins)) {
        refuse("the stream does not begin with a header");
    }
    const std::size_t end = text.substr(0, most_v1).find('\n');
    if (end == std::string_view::npos) {
        if (text.size() >= most_v1) {
            refuse("version 1 is longer than 107 bytes");
        }
        return std::nullopt;
    }
    if (end < v1_begins.size() || text[end - 1] != '\r') {
        refuse("version 1 does not end with CR LF");
    }
    parse_v1(text.substr(0, end - 1), header);
    return end + 1;
}

ProxyHeader read_proxy_header(Source& from, Deadline deadline) {
    std::array<char, most_v2> buffer;
    std::size_t filled = 0;
    ProxyHeader header;
    const auto read = [&](std::size_t n) {
        if (from.recv_exactly({buffer.data() + filled, n}, deadline) < n) {
            refuse("the stream ends inside the header");
        }
        filled += n;
    };
    read(v2_signature.size());  // no header is shorter
    while (!parse_proxy_header({buffer.data(), filled}, header).has_value()) {
        if (buffer[0] == v1_begins[0]) {
            read(buffer[filled - 1] == '\r' ? 1 : 2);  // at least this many bytes follow
        } else {
            read(filled < v2_fixed ? v2_fixed - filled : v2_size({buffer.data(), filled}) - filled);
        }
    }
    return header;
}

std::string make_proxy_header(const ProxyHeader& header) {
    const bool known = header.source.has_value() && header.destination.has_value();
    const int family = known ? header.source->family() : AF_UNSPEC;
    if (known && header.destination->family() != family) {
        throw std::invalid_argument("a PROXY header's addresses must be of one family");
    }
    if (header.version == 1) {
        if (family == AF_UNIX) {
            throw std::invalid_argument("version 1 of the PROXY protocol has no Unix-domain addresses");
        }
        return !known ? "PROXY UNKNOWN\r\n"
                      : std::string("PROXY ") + (family == AF_INET ? "TCP4 " : "TCP6 ") + header.source->ip() + ' ' +
                            header.destination->ip() + ' ' + std::to_string(header.source->port()) + ' ' +
                            std::to_string(header.destination->port()) + "\r\n";
    }
    if (header.version != 2) {
        throw std::invalid_argument("the PROXY protocol has only versions 1 and 2");
    }
    std::string rest;
    if (family == AF_UNIX) {
        rest = raw_path(*header.source) + raw_path(*header.destination);
    } else if (known) {
        rest = raw_ip(*header.source) + raw_ip(*header.destination) + two_bytes(header.source->port()) +
               two_bytes(header.destination->port());
    }
    for (const auto& [type, value] : header.extras) {
        rest += static_cast<char>(type);
        rest += two_bytes(value.size()) + value;
    }
    const char kind = !known ? '\0' : family == AF_INET ? '\x11' : family == AF_INET6 ? '\x21' : '\x31';
    return std::string(v2_signature) + (known ? '\x21' : '\x20') + kind + two_bytes(rest.size()) + rest;
}

}  // namespace tendril
