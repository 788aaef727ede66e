// SPDX-License-Identifier: MIT
// Floor: net
//
// NameService: where a Resolver's answers come from. Derive from it to have a resolver of your own (names out of a
// registry, a table for tests, a limit or a log before another one):
//
//     class Table : public NameService {
//         HostInfo look_up(const std::string& host, AddressFamily, Deadline) override {
//             if (host == "db.internal") return {.name = host, .addresses = {Address::ip("10.0.0.7", 0)}};
//             fail(DnsError::not_found, host);
//         }
//     };
//     Resolver::set_current(Resolver(std::make_shared<Table>()));      this hub's: connect() and HttpClient use it
//
// A NameService belongs to the hub whose Resolvers have it; its functions run in the green threads that call those,
// and may wait. They may ask another Resolver, but not the one that asks them for the same host. The Resolver has
// answered by itself what needs no looking up: numeric addresses, localhost, names that cannot be; names come in ASCII.
// It puts the port into the addresses.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/deadline.hpp>
#include <tendril/dns_record.hpp>

namespace tendril {

// Why a lookup failed; compares with the code() of the std::system_error that it threw.
enum class DnsError {
    not_found = 1,   // there is no such name
    no_address,      // the name has no address of the requested family
    server_failure,  // no server could be reached, or all that could failed or refused
    no_answer,       // no server answered within the resolver's own time limits
    bad_name,        // not a valid host name
    bad_answer,      // a server's answer makes no sense
    other,
    no_record,    // the name has no record of the requested type
    no_service,   // there is no service of this name
    unsupported,  // this kind of resolver cannot do that
};
const std::error_category& dns_category() noexcept;  // its values are DnsError
// For std::error_code.
inline std::error_code make_error_code(DnsError e) noexcept {
    return {static_cast<int>(e), dns_category()};
}

enum class AddressFamily { any, ipv4, ipv6 };  // which addresses a lookup returns

// A host, as gethostbyname(3) and gethostbyaddr(3) give it.
struct HostInfo {
    std::string name = {};                  // its canonical name: where the CNAMEs of the name asked for lead
    std::vector<std::string> aliases = {};  // other names that were found on the way: of CNAMEs, of the hosts file
    std::vector<Address> addresses = {};    // best first (RFC 6724)
};

// How much a Resolver's cache has, and has done since the Resolver was made.
struct DnsCacheStatistics {
    std::size_t entries = 0;      // answers in it
    std::uint64_t hits = 0;       // questions that it answered
    std::uint64_t misses = 0;     // questions that a server was asked
    std::uint64_t evictions = 0;  // answers that had to go before their time, for others
};

class NameService {
public:
    NameService() = default;
    NameService(const NameService&) = delete;
    NameService& operator=(const NameService&) = delete;
    virtual ~NameService() = default;

    // Returns the addresses of a host, and its names. All must end by the deadline, with TimeoutError.
    // Throws: std::system_error of dns_category().
    virtual HostInfo look_up(const std::string& host, AddressFamily family, Deadline deadline) = 0;

    // Returns the names of an IPv4 or IPv6 address. The default throws DnsError::unsupported.
    virtual HostInfo look_up_address(const Address& address, Deadline deadline);

    // Returns the records of a name. The default throws DnsError::unsupported.
    virtual DnsAnswer query(const std::string& name, RecordType type, Deadline deadline);

    // The cache. The default has none.
    virtual DnsCacheStatistics cache_statistics() const;
    virtual void clear_cache();

protected:
    // Throws the std::system_error: "resolve "db.internal": no such host".
    [[noreturn]] static void fail(DnsError why, const std::string& what);
};

}  // namespace tendril

template <>
struct std::is_error_code_enum<tendril::DnsError> : std::true_type {};
