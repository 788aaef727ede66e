// SPDX-License-Identifier: MIT

#include "net/search_list.hpp"

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

using Names = std::vector<std::string>;

// Returns all names that are tried if each lookup fails like this.
Names walk(SearchList& list, std::vector<DnsError> failures = {}) {
    Names all;
    while (std::optional<std::string> name = list.next()) {
        const DnsError how = all.size() < failures.size() ? failures[all.size()] : DnsError::not_found;
        all.push_back(*std::move(name));
        list.failed(how);
    }
    return all;
}

Names walk(std::string_view host, const Names& domains, int dots = 1) {
    SearchList list(host, domains, dots);
    return walk(list);
}

TEST(SearchList, TriesNamesInTheOrderOfResolvConf) {
    EXPECT_EQ(walk("db", {"a.test", "b.test"}), (Names{"db.a.test", "db.b.test", "db"}));
    EXPECT_EQ(walk("db.x", {"a.test"}), (Names{"db.x", "db.x.a.test"}));
    EXPECT_EQ(walk("db.x", {"a.test"}, 2), (Names{"db.x.a.test", "db.x"}));
    EXPECT_EQ(walk("db.", {"a.test"}), (Names{"db"}));
    EXPECT_EQ(walk("db", {"a.test"}, 0), (Names{"db", "db.a.test"}));
    EXPECT_EQ(walk("db", {}), (Names{"db"}));
    EXPECT_EQ(walk(std::string("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.x"), {"a.test"}, 99).front(),
              "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.x")
        << "more than 15 dots do not count";
}

TEST(SearchList, TheRootIsADomainLikeAnother) {
    EXPECT_EQ(walk("db", {"."}), (Names{"db"}));
    EXPECT_EQ(walk("db", {"a.test", ".", "b.test"}), (Names{"db.a.test", "db", "db.b.test"}));
    EXPECT_EQ(walk("db.x", {"."}), (Names{"db.x"}));
    EXPECT_EQ(walk("db", {".a.test", "b.test."}), (Names{"db.a.test", "db.b.test", "db"}));
}

TEST(SearchList, WhatIsTooLongWithADomainIsTriedWithoutIt) {
    std::string host = std::string(63, 'a') + '.' + std::string(63, 'b') + '.' + std::string(63, 'c');
    EXPECT_EQ(walk(host, {std::string(63, 'd'), "e"}, 9), (Names{host + ".e", host}));
}

TEST(SearchList, SomeFailuresConcernOneNameAlone) {
    using enum DnsError;
    const Names domains{"a.test", "b.test"};
    for (const DnsError passing : {not_found, no_address, server_failure}) {
        SearchList list("db", domains, 1);
        EXPECT_EQ(walk(list, {passing}), (Names{"db.a.test", "db.b.test", "db"}));
        EXPECT_EQ(list.failure(), passing);
    }
    for (const DnsError ending : {no_answer, bad_answer, other}) {
        SearchList list("db", domains, 1);
        EXPECT_EQ(walk(list, {ending}), (Names{"db.a.test", "db"}));
    }
    SearchList first("db.x", domains, 1);
    walk(first, {server_failure, no_address});
    EXPECT_EQ(first.failure(), server_failure) << "the error of the host without a domain, which was tried first";
}

}  // namespace
}  // namespace tendril::detail
