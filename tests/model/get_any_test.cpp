// SPDX-License-Identifier: MIT
//
// get_any in every order: it takes exactly one item, and nothing is lost where a kill, a deadline or a getter meet
// two putters.

#include <tendril/get_any.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include <tendril/channel.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

TEST(GetAnyModel, TwoPuttersAndAKill) {
    const auto explored = explore("get_any, two putters and a kill", [](Order& order) {
        Queue<int> a;
        Channel<int> b;
        int got = 0;
        auto any = order.go("any", [&] {
            const auto item = get_any(a, b);
            got += item.index() == 0 ? std::get<0>(item) : std::get<1>(item);
        });
        auto first = order.go("first", [&] { a.put(1); });
        auto second = order.go("second", [&] {
            if (!b.try_put(10)) {
                order.saw("nobody waited");
            } else {
                order.saw("handed by the Channel");
            }
        });
        order.go("killer", [&] { any.kill_nowait(); });
        order.finish();
        order.saw(got == 1 ? "the Queue's" : got == 10 ? "the Channel's" : "killed");
        EXPECT_TRUE(got == 0 || got == 1 || got == 10) << got;
        EXPECT_EQ(a.size(), got == 1 ? 0u : 1u);
        EXPECT_EQ(any.killed(), got == 0);
        EXPECT_EQ(a.getting() + b.getting(), 0u);
    });
    for (const char* each : {"the Queue's", "the Channel's", "killed", "nobody waited", "handed by the Channel"}) {
        EXPECT_TRUE(explored.seen.contains(each)) << each;
    }
}

TEST(GetAnyModel, ADeadlineAndAnotherGetter) {
    const auto explored = explore("get_any, a deadline and another getter", [](Order& order) {
        Queue<int> a;
        Queue<int> b;
        int any_got = 0;
        int other_got = 0;
        order.go("any", [&] {
            try {
                const auto item = get_any(order.at(1), a, b);
                any_got = item.index() == 0 ? std::get<0>(item) : std::get<1>(item);
            } catch (const Empty&) {
                order.saw("too late");
            }
        });
        order.go("other", [&] { other_got = a.get(); });
        order.go("first", [&] { a.put(1); });
        order.go("second", [&] { b.put(2); });
        bool helped = false;
        order.finish([&] {
            EXPECT_EQ(a.getting(), 1u);
            EXPECT_EQ(any_got, 1) << "a getter waits, though there was an item for it";
            helped = true;
            a.put(3);
            return true;
        });
        EXPECT_EQ(other_got, helped ? 3 : 1);
        EXPECT_EQ(b.size(), any_got == 2 ? 0u : 1u);
        order.saw(any_got == 1 ? "took the getter's" : any_got == 2 ? "took the other queue's" : "took none");
    });
    for (const char* each : {"too late", "took the getter's", "took the other queue's", "took none"}) {
        EXPECT_TRUE(explored.seen.contains(each)) << each;
    }
}

}  // namespace
}  // namespace tendril
