// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // crash tests run in a fresh process
    return RUN_ALL_TESTS();
}
