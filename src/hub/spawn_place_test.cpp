// SPDX-License-Identifier: MIT
//
// The place that a green thread names as its spawner's is that of the call, wherever its options were made.

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/spawn_after_local.hpp>

#include "green_test.hpp"

namespace tendril {
namespace {

// How each begins: `at` is what the green thread says, `line` the call's.
void expect_place(const Site& at, int line) {
    EXPECT_EQ(at.line, line);
    EXPECT_EQ(std::string_view(at.file), std::string_view(__FILE__));
}

SpawnOptions made_elsewhere() {
    SpawnOptions options;
    options.name = "elsewhere";
    return options;
}

TENDRIL_TEST(SpawnPlace, IsTheCallOfABracedList) {
    expect_place(spawn({.name = "x"}, [] {}).where(), __LINE__);
    expect_place(spawn({}, [] {}).where(), __LINE__);
    expect_place(spawn(SpawnOptions{.name = "x"}, [] {}).where(), __LINE__);
    expect_place(spawn(SpawnOptions(), [] {}).where(), __LINE__);
    expect_place(spawn([] {}).where(), __LINE__);
}

TENDRIL_TEST(SpawnPlace, IsTheCallForOptionsThatWereMadeBefore) {
    SpawnOptions variable;
    variable.name = "x";
    const SpawnOptions constant{.name = "x"};
    const std::vector<SpawnOptions> several(2);
    struct Member {
        SpawnOptions options;
    } const member;
    expect_place(spawn(variable, [] {}).where(), __LINE__);
    expect_place(spawn(constant, [] {}).where(), __LINE__);
    expect_place(spawn(std::move(variable), [] {}).where(), __LINE__);
    expect_place(spawn(several[1], [] {}).where(), __LINE__);
    expect_place(spawn(member.options, [] {}).where(), __LINE__);
    expect_place(spawn(made_elsewhere(), [] {}).where(), __LINE__);
}

TENDRIL_TEST(SpawnPlace, IsTheCallWhateverItsArguments) {
    const SpawnOptions constant{.name = "x"};
    const auto take_all = [](int, int, int, int, int) {};
    expect_place(spawn(constant, take_all, 1, 2, 3, 4, 5).where(), __LINE__);
    expect_place(spawn({.name = "x"}, take_all, 1, 2, 3, 4, 5).where(), __LINE__);
    Site alone;
    spawn_n(constant, [&alone] { alone = current().where(); });
    const int line = __LINE__ - 1;
    yield();
    expect_place(alone, line);
}

TENDRIL_TEST(SpawnPlace, IsTheCallOfASpawnThatWaits) {
    const SpawnOptions constant{.name = "x"};
    const Deadline soon = Deadline::Clock::now();
    const auto place = [](const AnyGreenlet& spawned) {
        spawned.cancel();
        return spawned.where();
    };
    expect_place(place(spawn_after(constant, soon, [] {})), __LINE__);
    expect_place(place(spawn_after({.name = "x"}, soon, [] {})), __LINE__);
    expect_place(place(spawn_after_local(constant, soon, [] {})), __LINE__);
    expect_place(place(spawn_after_local({.name = "x"}, soon, [] {})), __LINE__);
}

TENDRIL_TEST(SpawnPlace, IsWhatTheOptionsSay) {
    const Site here = Site::here();
    const SpawnOptions options{.where = here};
    expect_place(spawn(options, [] {}).where(), here.line);
    expect_place(spawn({.where = here}, [] {}).where(), here.line);
    EXPECT_EQ(made_elsewhere().where.line, 0) << "never a line of a header";
    EXPECT_EQ(ContextOptions().where.line, 0);
}

}  // namespace
}  // namespace tendril
