// SPDX-License-Identifier: MIT

#include <tendril/dns.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/idna.hpp>

#include "base/host_name.hpp"
#include "base/host_port.hpp"
#include "base/no_nul.hpp"
#include "base/sys.hpp"
#include "hub/here.hpp"
#include "net/address_order.hpp"
#include "net/dns_message.hpp"
#include "net/resolver.hpp"

namespace tendril {

using detail::fail_lookup;
using detail::number_of;
using detail::source_for;

namespace {

std::string without_last_dot(std::string host) {
    if (!host.empty() && host.back() == '.') {
        host.pop_back();
    }
    return host;
}

// Returns the name in ASCII. Throws: DnsError::bad_name.
std::string in_ascii(std::string_view name) {
    try {
        return idna_to_ascii(name);
    } catch (const std::invalid_argument&) {
        fail_lookup(DnsError::bad_name, std::string(name));
    }
}

std::string in_unicode(std::string name) {
    try {
        return idna_to_unicode(name);
    } catch (const std::invalid_argument&) {  // the name's owner made up a label; it is shown as it is
    } catch (const std::runtime_error&) {     // there is no libidn2; a name that an address's owner chose needs it
    }
    return name;
}

// Whether no host can have this name. That includes 127.1, 0x7f000001 and the like, which the C library takes for
// addresses, and what has a backslash: the DNS's text form drops it, so "exa\mple.org" would be another's name than the
// one that a program has checked.
bool is_no_name(const std::string& host) {
    constexpr std::size_t longest = 254;  // RFC 1035, and a final dot
    const bool odd = std::any_of(host.begin(), host.end(), [](unsigned char c) {
        return c <= ' ' || c == '/' || c == ':' || c == '\\' || c >= 0x7f;
    });
    in_addr number{};
    return host.empty() || host.size() > longest || odd || ::inet_aton(without_last_dot(host).c_str(), &number) != 0;
}

// "localhost", and what ends in ".localhost": RFC 6761, 6.3.
bool is_localhost(const std::string& host) {
    constexpr std::string_view localhost = ".localhost";
    const std::string name = '.' + without_last_dot(host);
    return name.size() >= localhost.size() &&
           detail::same_name(std::string_view(name).substr(name.size() - localhost.size()), localhost);
}

// Returns one address of each wanted family; an IPv6 one for "any" only if this machine uses IPv6.
std::vector<Address> pair_of(const char* v6, const char* v4, AddressFamily family) {
    std::vector<Address> all;
    if (family == AddressFamily::ipv6 ||
        (family == AddressFamily::any && source_for(Address::ip("::1", 1)).has_value())) {
        all.push_back(Address::ip(v6, 0));
    }
    if (family != AddressFamily::ipv6) {
        all.push_back(Address::ip(v4, 0));
    }
    return all;
}

std::optional<Address> numeric(const std::string& host) {
    try {
        return Address::ip(host, 0);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

Address with_port(const Address& address, std::uint16_t port) {
    sockaddr_in6 raw{};  // the longer of the two
    std::memcpy(&raw, address.raw(), address.raw_size());
    raw.sin6_port = htons(port);  // in the same place in both
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), address.raw_size());
}

std::string default_kind() {
    const char* named = std::getenv("TENDRIL_RESOLVER");
    return named != nullptr && *named != '\0' ? named : "c-ares";
}

void require_ip(const Address& address, const char* call) {
    if (address.family() != AF_INET && address.family() != AF_INET6) {
        throw std::invalid_argument(std::string(call) + "(): " + address.to_string() + " is not an IP address");
    }
}

void check(const ResolverOptions& options) {
    for (const std::vector<std::string>& texts : {options.servers, options.search.value_or(options.servers)}) {
        for (const std::string& each : texts) {
            detail::require_no_nul(each, "ResolverOptions: a server or a search domain");
        }
    }
    detail::require_no_nul(options.resolv_conf, "ResolverOptions: resolv_conf");
    constexpr std::chrono::milliseconds longest_try(std::numeric_limits<int>::max());
    constexpr std::chrono::seconds longest_kept(std::numeric_limits<std::int32_t>::max());
    constexpr int most_tries = 1000;  // c-ares multiplies it by the number of servers, as an int
    const auto out_of_range = [&](std::chrono::seconds ttl) { return ttl.count() < 0 || ttl > longest_kept; };
    if (options.try_timeout.count() < 0 || options.try_timeout > longest_try || options.tries < 0 ||
        options.tries > most_tries || options.dots.value_or(0) < 0 || out_of_range(options.max_ttl) ||
        out_of_range(options.max_negative_ttl)) {
        throw std::invalid_argument("ResolverOptions: a time or a number is negative or too large");
    }
}

// Throws: std::invalid_argument; DnsError::no_service.
std::uint16_t port_of(const LookupOptions& options) {
    if (options.service.empty()) {
        return options.port;
    }
    if (options.port != 0) {
        throw std::invalid_argument("LookupOptions: give a port or a service, not both");
    }
    if (const std::optional<std::uint32_t> number = detail::parse_port(options.service); number.has_value()) {
        return checked_port(*number);
    }
    const std::optional<std::uint16_t> port = service_port(options.service, options.transport);
    if (!port.has_value()) {
        fail_lookup(DnsError::no_service, options.service);
    }
    return *port;
}

// Checks what a NameService said, which may be a user's. Afterwards there is an address, and all are of the family.
void check_answer(HostInfo& info, const std::string& name, AddressFamily family) {
    for (const Address& each : info.addresses) {
        if (each.family() != AF_INET && each.family() != AF_INET6) {
            throw std::logic_error("a NameService returned " + each.to_string() + " for " + name +
                                   ": an address of a host must be IPv4 or IPv6");
        }
    }
    if (family != AddressFamily::any) {
        std::erase_if(info.addresses, [&](const Address& each) { return each.family() != number_of(family); });
    }
    if (info.addresses.empty()) {
        fail_lookup(DnsError::no_address, name);
    }
    if (info.name.empty()) {
        info.name = name;
    }
}

// Looks a host up, with port 0; what needs no looking up, without.
HostInfo find(NameService& service, std::string_view host, AddressFamily family, bool only_numeric, Deadline deadline) {
    const std::string name = in_ascii(host);
    if (const std::optional<Address> address = numeric(name); address.has_value()) {
        if (family != AddressFamily::any && address->family() != number_of(family)) {
            fail_lookup(DnsError::no_address, name);
        }
        return {.name = name, .addresses = {*address}};
    }
    if (is_no_name(name)) {
        fail_lookup(DnsError::bad_name, name);
    }
    if (only_numeric) {
        fail_lookup(DnsError::not_found, name);
    }
    if (is_localhost(name)) {
        return {.name = without_last_dot(name), .addresses = pair_of("::1", "127.0.0.1", family)};
    }
    HostInfo info = service.look_up(name, family, deadline);
    check_answer(info, name, family);
    return info;
}

// IPv4 addresses as IPv6 ones, if they are wanted, and not what is not: AI_V4MAPPED, AI_ALL.
void map_to_v6(std::vector<Address>& addresses, bool all) {
    const bool has_v6 =
        std::any_of(addresses.begin(), addresses.end(), [](const Address& each) { return each.family() == AF_INET6; });
    if (has_v6 && !all) {
        std::erase_if(addresses, [](const Address& each) { return each.family() != AF_INET6; });
    }
    for (Address& each : addresses) {
        if (each.family() == AF_INET) {
            each = Address::ip("::ffff:" + each.ip(), 0);
        }
    }
}

}  // namespace

Resolver::Resolver(const ResolverOptions& options) : owner_(detail::here::owner()) {
    check(options);
    const std::string kind = options.kind.empty() ? default_kind() : options.kind;
    if (kind == "c-ares") {
        service_ = detail::make_ares_resolver(options);
    } else if (kind == "system") {
        service_ = detail::make_system_resolver();
    } else {
        throw std::invalid_argument("there is no resolver called \"" + kind + "\"; there are c-ares and system");
    }
}

Resolver::Resolver(std::shared_ptr<NameService> service) : service_(std::move(service)), owner_(detail::here::owner()) {
    if (service_ == nullptr) {
        throw std::invalid_argument("Resolver: its NameService is null");
    }
}

void Resolver::require_here() const {
    detail::here::require_owner("a Resolver", owner_);
}

std::shared_ptr<NameService> Resolver::service() const {
    detail::here::refuse_in_callback();
    require_here();
    return service_;
}

std::vector<Address> Resolver::resolve(std::string_view host, Port port, AddressFamily family, Deadline deadline) {
    const std::shared_ptr<NameService> service = this->service();
    std::vector<Address> all = find(*service, host, family, false, deadline).addresses;
    std::transform(all.begin(), all.end(), all.begin(), [&](const Address& each) { return with_port(each, port); });
    return all;
}

HostInfo Resolver::look_up(std::string_view host, const LookupOptions& options, Deadline deadline) {
    const std::shared_ptr<NameService> service = this->service();
    const std::uint16_t port = port_of(options);
    const bool mapped = options.v4_mapped && options.family == AddressFamily::ipv6;
    const AddressFamily family = mapped ? AddressFamily::any : options.family;
    HostInfo info;
    if (host.empty()) {
        info.addresses = options.passive ? pair_of("::", "0.0.0.0", family) : pair_of("::1", "127.0.0.1", family);
    } else {
        info = find(*service, host, family, options.numeric, deadline);
    }
    if (mapped) {
        map_to_v6(info.addresses, options.all);
    }
    if (options.routable) {
        std::erase_if(info.addresses, [](const Address& each) { return !detail::is_routable(with_port(each, 1)); });
    }
    if (info.addresses.empty()) {
        fail_lookup(DnsError::no_address, std::string(host));
    }
    for (Address& each : info.addresses) {
        each = with_port(each, port);
    }
    if (options.unicode_name) {
        info.name = in_unicode(std::move(info.name));
        std::transform(info.aliases.begin(), info.aliases.end(), info.aliases.begin(), in_unicode);
    }
    return info;
}

std::string Resolver::reverse(const Address& address, Deadline deadline) {
    return look_up_address(address, deadline).name;
}

HostInfo Resolver::look_up_address(const Address& address, Deadline deadline) {
    require_ip(address, "look_up_address");
    const std::shared_ptr<NameService> service = this->service();
    HostInfo info = service->look_up_address(address, deadline);
    if (info.name.empty()) {
        fail_lookup(DnsError::not_found, address.ip());
    }
    return info;
}

NameInfo Resolver::name_info(const Address& address, const NameInfoOptions& options, Deadline deadline) {
    if (address.family() == AF_UNIX) {
        return {host_name(), address.path()};
    }
    require_ip(address, "name_info");
    NameInfo info{address.ip(), std::to_string(address.port())};
    if (!options.numeric_service) {
        const Transport transport = options.datagram ? Transport::udp : Transport::tcp;
        info.service = service_name(address.port(), transport).value_or(info.service);
    }
    if (options.numeric_host) {
        if (options.name_required) {
            throw std::invalid_argument("NameInfoOptions: numeric_host and name_required exclude each other");
        }
        return info;
    }
    try {
        info.host = reverse(address, deadline);
    } catch (const std::system_error& e) {
        if (options.name_required || e.code().category() != dns_category()) {
            throw;
        }
        return info;
    }
    if (options.short_name) {
        const std::string own_name = full_name({}, deadline);
        const std::size_t dot = std::min(own_name.find('.'), own_name.size());
        const std::string_view domain = std::string_view(own_name).substr(dot);
        if (domain.size() > 1 && info.host.size() > domain.size() && info.host.ends_with(domain)) {
            info.host.resize(info.host.size() - domain.size());
        }
    }
    info.host = options.unicode_name ? in_unicode(std::move(info.host)) : std::move(info.host);
    return info;
}

std::string Resolver::full_name(std::string_view host, Deadline deadline) {
    const std::optional<Address> address = numeric(std::string(host));
    const bool any_address = host == "0.0.0.0" || host == "::";
    std::string name = host.empty() || any_address ? host_name() : std::string(host);
    HostInfo info;
    try {
        info = address.has_value() && !any_address ? look_up_address(*address, deadline) : look_up(name, {}, deadline);
    } catch (const std::system_error& e) {
        if (e.code().category() != dns_category()) {
            throw;
        }
        return name;
    }
    const auto has_dot = [](const std::string& each) { return each.find('.') != std::string::npos; };
    const auto alias = std::find_if(info.aliases.begin(), info.aliases.end(), has_dot);
    if (!has_dot(info.name) && alias != info.aliases.end()) {
        return *alias;
    }
    return info.name.empty() ? name : info.name;
}

DnsAnswer Resolver::query(std::string_view name, RecordType type, Deadline deadline) {
    const std::shared_ptr<NameService> service = this->service();
    return service->query(in_ascii(name), type, deadline);
}

DnsCacheStatistics Resolver::cache_statistics() const {
    require_here();
    return service_->cache_statistics();
}

void Resolver::clear_cache() {
    require_here();
    service_->clear_cache();
}

std::string host_name() {
    char name[HOST_NAME_MAX + 1] = "";
    sys::checked(sys::host_name(name, sizeof name), "gethostname");
    return name;
}

std::string reverse_name(const Address& address) {
    require_ip(address, "reverse_name");
    std::string name;
    if (address.family() == AF_INET) {
        const auto* bytes =
            reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr);
        for (int i = 3; i >= 0; --i) {
            name += std::to_string(bytes[i]) + '.';
        }
        return name + "in-addr.arpa";
    }
    constexpr char digits[] = "0123456789abcdef";
    const auto& bytes = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr.s6_addr;
    for (int i = 15; i >= 0; --i) {
        for (const int nibble : {bytes[i] & 15, bytes[i] >> 4}) {
            name += digits[nibble];
            name += '.';
        }
    }
    return name + "ip6.arpa";
}

}  // namespace tendril
