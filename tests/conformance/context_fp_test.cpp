// SPDX-License-Identifier: MIT
//
// Conformance, row TA19: the floating-point environment belongs to the flow of control, and the library leaves it
// alone.

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

#include <cfenv>
#include <limits>
#include <vector>

#include "green_test.hpp"

namespace tendril {
namespace {

// 1/3 as the current rounding direction has it; volatile keeps the compiler from knowing better, or moving it
// elsewhere.
double third() {
    volatile double one = 1;
    volatile double three = 3;
    volatile double result = one / three;
    return result;
}

double third_rounded(int direction) {
    std::fesetround(direction);
    const double result = third();
    std::fesetround(FE_TONEAREST);
    return result;
}

// Subnormals neither read as zero nor are flushed to it.
bool subnormals_work() {
    volatile double smallest = std::numeric_limits<double>::denorm_min();
    volatile double least_normal = std::numeric_limits<double>::min();
    volatile double doubled = smallest * 2;
    volatile double half = least_normal / 2;
    return smallest != 0 && doubled != 0 && half != 0;
}

TENDRIL_TEST(ConformanceA, TA19_SubnormalIsNotZero) {
    EXPECT_TRUE(subnormals_work());
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
    auto green = spawn([] { return subnormals_work() && std::fegetround() == FE_TONEAREST; });
    EXPECT_TRUE(green.get());
    Context context([](std::any) { return std::any(subnormals_work()); });
    EXPECT_TRUE(std::any_cast<bool>(context.switch_to()));
}

TENDRIL_TEST(ConformanceA, TA19_RoundingBelongsToTheGreenThread) {
    const std::vector<int> directions{FE_UPWARD, FE_DOWNWARD, FE_TONEAREST, FE_TOWARDZERO};
    EXPECT_NE(third_rounded(FE_UPWARD), third_rounded(FE_DOWNWARD));
    std::vector<Greenlet<void>> all;
    for (const int direction : directions) {
        all.push_back(spawn([direction] {
            const double expected = third_rounded(direction);
            std::fesetround(direction);
            for (int i = 0; i < 5; ++i) {
                yield();
                EXPECT_EQ(std::fegetround(), direction);
                EXPECT_EQ(third(), expected);
            }
        }));
    }
    join_all(all);
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);  // one that ended with another direction has taken it along
}

TEST(ConformanceA, TA19_RoundingBelongsToTheContext) {
    Context context([](std::any) {
        std::fesetround(FE_UPWARD);
        current_context().parent().switch_to();
        EXPECT_EQ(std::fegetround(), FE_UPWARD);
        return std::any();
    });
    context.switch_to();
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
    std::fesetround(FE_DOWNWARD);
    context.switch_to();
    EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
    std::fesetround(FE_TONEAREST);
    EXPECT_TRUE(context.dead());
}

TENDRIL_TEST(ConformanceA, TA19_AFreshOneTakesOverItsMakers) {
    std::fesetround(FE_UPWARD);
    auto green = spawn([] { return std::fegetround(); });
    Context context([](std::any) { return std::any(std::fegetround()); });
    EXPECT_EQ(std::any_cast<int>(context.switch_to()), FE_UPWARD);
    std::fesetround(FE_TONEAREST);
    EXPECT_EQ(green.get(), FE_UPWARD);
}

}  // namespace
}  // namespace tendril
