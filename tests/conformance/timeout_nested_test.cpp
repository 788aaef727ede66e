// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.D: Timeouts inside Timeouts.

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Runs sleep(1h) inside two Timeouts. Returns: which scope caught.
std::string who_catches(Deadline outer_limit, Deadline inner_limit) {
    Timeout outer(outer_limit);
    try {
        Timeout inner(inner_limit);
        try {
            sleep(1h);
        } catch (const Timeout::Expired& e) {
            if (!inner.threw(e)) {
                EXPECT_FALSE(inner.expired());
                throw;
            }
            EXPECT_TRUE(inner.expired());
            EXPECT_FALSE(outer.threw(e));
            return "inner";
        }
    } catch (const Timeout::Expired& e) {
        EXPECT_TRUE(outer.threw(e));
        EXPECT_TRUE(outer.expired());
        return "outer";
    }
    return "nobody";
}

TENDRIL_TEST(ConformanceD, TD03_EachScopeCatchesOnlyItsOwn) {
    EXPECT_EQ(who_catches(1h, 1ms), "inner");
    EXPECT_EQ(who_catches(1ms, 1h), "outer");
    EXPECT_EQ(who_catches(1h, 0s), "inner");
    EXPECT_EQ(who_catches(0s, 1h), "outer");
}

TENDRIL_TEST(ConformanceD, TD03_DueTogetherTheOuterComesFirst) {
    EXPECT_EQ(who_catches(0s, 0s), "outer");
    const Deadline both = 1ms;
    EXPECT_EQ(who_catches(both, both), "outer");
}

TENDRIL_TEST(ConformanceD, TD07_WithTimeoutTellsItsOwnFromAnOuterOne) {
    bool inner_returned = false;
    const bool outer_in_time = with_timeout(1ms, [&] {
        with_timeout(1h, [] { sleep(1h); });
        inner_returned = true;
    });
    EXPECT_FALSE(outer_in_time);
    EXPECT_FALSE(inner_returned) << "an outer expiry passes through the inner scope";

    const bool outer_undisturbed = with_timeout(1h, [&] { EXPECT_FALSE(with_timeout(1ms, [] { sleep(1h); })); });
    EXPECT_TRUE(outer_undisturbed);

    EXPECT_EQ(with_timeout(
                  1ms,
                  [] {
                      return with_timeout(
                          1h,
                          [] {
                              sleep(1h);
                              return 1;
                          },
                          2);
                  },
                  3),
              3)
        << "the fallback is given for the own expiry only";
}

}  // namespace
}  // namespace tendril
