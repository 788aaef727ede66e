// SPDX-License-Identifier: MIT
//
// As src/hub/spawn_place_test.cpp: the green threads of a Group, a Pool and a Pile name the place of the call.

#include <algorithm>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tendril/group.hpp>
#include <tendril/pile.hpp>
#include <tendril/pool.hpp>

#include "green_test.hpp"

namespace tendril {
namespace {

void expect_place(const Site& at, int line) {
    EXPECT_EQ(at.line, line);
    EXPECT_EQ(std::string_view(at.file), std::string_view(__FILE__));
}

TENDRIL_TEST(SpawnPlaceInAPool, IsTheCall) {
    SpawnOptions options;
    options.name = "x";
    Pool pool(10);
    expect_place(pool.spawn(options, [] {}).where(), __LINE__);
    expect_place(pool.spawn({.name = "x"}, [] {}).where(), __LINE__);
    expect_place(pool.try_spawn(options, [] {})->where(), __LINE__);
    expect_place(pool.try_spawn({.name = "x"}, [] {})->where(), __LINE__);
    pool.join();
    pool.spawn_n(options, [] {});
    expect_place(pool.members().front().where(), __LINE__ - 1);
    pool.join();
}

TENDRIL_TEST(SpawnPlaceInAPool, IsTheCallOfAPile) {
    SpawnOptions options;
    options.name = "x";
    Pool pool(10);
    Pile<int> pile(pool);
    pile.spawn(options, [] { return 1; });
    expect_place(pool.members().front().where(), __LINE__ - 1);
    pile.spawn({.name = "x"}, [] { return 1; });
    expect_place(pool.members().back().where(), __LINE__ - 1);
}

TENDRIL_TEST(SpawnPlaceInAPool, IsTheCallOfAnImap) {
    ImapOptions options;
    options.window = 1;
    const std::vector<int> input{1};
    Group group;
    const auto place = [](int) { return current().where(); };
    const auto first = [](auto&& results) { return *results.begin(); };
    expect_place(first(group.imap(options, place, input)), __LINE__);
    expect_place(first(group.imap({.window = 1}, place, input)), __LINE__);
    expect_place(first(group.imap_unordered(options, place, input)), __LINE__);
}

}  // namespace
}  // namespace tendril
