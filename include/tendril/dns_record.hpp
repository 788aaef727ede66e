// SPDX-License-Identifier: MIT
// Floor: net
//
// What the DNS knows of a name, besides addresses: typed records, for query() in dns.hpp. Plain values, which any OS
// thread may use.
//
//     for (const MxRecord& mx : query<MxRecord>("example.org")) ...             the records alone
//     DnsAnswer answer = query("example.org", RecordType::txt);                 with their names and times to live
//
// Names are text as in RFC 1035, 5.1, without the final dot: "example.org". A dot or a backslash inside a label has a
// backslash before it, and a byte that is not printable ASCII is \DDD, so a hostile name cannot hide a newline or a
// zero byte. They are as the server sent them, in its letter case; compare them without regard to case.

#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tendril/address.hpp>

namespace tendril {

// A type of records, by its number in the DNS. Any other number will do: RecordType{65}.
enum class RecordType : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33,
    naptr = 35,
    ds = 43,
    sshfp = 44,
    dnskey = 48,
    tlsa = 52,
    svcb = 64,
    https = 65,
    any = 255,  // whatever the server chooses to tell (RFC 8482)
    uri = 256,
    caa = 257,
};

// An address of a host. Its port is 0.
struct ARecord {
    static constexpr RecordType type = RecordType::a;  // its number
    Address address;                                   // its port is 0
};
// An IPv6 address of a host. Its port is 0.
struct AaaaRecord {
    static constexpr RecordType type = RecordType::aaaa;  // its number
    Address address;                                      // its port is 0
};

// A server that is responsible for the zone (RFC 1035, 3.3.11). Its addresses are to be looked up.
struct NsRecord {
    static constexpr RecordType type = RecordType::ns;  // its number
    std::string host;                                   // the server's name
};

// The name that this one stands for (RFC 1035, 3.3.1). Queries for other types follow it: DnsAnswer::aliases.
struct CnameRecord {
    static constexpr RecordType type = RecordType::cname;  // its number
    std::string host;                                      // the name it stands for
};

// The host name of an address; asked for by reverse_name() in dns.hpp.
struct PtrRecord {
    static constexpr RecordType type = RecordType::ptr;  // its number
    std::string host;                                    // the host's name
};

// Where mail for the name goes: to the host of the lowest preference first (RFC 5321, 5.1). "" takes none (RFC 7505).
struct MxRecord {
    static constexpr RecordType type = RecordType::mx;  // its number
    std::uint16_t preference = 0;                       // the lowest first
    std::string host;                                   // the mail server's name
};

// Text: any bytes, as the strings of at most 255 bytes that the record consists of. SPF, DKIM and their like mean all
// of them in a row: joined().
struct TxtRecord {
    static constexpr RecordType type = RecordType::txt;  // its number
    std::vector<std::string> strings;                    // as they came
    std::string joined() const;                          // all strings in a row, without anything between them
};

// Where a service runs: try the lowest priority first, and among equals each with the probability that its weight
// says (RFC 2782). A host of "" says that there is no such service.
struct SrvRecord {
    static constexpr RecordType type = RecordType::srv;  // its number
    std::uint16_t priority = 0;                          // the lowest first
    std::uint16_t weight = 0;                            // 0 to 65535; how often this one among equals
    std::uint16_t port = 0;                              // of the service
    std::string host;                                    // where it runs; "": nowhere
};

// The zone's own data (RFC 1035, 3.3.13; RFC 2308 for `minimum`: how long a "no" may be kept).
//   serial   grows with each change of the zone, modulo 2^32 (RFC 1982)
//   refresh  how often its other servers look for a change
//   retry    how long they wait if that fails
//   expire   how long they go on answering then
struct SoaRecord {
    static constexpr RecordType type = RecordType::soa;  // its number
    std::string server;                                  // the zone's first
    std::string responsible;                             // a mail address, with a dot for its @
    std::uint32_t serial = 0;
    std::chrono::seconds refresh{0};
    std::chrono::seconds retry{0};
    std::chrono::seconds expire{0};
    std::chrono::seconds minimum{0};  // how long a "no" may be kept
};

