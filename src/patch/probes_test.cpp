// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <tendril/patch/report.hpp>

#include "green_test.hpp"
#include "patch/hooks.hpp"

namespace tendril::patch {
namespace {

bool has_hooks(Class of) {
    const auto areas = detail::all_hooks();
    return std::any_of(areas.begin(), areas.end(), [of](const detail::Hooks& area) {
        return std::any_of(area.begin(), area.end(), [of](const detail::Hook& hook) { return hook.of == of; });
    });
}

TENDRIL_TEST(SelfTest, EachClassThatHasHooksPasses) {
    const std::vector<SelfTest> results = self_test();
    EXPECT_EQ(results.size(), 8U);
    for (const SelfTest& result : results) {
        EXPECT_EQ(result.passed, has_hooks(result.of)) << to_string(result.of) << ": " << result.why;
        EXPECT_EQ(result.passed, result.why.empty());
    }
    EXPECT_NE(to_string(results).find("io: passed\n"), std::string::npos);
}

}  // namespace
}  // namespace tendril::patch
