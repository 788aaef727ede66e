// SPDX-License-Identifier: MIT
// Floor: net
//
// Names and addresses: what getaddrinfo(3) and getnameinfo(3) answer, as calls that suspend only their green thread.
//
//     std::vector<Address> all = resolve("example.org", 80);
//     TcpSocket s = connect("example.org", 80);              socket.hpp: tries them all
//
// Two kinds of resolvers, picked by name. "c-ares", the default, asks the DNS servers itself, from the hub: no OS
// thread waits. "system" calls the C library in ThreadPool::shared(), and so knows whatever nsswitch.conf names. The
// environment's TENDRIL_RESOLVER names the default of those who name none.
//
// Numeric addresses are never looked up, nor are "localhost" and what ends in ".localhost": they are this machine's
// loopback (RFC 6761). Otherwise the hosts file is asked first. Letter case does not matter. Names must be ASCII: those
// in other scripts in their xn-- form. Old forms of addresses, such as 127.1, are refused.
//
// A lookup that its caller left (a deadline, a Timeout, a kill) harms nobody when its answer comes. Example:
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

enum class DnsError {
    not_found = 1,   // there is no such name
    no_address,      // the name has none of the kind that was asked for
    server_failure,  // no server could be reached, or those that were could or would not say
    no_answer,       // the servers did not say anything, within the resolver's own time
    bad_name,        // it cannot be a name
    bad_answer,      // what the servers said makes no sense
    other,
};
const std::error_category& dns_category() noexcept;
inline std::error_code make_error_code(DnsError e) noexcept {
    return {static_cast<int>(e), dns_category()};
}

enum class AddressFamily { any, ipv4, ipv6 };

struct ResolverOptions {
    std::string kind = {};  // "c-ares" or "system"; empty: the environment's, then "c-ares"

    // What follows is for "c-ares". Empty, or nothing: as /etc/resolv.conf says, which is read again when it changes.
    std::vector<std::string> servers = {};  // "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53"
    std::optional<std::vector<std::string>> search = {};
    std::optional<int> dots = {};  // a name with so many is tried as it is first
    Duration try_timeout = {};     // for an answer, in the first round; 0: two seconds
    int tries = 0;                 // rounds through the servers; 0: three
    bool hosts_file = true;
};

// Belongs to the hub that it was made in. Copies are the same resolver.
class Resolver {
public:
    // Throws: std::invalid_argument for an unknown kind, or servers that are no addresses.
    explicit Resolver(const ResolverOptions& options = {});

    // The hub's own, of default options, made on first use.
    static Resolver current();

    // All addresses of a host, with this port, best first (RFC 6724).
    // Throws: std::system_error of dns_category(), which quotes the name; TimeoutError; Interrupt.
    std::vector<Address> resolve(std::string_view host, Port port = {}, AddressFamily family = AddressFamily::any,
                                 Deadline deadline = never);

    // The name of an address. Throws: as resolve(); std::invalid_argument for an address that is not IP.
    std::string reverse(const Address& address, Deadline deadline = never);

private:
    class Kind;
    class Ares;
    class System;
    explicit Resolver(std::shared_ptr<Kind> kind) noexcept : kind_(std::move(kind)) {}
    std::shared_ptr<Kind> kind_;
};

// By Resolver::current().
std::vector<Address> resolve(std::string_view host, Port port = {}, AddressFamily family = AddressFamily::any,
                             Deadline deadline = never);
std::string reverse(const Address& address, Deadline deadline = never);

}  // namespace tendril

template <>
struct std::is_error_code_enum<tendril::DnsError> : std::true_type {};