// A rule that rewrites a name (RFC 3403): the lowest order first, among equals the lowest preference. `flags` says what
// comes next: "s" a query for SRV, "a" one for addresses, "u" a URI made by `regexp`, "" another rule. The texts are
// any bytes.
struct NaptrRecord {
    static constexpr RecordType type = RecordType::naptr;  // its number
    std::uint16_t order = 0;                               // the lowest first
    std::uint16_t preference = 0;                          // the lowest first among equals
    std::string flags;                                     // what comes next
    std::string services;                                  // which services it leads to
    std::string regexp;                                    // a rule of sed: s/this/that/
    std::string replacement;                               // a name; "": regexp counts
};

// A URI of the name (RFC 7553); priority and weight as in SrvRecord. The target is any bytes.
struct UriRecord {
    static constexpr RecordType type = RecordType::uri;  // its number
    std::uint16_t priority = 0;                          // the lowest first
    std::uint16_t weight = 0;                            // how often this one among equals
    std::string target;                                  // the URI
};

// Which certificate authorities may issue for the name (RFC 8659): tag "issue", value "ca.example". The value is any
// bytes.
struct CaaRecord {
    static constexpr RecordType type = RecordType::caa;  // its number
    bool critical = false;                               // an authority that does not know the tag must not issue
    std::string tag;                                     // "issue", "issuewild", "iodef", ..
    std::string value;                                   // whose meaning depends on the tag
};

// The certificate that a TLS server of this name has (RFC 6698), asked for as "_443._tcp.example.org". Trust it only if
// DnsAnswer::authenticated, and the way to the name server is safe.
//   usage     0 to 3: a CA or the server's own certificate, with the usual verification (0, 1) or without (2, 3)
//   selector  0: the whole certificate; 1: its public key
//   matching  0: `data` is that itself; 1: its SHA-256; 2: its SHA-512
struct TlsaRecord {
    static constexpr RecordType type = RecordType::tlsa;  // its number
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching = 0;
    std::string data;  // bytes
};

// A record of any other type: its bytes as they came (RFC 3597).
struct RawRecord {
    std::string data;  // any bytes
};

// What a record says, by its type.
using RecordData = std::variant<RawRecord, ARecord, AaaaRecord, NsRecord, CnameRecord, PtrRecord, MxRecord, TxtRecord,
                                SrvRecord, SoaRecord, NaptrRecord, UriRecord, CaaRecord, TlsaRecord>;

// A type of records that query<T>() can return: all of the above but RawRecord.
template <class T>
concept TypedRecord = requires(RecordData data) {
    { T::type } -> std::convertible_to<RecordType>;
    std::get<T>(data);
};

// A record of a query's answer.
struct DnsRecord {
    std::string name;                // whose record it is
    RecordType type = RecordType{};  // the alternative of `data`, or any number with a RawRecord
    std::chrono::seconds ttl{0};     // how long it may be kept, from now on
    RecordData data;                 // what it says
};

// What query() returns.
struct DnsAnswer {
    std::string name;                  // the one that has the records: where the CNAMEs lead from the name asked for
    std::vector<std::string> aliases;  // the names on the way, beginning with the name asked for; empty: it has none
    std::vector<DnsRecord> records;    // of the type asked for, at least one, in the server's order
    std::chrono::seconds ttl{0};       // the least of the records' and the aliases'
    bool authenticated = false;        // the server says that it has verified all by DNSSEC (AD, RFC 4035, 3.2.3)
    bool cached = false;               // from the Resolver's cache

    // Returns the records of one kind, without their names and times.
    template <TypedRecord T>
    std::vector<T> of() const {
        std::vector<T> found;
        for (const DnsRecord& each : records) {
            if (const T* data = std::get_if<T>(&each.data)) {
                found.push_back(*data);
            }
        }
        return found;
    }
};

// Returns the name of a type, "MX"; "TYPE65400" for one that has no name here.
std::string to_string(RecordType type);

// Returns the type of a name in any letter case, "mx" or "TYPE65400".
// Throws: std::invalid_argument that quotes the text.
RecordType record_type(std::string_view name);

}  // namespace tendril
