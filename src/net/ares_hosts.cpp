// SPDX-License-Identifier: MIT

#include "net/ares_hosts.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <new>
#include <utility>

#include "net/dns_message.hpp"
#include "net/resolver.hpp"

namespace tendril::detail {

namespace {

struct Found {
    int status = ARES_ENOTFOUND;
    HostInfo info;
};

// Runs a callback's work, which may throw what allocating throws.
template <class Take>
void note(void* found, int status, Take take) noexcept {
    auto& out = *static_cast<Found*>(found);
    out.status = status;
    try {
        take(out.info);
    } catch (...) {
        out.status = ARES_ENOMEM;
    }
}

void on_addresses(void* found, int status, int, ares_addrinfo* all) noexcept {
    note(found, status, [&](HostInfo& info) {
        for (auto* each = all != nullptr ? all->nodes : nullptr; each != nullptr; each = each->ai_next) {
            info.addresses.push_back(Address::from_raw(each->ai_addr, each->ai_addrlen));
        }
        for (auto* each = all != nullptr ? all->cnames : nullptr; each != nullptr; each = each->next) {
            if (info.name.empty() && each->name != nullptr) {
                info.name = each->name;
            }
            add_alias(info, each->alias != nullptr ? each->alias : "");
        }
    });
    ares_freeaddrinfo(all);
}

void on_host(void* found, int status, int, hostent* host) noexcept {
    note(found, status, [&](HostInfo& info) {
        if (host == nullptr || host->h_name == nullptr) {
            return;
        }
        info.name = host->h_name;
        for (char** each = host->h_aliases; each != nullptr && *each != nullptr; ++each) {
            add_alias(info, *each);
        }
    });
}

HostInfo result(Found& found) {
    if (found.status == ARES_ENOMEM) {
        throw std::bad_alloc();
    }
    return found.status == ARES_SUCCESS ? std::move(found.info) : HostInfo();
}

}  // namespace

HostInfo addresses_in_hosts(ares_channel hosts, const std::string& host, AddressFamily family) {
    Found found;
    ares_addrinfo_hints hints{};
    hints.ai_family = number_of(family);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_CANONNAME;
    ares_getaddrinfo(hosts, host.c_str(), nullptr, &hints, &on_addresses, &found);
    HostInfo info = result(found);
    if (info.name.empty()) {
        info.name = host;
    }
    return info;
}

HostInfo names_in_hosts(ares_channel hosts, const Address& address) {
    Found found;
    const bool v4 = address.family() == AF_INET;
    const void* ip = v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr)
                        : &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
    const int size = v4 ? sizeof(in_addr) : sizeof(in6_addr);
    ares_gethostbyaddr(hosts, ip, size, address.family(), &on_host, &found);
    return result(found);
}

void add_alias(HostInfo& info, std::string_view name) {
    constexpr std::size_t most = 64;
    if (!name.empty() && !same_name(name, info.name) && info.aliases.size() < most &&
        std::find(info.aliases.begin(), info.aliases.end(), name) == info.aliases.end()) {
        info.aliases.emplace_back(name);
    }
}

}  // namespace tendril::detail
