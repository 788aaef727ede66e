// SPDX-License-Identifier: MIT

#include "hub/run_queue.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include <tendril/detail/hub/yield_here.hpp>

namespace tendril {
namespace {

#if defined(__x86_64__) && defined(__OPTIMIZE__)

// A function that only prefetches has no effect that a compiler knows of, and GCC once dropped all calls of it: ten
// thousand sleepers took up to half as long again, and nothing else showed it. So this reads the code itself.
int prefetches_in(const void* function) {
    unsigned char code[320];  // those that are asked about are about as long, and not the last of their library
    std::memcpy(code, function, sizeof code);
    int prefetches = 0;
    for (std::size_t i = 0; i + 2 < sizeof code; ++i) {
        const bool prefetcht0 = code[i] == 0x0f && code[i + 1] == 0x18 && (code[i + 2] >> 3 & 7) == 1;
        prefetches += prefetcht0 ? 1 : 0;
    }
    return prefetches;
}

TEST(RunQueue, AYieldFetchesTheNextOnes) {
    EXPECT_GE(prefetches_in(reinterpret_cast<const void*>(&tendril_yield)), 1);
#if !defined(__clang__) && !defined(TENDRIL_USE_BOOST_CONTEXT)
    EXPECT_GE(prefetches_in(reinterpret_cast<const void*>(&tendril_begin_yield)), 1);
#endif
}

#endif

}  // namespace
}  // namespace tendril
