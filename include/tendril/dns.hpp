// SPDX-License-Identifier: MIT
// Floor: net
//
// Looking up host names and addresses, as getaddrinfo(3) and getnameinfo(3) do, but suspending only the calling green
// thread.
//
//     std::vector<Address> all = resolve("example.org", 80);
//     TcpSocket s = connect("example.org", 80);              socket.hpp: tries all addresses
//
// There are two kinds of resolvers, chosen by name. "c-ares", the default, asks the DNS servers itself, from the hub:
// no OS thread waits. "system" calls the C library in ThreadPool::shared(), so it uses every source that nsswitch.conf
// names. The environment variable TENDRIL_RESOLVER names the kind for resolvers whose options name none.
//
// Numeric addresses are never looked up, nor are "localhost" and names that end in ".localhost": they mean this
// machine's loopback (RFC 6761). For all other names the hosts file comes first. Letter case does not matter. Names
// must be ASCII; write those in other scripts in their xn-- form. Old forms of addresses, such as 127.1, are refused.
//
// A caller may leave a lookup (by a deadline, a Timeout or a kill); its answer is dropped when it comes. Example:
// examples/resolve.cpp

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>

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
};
const std::error_category& dns_category() noexcept;  // its values are DnsError
inline std::error_code make_error_code(DnsError e) noexcept {
    return {static_cast<int>(e), dns_category()};
}

enum class AddressFamily { any, ipv4, ipv6 };  // which addresses a lookup returns

struct ResolverOptions {
    std::string kind = {};  // "c-ares" or "system"; empty: TENDRIL_RESOLVER, else "c-ares"

    // For "c-ares" only. What is empty or absent comes from /etc/resolv.conf, which is read again when it changes.
    std::vector<std::string> servers = {};                // "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53"
    std::optional<std::vector<std::string>> search = {};  // domains to try after a short name
    std::optional<int> dots = {};  // a name with at least this many dots is first tried without a domain
    Duration try_timeout = {};     // how long to wait for an answer in the first round; 0: two seconds
    int tries = 0;                 // rounds through the servers; 0: three
    bool hosts_file = true;        // whether the hosts file comes before the servers
};

// Looks up names and addresses. Belongs to the hub that it was made in: its calls throw WrongThread elsewhere. Copies
// are the same resolver.
class Resolver {
public:
    // Makes a resolver; asks no server yet.
    // Throws: std::invalid_argument for an unknown kind, servers that are not addresses, a time or number out of range.
    explicit Resolver(const ResolverOptions& options = {});

    // Returns this hub's own resolver, which has the default options and is made on first use.
    static Resolver current();

    // Returns all addresses of a host, with this port, best first (RFC 6724). Waits while it looks them up.
    // Throws: std::system_error of dns_category(), whose text quotes the name; TimeoutError; Interrupt.
    std::vector<Address> resolve(std::string_view host, Port port = {}, AddressFamily family = AddressFamily::any,
                                 Deadline deadline = never);

    // Returns the name of an address. Waits while it looks it up.
    // Throws: as resolve(); std::invalid_argument for an address that is not IPv4 or IPv6.
    std::string reverse(const Address& address, Deadline deadline = never);

private:
    class Kind;
    class Ares;
    class System;
    explicit Resolver(std::shared_ptr<Kind> kind) noexcept : kind_(std::move(kind)) {}
    std::shared_ptr<Kind> kind_;
};

// The same two calls on Resolver::current().
std::vector<Address> resolve(std::string_view host, Port port = {}, AddressFamily family = AddressFamily::any,
                             Deadline deadline = never);
std::string reverse(const Address& address, Deadline deadline = never);

}  // namespace tendril

template <>
struct std::is_error_code_enum<tendril::DnsError> : std::true_type {};
