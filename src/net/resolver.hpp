// SPDX-License-Identifier: MIT
//
// Resolver::Kind: the interface of the two kinds of resolvers.

#pragma once

#include <tendril/dns.hpp>

namespace tendril {

class Resolver::Kind {
public:
    Kind() = default;
    Kind(const Kind&) = delete;
    Kind& operator=(const Kind&) = delete;
    virtual ~Kind() = default;

    // Requires: `host` is not a numeric address. Throws: as Resolver::resolve().
    virtual std::vector<Address> resolve(const std::string& host, std::uint16_t port, AddressFamily family,
                                         Deadline deadline) = 0;
    virtual std::string reverse(const Address& address, Deadline deadline) = 0;

    static std::shared_ptr<Kind> make_ares(const ResolverOptions& options);
    static std::shared_ptr<Kind> make_system();

    static int number_of(AddressFamily family) noexcept {
        return family == AddressFamily::ipv4 ? AF_INET : family == AddressFamily::ipv6 ? AF_INET6 : AF_UNSPEC;
    }
    [[noreturn]] static void fail(DnsError why, const std::string& what);
    [[noreturn]] static void time_out_lookup(const std::string& what);  // after a wait
};

}  // namespace tendril
