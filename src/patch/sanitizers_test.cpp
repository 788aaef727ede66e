// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <string>

#include <tendril/patch/patch.hpp>

#include "base/sanitizers.hpp"

namespace {

using namespace tendril::patch;

#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
TEST(SanitizersAndThreads, ARuntimeInTheProcessIsRefused) {
    for (void (*const patch)() : {+[] { program(); }, +[] { all(); }, +[] { library("libcrypto"); }}) {
        try {
            patch();
            FAIL() << "no error";
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("sanitizer"), std::string::npos) << error.what();
        }
    }
}
#endif

}  // namespace
