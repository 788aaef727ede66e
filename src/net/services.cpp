// SPDX-License-Identifier: MIT

#include <tendril/services.hpp>

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tendril {

namespace {

struct Known {
    std::string_view name;
    std::uint16_t port;
    Transport transport;  // any: both
};

// For machines without the file. As IANA has them.
constexpr std::array known{
    Known{"ftp", 21, Transport::tcp},     Known{"ssh", 22, Transport::tcp},
    Known{"telnet", 23, Transport::tcp},  Known{"smtp", 25, Transport::tcp},
    Known{"domain", 53, Transport::any},  Known{"tftp", 69, Transport::udp},
    Known{"http", 80, Transport::tcp},    Known{"pop3", 110, Transport::tcp},
    Known{"ntp", 123, Transport::udp},    Known{"imap2", 143, Transport::tcp},
    Known{"imap", 143, Transport::tcp},   Known{"snmp", 161, Transport::udp},
    Known{"ldap", 389, Transport::tcp},   Known{"https", 443, Transport::tcp},
    Known{"syslog", 514, Transport::udp}, Known{"submission", 587, Transport::tcp},
    Known{"ldaps", 636, Transport::tcp},  Known{"imaps", 993, Transport::tcp},
    Known{"pop3s", 995, Transport::tcp},  Known{"mysql", 3306, Transport::tcp},
    Known{"sip", 5060, Transport::any},   Known{"postgresql", 5432, Transport::tcp},
    Known{"amqp", 5672, Transport::tcp},
};

bool fits(Transport one, Transport wanted) noexcept {
    return one == Transport::any || wanted == Transport::any || one == wanted;
}

// Calls one of libc's functions, get(entry, buffer, size, &found), with a buffer that is large enough.
template <class Get>
bool look(servent& entry, std::string& buffer, Get get) {
    constexpr std::size_t most = 1 << 16;
    for (buffer.resize(1024); buffer.size() <= most; buffer.resize(buffer.size() * 4)) {
        servent* found = nullptr;
        if (get(&entry, buffer.data(), buffer.size(), &found) != ERANGE) {
            return found != nullptr;
        }
    }
    return false;
}

const char* protocol(Transport transport) noexcept {
    return transport == Transport::udp ? "udp" : "tcp";
}

}  // namespace

std::optional<std::uint16_t> service_port(std::string_view name, Transport transport) {
    if (transport == Transport::any) {
        const auto port = service_port(name, Transport::tcp);
        return port.has_value() ? port : service_port(name, Transport::udp);
    }
    constexpr std::size_t longest = 255;
    const std::string text(name);
    if (name.empty() || name.size() > longest || name.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    servent entry{};
    std::string buffer;
    if (look(entry, buffer,
             [&](auto... out) { return ::getservbyname_r(text.c_str(), protocol(transport), out...); })) {
        return ntohs(static_cast<std::uint16_t>(entry.s_port));
    }
    const auto* at = std::find_if(known.begin(), known.end(), [&](const Known& each) {
        return each.name == name && fits(each.transport, transport);
    });
    return at != known.end() ? std::optional(at->port) : std::nullopt;
}

std::optional<std::string> service_name(Port port, Transport transport) {
    if (transport == Transport::any) {
        auto name = service_name(port, Transport::tcp);
        return name.has_value() ? name : service_name(port, Transport::udp);
    }
    servent entry{};
    std::string buffer;
    if (look(entry, buffer, [&](auto... out) { return ::getservbyport_r(htons(port), protocol(transport), out...); })) {
        return entry.s_name;
    }
    const auto* at = std::find_if(known.begin(), known.end(), [&](const Known& each) {
        return each.port == port && fits(each.transport, transport);
    });
    return at != known.end() ? std::optional(std::string(at->name)) : std::nullopt;
}

}  // namespace tendril
