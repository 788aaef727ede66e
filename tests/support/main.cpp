// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <cstdlib>

int main(int argc, char** argv) {
    ::setenv("TENDRIL_BLOCKING_WATCH", "0", 0);  // a busy machine holds up hubs too; the watch's own tests turn it on
    ::testing::InitGoogleTest(&argc, argv);
#ifdef TENDRIL_TEST_UNDER_EMULATOR
    GTEST_FLAG_SET(death_test_style, "fast");  // an emulated process cannot start itself again
#else
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // crash tests run in a fresh process
#endif
    return RUN_ALL_TESTS();
}
