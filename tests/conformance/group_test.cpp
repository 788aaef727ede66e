// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 B and H: the scope guard, and killing many.

#include <tendril/group.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceB, TB19_TheEndOfAScopeJoinsAndAnExceptionKills) {
    int done = 0;
    const auto work = [&] {
        yield();
        ++done;
    };
    {
        Group scope;
        scope.spawn(work);
        scope.spawn(work);
    }
    EXPECT_EQ(done, 2);

    Greenlet<void> endless;
    try {
        Group scope;
        endless = scope.spawn([] { sleep(never); });
        yield();
        throw std::runtime_error("body");
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "body");
    }
    EXPECT_TRUE(endless.killed()) << "killed with the scope, and not waited for in vain";

    // A join that throws does the same.
    const auto outer = spawn([&] {
        Group scope;
        endless = scope.spawn([] { sleep(never); });
        scope.join();
    });
    yield();
    outer.kill();
    EXPECT_TRUE(endless.killed());
    EXPECT_FALSE(with_timeout(1ms, [&] {
        Group scope;
        endless = scope.spawn([] { sleep(never); });
        scope.join();
    }));
    EXPECT_TRUE(endless.killed());
}

TENDRIL_TEST(ConformanceH, TH10_KillingWithADeadline) {
    bool over = false;
    const auto stays = [&] {
        while (!over) {
            try {
                sleep(never);
            } catch (const GreenletExit&) {
            }
        }
    };
    Group group;
    group.spawn(stays);
    yield();
    const auto not_begun = group.spawn([] { ADD_FAILURE() << "it began"; });
    EXPECT_FALSE(group.kill(1ms)) << "one lives still";
    EXPECT_TRUE(not_begun.killed());
    EXPECT_FALSE(not_begun.started());
    const std::vector<AnyGreenlet> left = group.members();
    EXPECT_EQ(left.size(), 1u);
    EXPECT_EQ(kill_all(left, 1ms), 1u);
    over = true;
    EXPECT_FALSE(group.kill(0s)) << "it was killed by its group already, which does so once";
    EXPECT_EQ(kill_all(left), 0u);
    EXPECT_TRUE(group.kill(1h));
    EXPECT_TRUE(group.kill(0s)) << "an empty one";
}

// Section 1's D4 and D5, without the printing.
TENDRIL_TEST(ConformanceH, D4_D5_GroupsOfTheSeeds) {
    std::string log;
    const auto talk = [&](char c) { log += std::string(3, c); };
    const auto g1 = spawn(talk, 'b');
    const auto g2 = spawn(talk, 'f');
    Group group;
    group.add(g1);
    group.add(g2);
    group.join();
    group.add(spawn(talk, 'z'));
    group.join();
    EXPECT_EQ(log, "bbbfffzzz");

    const std::vector<int> numbers{0, 1, 2};
    EXPECT_EQ(group.map([&](int) { return group.size(); }, numbers), (std::vector<std::size_t>{3, 3, 3}));
    std::vector<int> order;
    const auto intensive = [](int n) {
        for (int i = 0; i < 3 - n; ++i) {
            yield();
        }
        return n;
    };
    for (const int n : group.imap(intensive, numbers)) {
        order.push_back(n);
    }
    for (const int n : group.imap_unordered(intensive, numbers)) {
        order.push_back(n);
    }
    EXPECT_EQ(order, (std::vector{0, 1, 2, 2, 1, 0}));
}

}  // namespace
}  // namespace tendril
