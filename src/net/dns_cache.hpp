// SPDX-License-Identifier: MIT
//
// DnsCache: what name servers have answered, for as long as they allowed it, also "no" (RFC 2308). Keeps the messages
// as they came, the most recently used of them. Belongs to its Resolver's hub; reads no clock.

#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <tendril/dns.hpp>

namespace tendril::detail {

class DnsCache {
public:
    using Key = std::pair<std::string, RecordType>;  // the name in lower case

    // What the server said. A message that is larger than most_size is not kept.
    struct Entry {
        std::optional<DnsError> failure;  // not_found, no_record
        std::string wire;                 // if there is no failure
    };
    static constexpr std::size_t most_size = 4096;  // bytes

    // entries: the most that are kept; 0: nothing is.
    explicit DnsCache(std::size_t entries) : most_(entries) {}

    // Returns the entry, if there is one that may still be used, and how long ago it was put. Counts a hit or a miss.
    // The pointer holds until the next call.
    std::pair<const Entry*, std::chrono::seconds> find(const Key& key, std::int64_t now_ns);

    // Puts an entry, in place of one of the same key. ttl: how long it may be used; zero or less: not at all. Drops the
    // entry that was not used for longest, if there are too many.
    void put(const Key& key, Entry entry, std::chrono::seconds ttl, std::int64_t now_ns);

    void clear() noexcept;
    DnsCacheStatistics statistics() const noexcept;

private:
    struct Kept {
        Key key;
        Entry entry;
        std::int64_t put_ns;
        std::int64_t until_ns;
    };
    using Order = std::list<Kept>;
    void drop(std::map<Key, Order::iterator>::iterator at) noexcept;

    std::size_t most_;
    Order order_;  // the most recently used first
    std::map<Key, Order::iterator> entries_;
    DnsCacheStatistics counts_;  // without `entries`
};

}  // namespace tendril::detail
