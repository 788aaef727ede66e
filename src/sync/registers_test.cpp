// SPDX-License-Identifier: MIT
//
// What the compiler keeps in registers survives a switch, whichever registers these are: it was told that a switch
// leaves none of them alone. The preset `lto` is where it has most reason to try.

#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

#include <cfenv>

#include "green_test.hpp"

namespace tendril {
namespace {

constexpr int rounds = 200;

// The same with and without switches in between.
[[gnu::noinline]] long double extended(long double a, long double b, bool switches) {
    long double x = a * b + 1;
    long double y = a - b;
    long double z = a / b;
    for (int i = 0; i < rounds; ++i) {
        if (switches) {
            yield();
        }
        x += y;
        y *= 1.0000001L;
        z += x;
    }
    return x + y + z;
}

TENDRIL_TEST(Registers, LongDoublesSurviveAYield) {
    auto first = spawn([] { return extended(3, 7, true); });
    auto second = spawn([] { return extended(2.5L, 9, true); });
    EXPECT_EQ(first.get(), extended(3, 7, false));
    EXPECT_EQ(second.get(), extended(2.5L, 9, false));
}

[[gnu::noinline]] long double extended_and_queue(long double a, Queue<int>& in, Queue<int>& out) {
    long double x = a;
    for (int i = 0; i < rounds; ++i) {
        out.put(i);
        x = x * 1.0000001L + in.get();
    }
    return x;
}

TENDRIL_TEST(Registers, LongDoublesSurviveAWaitInTheCallersFrame) {
    Queue<int> ping(1);
    Queue<int> pong(1);
    auto first = spawn([&] { return extended_and_queue(3, ping, pong); });
    auto second = spawn([&] { return extended_and_queue(5, pong, ping); });
    const auto expected = [](long double x) {
        for (int i = 0; i < rounds; ++i) {
            x = x * 1.0000001L + i;
        }
        return x;
    };
    EXPECT_EQ(first.get(), expected(3));
    EXPECT_EQ(second.get(), expected(5));
}

#ifdef __x86_64__

using Eight [[gnu::vector_size(64)]] = double;

// Sixteen vectors that live across the waits, in a function for a larger processor than the rest is compiled for.
[[gnu::noinline, gnu::target("avx512f")]] double wide(double seed, Queue<int>* in, Queue<int>* out) {
    Eight all[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
        all[i] = Eight{1, 2, 3, 4, 5, 6, 7, 8} * (seed + i);
    }
    for (int round = 0; round < rounds; ++round) {
        if (in != nullptr) {
            out->put(round);
            in->get();
            yield();
        }
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
            all[i] = all[i] * 0.5 + all[(i + 1) % 16];
        }
    }
    double sum = 0;
    for (const Eight& each : all) {
        for (int i = 0; i < 8; ++i) {
            sum += each[i];
        }
    }
    return sum;
}

TENDRIL_TEST(Registers, WideVectorsSurviveInFunctionsForAnotherProcessor) {
    if (!__builtin_cpu_supports("avx512f")) {
        GTEST_SKIP() << "this processor has no AVX-512";
    }
    Queue<int> ping(1);
    Queue<int> pong(1);
    auto first = spawn([&] { return wide(3, &ping, &pong); });
    auto second = spawn([&] { return wide(0.25, &pong, &ping); });
    EXPECT_EQ(first.get(), wide(3, nullptr, nullptr));
    EXPECT_EQ(second.get(), wide(0.25, nullptr, nullptr));
}

#endif

// No arithmetic slips past the exchange of the control words into the other one's rounding.
[[gnu::noinline]] double divided(double a, double b, int direction) {
    std::fesetround(direction);
    double sum = 0;
    for (int i = 1; i <= rounds; ++i) {
        const double before = a / (b + i);
        yield();
        sum += before;
    }
    std::fesetround(FE_TONEAREST);
    return sum;
}

TENDRIL_TEST(Registers, ArithmeticBesideASwitchIsRoundedAsItsGreenThreadSays) {
    auto up = spawn([] { return divided(1, 3, FE_UPWARD); });
    auto down = spawn([] { return divided(1, 3, FE_DOWNWARD); });
    EXPECT_GT(up.get(), down.get());
    const double again_up = spawn([] { return divided(1, 3, FE_UPWARD); }).get();
    const double again_down = spawn([] { return divided(1, 3, FE_DOWNWARD); }).get();
    EXPECT_EQ(up.get(), again_up);
    EXPECT_EQ(down.get(), again_down);
}

}  // namespace
}  // namespace tendril
