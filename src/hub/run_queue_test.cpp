// SPDX-License-Identifier: MIT

#include "hub/run_queue.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include <tendril/greenlet.hpp>

namespace tendril {
namespace {

#if defined(__x86_64__) && defined(__OPTIMIZE__)

// A function that only prefetches has no effect that a compiler knows of, and GCC once dropped all calls of it: ten
// thousand sleepers took up to half as long again, and nothing else showed it. So this reads the code itself.
TEST(RunQueue, AYieldFetchesTheNextOnes) {
    void (*const yield_itself)() = &tendril::yield;
    unsigned char code[320];  // the function is longer
    std::memcpy(code, reinterpret_cast<const void*>(yield_itself), sizeof code);
    int prefetches = 0;
    for (std::size_t i = 0; i + 2 < sizeof code; ++i) {
        const bool prefetcht0 = code[i] == 0x0f && code[i + 1] == 0x18 && (code[i + 2] >> 3 & 7) == 1;
        prefetches += prefetcht0 ? 1 : 0;
    }
    EXPECT_GE(prefetches, 1);
}

#endif

}  // namespace
}  // namespace tendril
