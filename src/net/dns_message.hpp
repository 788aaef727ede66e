// SPDX-License-Identifier: MIT
//
// The wire form of the DNS (RFC 1035, 4): reads a server's message into records, and finds the answer in it. Pure;
// trusts nothing: a message of n bytes costs time and memory in proportion to n, whatever is in it.
//
// Names are decoded here, not by c-ares 1.18.1, which has no limit on their length: a message of 64 KiB may refer
// thousands of times to a name of a megabyte. Its parsers also lose the times to live, the owners' names and what they
// don't know.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/dns.hpp>

namespace tendril::detail {

struct DnsMessage {
    std::vector<DnsRecord> answers;
    std::optional<std::chrono::seconds> keep_no;  // how long a "no" may be kept (RFC 2308): only if a SOA says it
    bool authenticated = false;
};

// Returns nothing for a message that is cut off, or broken in any other way.
std::optional<DnsMessage> read_dns_message(std::string_view wire);

// What a message says of a name.
struct DnsVerdict {
    std::optional<DnsError> failure;  // no_record, or bad_answer for CNAMEs that never end
    DnsAnswer answer;                 // if there is no failure; otherwise its ttl is that of the CNAMEs, or the longest
};

// Follows the CNAMEs within the message, sixteen at most, and takes the records of that type at their end.
DnsVerdict find_answer(DnsMessage&& message, std::string_view name, RecordType type);

// Reads a name as a user writes it, with escapes, and perhaps with a final dot. Returns nothing if it has an empty
// label, one above 63 bytes, more than 253 bytes in all, or a zero byte.
struct DnsName {
    std::string text;   // as in DnsRecord, in lower case
    std::string query;  // as ares_query() takes it
};
std::optional<DnsName> read_dns_name(std::string_view text);

// Whether the two names, as in DnsRecord, are the same. ASCII's letter case does not matter, and the program's locale
// does not either: strcasecmp(3) holds "I" and "i" for different letters in a Turkish one.
bool same_name(std::string_view a, std::string_view b) noexcept;

// Whether a host can have this name: letters, digits, "-", "_" and dots. A server may send anything, and users put it
// into logs, commands and pages (CVE-2021-3672).
bool is_host_name(std::string_view name) noexcept;

}  // namespace tendril::detail
