// SPDX-License-Identifier: MIT

#include "net/dns_cache.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace tendril::detail {
namespace {

constexpr std::int64_t second = 1'000'000'000;

DnsCache::Key key(const std::string& name) {
    return {name, RecordType::a};
}

TEST(DnsCache, KeepsAnAnswerForItsTime) {
    DnsCache cache(10);
    cache.put(key("a"), {{}, "wire"}, 5s, 100 * second);
    cache.put(key("no"), {DnsError::not_found, {}}, 3s, 100 * second);
    const auto [found, age] = cache.find(key("a"), 104 * second);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->wire, "wire");
    EXPECT_EQ(age, 4s);
    EXPECT_EQ(cache.find(key("no"), 102 * second).first->failure, DnsError::not_found);
    EXPECT_EQ(cache.find({"a", RecordType::mx}, 101 * second).first, nullptr);
    EXPECT_EQ(cache.find(key("a"), 105 * second).first, nullptr);
    EXPECT_EQ(cache.find(key("no"), 103 * second).first, nullptr);
    EXPECT_EQ(cache.statistics().entries, 0u);
    EXPECT_EQ(cache.statistics().hits, 2u);
    EXPECT_EQ(cache.statistics().misses, 3u);
}

TEST(DnsCache, DropsWhatWasNotUsedForLongest) {
    DnsCache cache(2);
    cache.put(key("a"), {{}, "1"}, 60s, 0);
    cache.put(key("b"), {{}, "2"}, 60s, 0);
    EXPECT_NE(cache.find(key("a"), 1).first, nullptr);
    cache.put(key("c"), {{}, "3"}, 60s, 2);
    EXPECT_EQ(cache.find(key("b"), 3).first, nullptr);
    EXPECT_NE(cache.find(key("a"), 3).first, nullptr);
    cache.put(key("a"), {{}, "4"}, 60s, 4);
    EXPECT_EQ(cache.find(key("a"), 5).first->wire, "4");
    EXPECT_EQ(cache.statistics().entries, 2u);
    EXPECT_EQ(cache.statistics().evictions, 1u);
    cache.clear();
    EXPECT_EQ(cache.statistics().entries, 0u);
    EXPECT_EQ(cache.find(key("a"), 6).first, nullptr);
}

TEST(DnsCache, KeepsNeitherTheLargeNorTheShortLived) {
    DnsCache cache(2);
    cache.put(key("large"), {{}, std::string(DnsCache::most_size + 1, 'x')}, 60s, 0);
    cache.put(key("zero"), {{}, "1"}, 0s, 0);
    cache.put(key("a"), {{}, "1"}, 60s, 0);
    cache.put(key("a"), {{}, "1"}, 0s, 0);
    EXPECT_EQ(cache.statistics().entries, 0u);
    DnsCache off(0);
    off.put(key("a"), {{}, "1"}, 60s, 0);
    EXPECT_EQ(off.find(key("a"), 0).first, nullptr);
    EXPECT_EQ(off.statistics().misses, 0u);
}

}  // namespace
}  // namespace tendril::detail
