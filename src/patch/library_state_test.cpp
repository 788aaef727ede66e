// SPDX-License-Identifier: MIT
//
// What a library keeps for each thread, with the classes that patch::library() has by default. Its locks let other
// green threads run, also where they need not wait.

#ifdef __x86_64__

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>

#include "green_test.hpp"
#include "patch/test_library.hpp"

namespace tendril::patch {
namespace {

TENDRIL_TEST(PatchedLibrary, StateIsEachGreenThreadsOwnThoughLocksLetOthersRun) {
    const testing::Library object("keeps_state");
    const auto state_stays = object.function<int (*)(const void*, int)>("state_stays");
    patch::library(testing::library_path("keeps_state"));
    constexpr int locks = 10'000;
    int under_way = 0;
    int most = 0;
    const char states[3] = {};
    std::vector<Greenlet<int>> users;
    for (int i = 0; i < 3; ++i) {
        users.push_back(spawn([&, i] {
            most = std::max(most, ++under_way);
            const int stayed = state_stays(&states[i], locks);
            --under_way;
            return stayed;
        }));
    }
    for (const Greenlet<int>& each : users) {
        EXPECT_EQ(each.get(), 1);
    }
    EXPECT_GT(most, 1) << "others ran meanwhile";
    unpatch();
}

}  // namespace
}  // namespace tendril::patch

#endif
