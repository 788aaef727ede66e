// SPDX-License-Identifier: MIT

#include "http/message/spare_blocks.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using Blocks = tendril::http::detail::SpareBlocks<100, 2>;

// The sanitizer reports blocks that are not freed.
TEST(SpareBlocks, GivesTheHotOneAgainAndKeepsNoMoreThanItsBound) {
    std::thread([] {
        void* const a = Blocks::allocate();
        void* const b = Blocks::allocate();
        void* const c = Blocks::allocate();
        Blocks::free(c);
        Blocks::free(a);
        Blocks::free(b);
        EXPECT_EQ(Blocks::allocate(), a);
        EXPECT_EQ(Blocks::allocate(), c);
        Blocks::free(a);
        Blocks::free(c);
    }).join();
}

TEST(SpareBlocks, TakesBackWhatIsFreedAtTheEndOfTheThread) {
    struct Late {
        void* block = nullptr;
        ~Late() { Blocks::free(block); }
    };
    std::thread([] {
        static thread_local Late late;  // made before the list, so destroyed after it
        late.block = Blocks::allocate();
    }).join();
}

}  // namespace
