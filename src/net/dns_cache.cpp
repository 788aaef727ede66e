// SPDX-License-Identifier: MIT

#include "net/dns_cache.hpp"

namespace tendril::detail {

std::pair<const DnsCache::Entry*, std::chrono::seconds> DnsCache::find(const Key& key, std::int64_t now_ns) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) {
        counts_.misses += most_ > 0 ? 1 : 0;
        return {nullptr, {}};
    }
    if (at->second->until_ns <= now_ns) {
        drop(at);
        ++counts_.misses;
        return {nullptr, {}};
    }
    order_.splice(order_.begin(), order_, at->second);
    ++counts_.hits;
    const auto age = std::chrono::nanoseconds(now_ns - at->second->put_ns);
    return {&at->second->entry, std::chrono::duration_cast<std::chrono::seconds>(age)};
}

void DnsCache::put(const Key& key, Entry entry, std::chrono::seconds ttl, std::int64_t now_ns) {
    if (const auto at = entries_.find(key); at != entries_.end()) {
        drop(at);
    }
    if (most_ == 0 || ttl.count() <= 0 || entry.wire.size() > most_size) {
        return;
    }
    while (entries_.size() >= most_) {
        drop(entries_.find(order_.back().key));
        ++counts_.evictions;
    }
    entry.wire.shrink_to_fit();
    order_.push_front({key, std::move(entry), now_ns, now_ns + std::chrono::nanoseconds(ttl).count()});
    try {
        entries_.emplace(key, order_.begin());
    } catch (...) {
        order_.pop_front();
        throw;
    }
}

void DnsCache::drop(std::map<Key, Order::iterator>::iterator at) noexcept {
    order_.erase(at->second);
    entries_.erase(at);
}

void DnsCache::clear() noexcept {
    entries_.clear();
    order_.clear();
}

DnsCacheStatistics DnsCache::statistics() const noexcept {
    DnsCacheStatistics now = counts_;
    now.entries = entries_.size();
    return now;
}

}  // namespace tendril::detail
