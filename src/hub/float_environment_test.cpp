// SPDX-License-Identifier: MIT

#include <tendril/float_environment.hpp>

#include "context/flow.hpp"

#if defined(__x86_64__) && defined(TENDRIL_SWITCH_OURS)

#include <xmmintrin.h>

#include <any>
#include <cfenv>
#include <chrono>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

#include "green_test.hpp"

namespace tendril {
namespace {

bool flushes() {
    return (_mm_getcsr() & _MM_FLUSH_ZERO_MASK) != 0;
}

// valgrind knows no such bit.
bool can_flush() {
    const unsigned before = _mm_getcsr();
    _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
    const bool can = flushes();
    _mm_setcsr(before);
    return can;
}

TENDRIL_TEST(FloatEnvironments, WhatIsSetInMxcsrStaysWithTheGreenThread) {
    if (!can_flush()) {
        GTEST_SKIP() << "not on this processor";
    }
    auto filter = spawn([] {
        const FloatEnvironment own;
        _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
        for (int i = 0; i < 3; ++i) {
            yield();
            EXPECT_TRUE(flushes());
        }
        sleep(std::chrono::milliseconds(1));
        EXPECT_TRUE(flushes());
    });
    auto other = spawn([] {
        for (int i = 0; i < 5; ++i) {
            EXPECT_FALSE(flushes());
            yield();
        }
    });
    yield();
    EXPECT_FALSE(flushes());
    filter.join();
    EXPECT_FALSE(flushes());
    other.join();
}

TENDRIL_TEST(FloatEnvironments, EndsWithTheOutermostScope) {
    if (!can_flush()) {
        GTEST_SKIP() << "not on this processor";
    }
    {
        const FloatEnvironment own;
        _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
        std::fesetround(FE_UPWARD);
        {
            const FloatEnvironment again;
            EXPECT_TRUE(flushes());
        }
        EXPECT_TRUE(flushes());
        yield();
        EXPECT_TRUE(flushes());
    }
    EXPECT_FALSE(flushes());
    EXPECT_EQ(std::fegetround(), FE_UPWARD);  // the C library's is the green thread's own in any case
    EXPECT_EQ(_MM_GET_ROUNDING_MODE(), static_cast<unsigned>(_MM_ROUND_UP));
    yield();
    EXPECT_EQ(_MM_GET_ROUNDING_MODE(), static_cast<unsigned>(_MM_ROUND_UP));
    std::fesetround(FE_TONEAREST);
}

// One that is spawned meanwhile has the same, and may end with it, or by a kill before it has begun.
TENDRIL_TEST(FloatEnvironments, AGreenThreadTakesOverItsMakers) {
    if (!can_flush()) {
        GTEST_SKIP() << "not on this processor";
    }
    Greenlet<void> inner;
    Greenlet<void> killed;
    {
        const FloatEnvironment own;
        _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
        inner = spawn([] {
            EXPECT_TRUE(flushes());
            yield();
            EXPECT_TRUE(flushes());
        });
        killed = spawn([] {});
    }
    EXPECT_FALSE(flushes());
    killed.kill();
    EXPECT_FALSE(flushes());
    inner.join();
    EXPECT_FALSE(flushes());
    EXPECT_FALSE(spawn(flushes).get());
}

TENDRIL_TEST(FloatEnvironments, RawContextsHaveTheirOwnUnasked) {
    if (!can_flush()) {
        GTEST_SKIP() << "not on this processor";
    }
    Context context([](std::any) {
        _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
        current_context().parent().switch_to();
        EXPECT_TRUE(flushes());
        return std::any();
    });
    context.switch_to();
    EXPECT_FALSE(flushes());
    context.switch_to();
    EXPECT_FALSE(flushes());
}

}  // namespace
}  // namespace tendril

#endif
