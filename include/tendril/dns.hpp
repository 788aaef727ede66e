// SPDX-License-Identifier: MIT
// Floor: net
//
// Looking up names and addresses, as getaddrinfo(3), getnameinfo(3) and gethostbyname(3) do, and any record of the DNS,
// but suspending only the calling green thread.
//
//     std::vector<Address> all = resolve("example.org", 80);
//     TcpSocket s = connect("example.org", 80);              socket.hpp: tries all addresses
//     for (const MxRecord& mx : query<MxRecord>("example.org")) ...
//
// There are two kinds of resolvers, chosen by name. "c-ares", the default, asks the DNS servers itself, from the hub:
// no OS thread waits. "system" calls the C library in ThreadPool::shared(), so it uses every source that nsswitch.conf
// names; its query() asks the servers of /etc/resolv.conf. name_service.hpp says how to have one of your own. The
// environment variable TENDRIL_RESOLVER names the kind for resolvers whose options name none, and TENDRIL_NAMESERVERS
// the servers of "c-ares", with commas between them.
//
// Numeric addresses are never looked up, nor are "localhost" and names that end in ".localhost": they mean this
// machine's loopback (RFC 6761). For all other names the hosts file comes first. Letter case does not matter. Names in
// other scripts than ASCII are UTF-8, and looked up in their xn-- form: idna.hpp. Old forms of addresses, such as
// 127.1, are refused.
//
// A caller may leave a lookup (by a deadline, a Timeout or a kill); its answer is dropped when it comes. Example:
// examples/resolve.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/deadline.hpp>
#include <tendril/dns_record.hpp>
#include <tendril/duration.hpp>
#include <tendril/name_service.hpp>
#include <tendril/services.hpp>

namespace tendril {

// Options of a Resolver.
struct ResolverOptions {
    std::string kind = {};  // "c-ares" or "system"; empty: TENDRIL_RESOLVER, else "c-ares"

    // For "c-ares" only. What is empty or absent comes from resolv_conf, which is read again when it changes, unless
    // `servers` are given.
    std::vector<std::string> servers = {};                // "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53"
    std::optional<std::vector<std::string>> search = {};  // domains to try after a short name
    std::optional<int> dots = {};  // a name with at least this many dots is first tried without a domain
    Duration try_timeout = {};     // how long to wait for an answer in the first round; 0: two seconds
    int tries = 0;                 // rounds through the servers, 1000 at most; 0: three
    bool hosts_file = true;        // whether the hosts file comes before the servers
    bool tcp = false;              // ask by TCP only, instead of UDP with TCP for long answers
    bool rotate = false;           // begin with another server each time
    std::string source = {};       // this machine's address to ask from, "192.0.2.1"; servers of the other family fail
    std::string resolv_conf = {};  // the path of the file; empty: /etc/resolv.conf

    // The port to ask from, by UDP and by TCP; 0: any, another one each time. A fixed one is for firewalls that demand
    // it, at a price: an answer by UDP is easier to forge, since only the 16 bits of its id are left to guess
    // (RFC 5452). And one Resolver at a time can ask from it: another, of another hub too, then fails with
    // DnsError::server_failure; by TCP only if it asks the same server.
    Port source_port = {};
    Port source_port_tcp = {};

    // The cache of servers' answers, per Resolver; the hosts file and failures are not in it. Answers are kept as long
    // as the server allows it, but no longer than max_ttl; "no such name" and "no such record" no longer than
    // max_negative_ttl. An answer takes up to 4 KiB; larger ones are not kept.
    std::size_t cache = 0;  // how many answers to keep; 0: none. A host has two: IPv4 and IPv6
    std::chrono::seconds max_ttl = std::chrono::hours(1);
    std::chrono::seconds max_negative_ttl = std::chrono::minutes(1);
};

// What Resolver::look_up() is to look for; the flags of getaddrinfo(3) under their own names.
struct LookupOptions {
    Port port = {};                             // of the addresses that are returned
    std::string service = {};                   // "https" or "443", instead of `port`
    Transport transport = Transport::any;       // whose services; addresses are the same for all
    AddressFamily family = AddressFamily::any;  // which addresses are wanted
    bool numeric = false;                       // AI_NUMERICHOST: the host must be an address; nothing is looked up
    bool passive = false;    // AI_PASSIVE: an empty host means all addresses of this machine; else its loopback
    bool routable = false;   // AI_ADDRCONFIG: leave out addresses that this machine has no route to
    bool v4_mapped = false;  // AI_V4MAPPED: for ipv6, return IPv4 addresses as ::ffff:192.0.2.1 if there are no others
    bool all = false;        // AI_ALL: with v4_mapped, return them in any case
    bool unicode_name = false;  // AI_CANONIDN: HostInfo's names in UTF-8 instead of their xn-- form
};

// The flags of getnameinfo(3).
struct NameInfoOptions {
    bool numeric_host = false;     // NI_NUMERICHOST: the address itself; nothing is looked up
    bool numeric_service = false;  // NI_NUMERICSERV: the port itself
    bool name_required = false;    // NI_NAMEREQD: an address without a name is DnsError::not_found, not itself
    bool datagram = false;         // NI_DGRAM: UDP's name of the port, not TCP's
    bool short_name = false;       // NI_NOFQDN: without this machine's own domain
    bool unicode_name = false;     // NI_IDN: the host in UTF-8 instead of its xn-- form
};
// What name_info() returns.
struct NameInfo {
    std::string host;     // its name, or the address in digits
    std::string service;  // its name, or the port in digits
};

// Looks up names and addresses. Belongs to the hub that it was made in: its calls throw WrongThread elsewhere. Copies
// are the same resolver. All calls may wait, unless they say otherwise, and throw std::system_error of dns_category(),
// whose text quotes the name; TimeoutError; Interrupt; std::runtime_error for a name in another script if libidn2 is
// not there.
class Resolver {
public:
    // Makes a resolver; asks no server yet.
    // Throws: std::invalid_argument for an unknown kind, servers or a source that are not addresses, a time or number
    // out of range.
    explicit Resolver(const ResolverOptions& options = {});

