// SPDX-License-Identifier: MIT
//
// What the two kinds of resolvers share, and how they are made.

#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>

#include <tendril/dns.hpp>

namespace tendril::detail {

std::shared_ptr<NameService> make_ares_resolver(const ResolverOptions& options);
std::shared_ptr<NameService> make_system_resolver();

inline int number_of(AddressFamily family) noexcept {
    return family == AddressFamily::ipv4 ? AF_INET : family == AddressFamily::ipv6 ? AF_INET6 : AF_UNSPEC;
}

[[noreturn]] void fail_lookup(DnsError why, const std::string& what, const std::string& cause = {});
[[noreturn]] void time_out_lookup(const std::string& what);  // after a wait

}  // namespace tendril::detail