    // Makes one of your own. What it returns is checked as servers' answers are: a host has at least one address, and
    // those of another family than the one asked for are left out. Throws: std::invalid_argument for nullptr; its calls
    // throw std::logic_error for an address that is not IPv4 or IPv6.
    explicit Resolver(std::shared_ptr<NameService> service);

    // Returns this hub's own resolver, which connect(), HttpClient and the functions below the class use, unless their
    // options name another. Made on first use: by what set_default() was given, else with the default options.
    static Resolver current();

    // Makes this one the hub's own. Calls under way go on with the former. Does not wait.
    static void set_current(Resolver resolver);

    // Says how the hubs' own resolvers are made, for the whole process: each hub calls `make` when it first needs its
    // own, in its OS thread. Hubs that have one keep it. nullptr: with the default options. Any OS thread may call it.
    // `make` must not ask for current(), nor call the functions below the class: they would call it again.
    //
    //     Resolver::set_default([] { return Resolver({.servers = {"192.0.2.53"}, .cache = 1000}); });
    static void set_default(std::function<Resolver()> make);

    // Returns all addresses of a host, with this port, best first (RFC 6724).
    std::vector<Address> resolve(std::string_view host, Port port = {}, AddressFamily family = AddressFamily::any,
                                 Deadline deadline = never);

    // Returns a host's addresses, its canonical name and its aliases. getaddrinfo(3) and gethostbyname(3).
    // Throws: std::invalid_argument if both a port and a service are given.
    HostInfo look_up(std::string_view host, const LookupOptions& options = {}, Deadline deadline = never);

    // Returns the name of an address.
    // Throws: std::invalid_argument for an address that is not IPv4 or IPv6.
    std::string reverse(const Address& address, Deadline deadline = never);

    // Returns all names of an address. gethostbyaddr(3). A name that no host can have is DnsError::bad_answer.
    // Throws: as reverse().
    HostInfo look_up_address(const Address& address, Deadline deadline = never);

    // Returns the names of an address and its port, or both in digits where there is no name. getnameinfo(3). For a
    // Unix-domain address: this machine's name and the path.
    NameInfo name_info(const Address& address, const NameInfoOptions& options = {}, Deadline deadline = never);

    // Returns the fully qualified name of a host or an address, of this machine if it is empty: the first of its names
    // that has a dot; the host itself if it has none or cannot be found. As Python's socket.getfqdn().
    std::string full_name(std::string_view host = {}, Deadline deadline = never);

    // Asks for records of exactly this name; the search list and the hosts file do not count. Follows CNAMEs, unless
    // the type is cname or any. Names may have underscores and escapes, "_sip._udp.example.org", and be "." (the root).
    DnsAnswer query(std::string_view name, RecordType type, Deadline deadline = never);

    // The same for one kind of records: query<SrvRecord>("_sip._udp.example.org").
    template <TypedRecord T>
    std::vector<T> query(std::string_view name, Deadline deadline = never) {
        return query(name, T::type, deadline).template of<T>();
    }

    // The cache: zeros if it is off. Do not wait. Throw: WrongThread.
    DnsCacheStatistics cache_statistics() const;
    void clear_cache();

private:
    std::shared_ptr<NameService> service() const;  // a call keeps it, whatever becomes of the Resolver
    void require_here() const;

    std::shared_ptr<NameService> service_;
    std::uint64_t owner_;
};

// The same calls on Resolver::current().
std::vector<Address> resolve(std::string_view host, Port port = {}, AddressFamily family = AddressFamily::any,
                             Deadline deadline = never);
HostInfo look_up(std::string_view host, const LookupOptions& options = {}, Deadline deadline = never);
std::string reverse(const Address& address, Deadline deadline = never);
HostInfo look_up_address(const Address& address, Deadline deadline = never);
NameInfo name_info(const Address& address, const NameInfoOptions& options = {}, Deadline deadline = never);
std::string full_name(std::string_view host = {}, Deadline deadline = never);
DnsAnswer query(std::string_view name, RecordType type, Deadline deadline = never);
template <TypedRecord T>
std::vector<T> query(std::string_view name, Deadline deadline = never) {
    return Resolver::current().query<T>(name, deadline);
}

// Returns this machine's name, as the kernel has it: gethostname(2). Does not wait. Throws: std::system_error.
std::string host_name();

// Returns the name whose PTR records are an address's names: "1.2.0.192.in-addr.arpa" for 192.0.2.1. Does not wait.
// Throws: std::invalid_argument for an address that is not IPv4 or IPv6.
std::string reverse_name(const Address& address);

}  // namespace tendril
