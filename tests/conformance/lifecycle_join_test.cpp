// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.B: join, get, join_all, kill_all.

#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using All = std::vector<AnyGreenlet>;

AnyGreenlet failing_after(int yields, const char* what) {
    return spawn([=] {
        for (int i = 0; i < yields; ++i) {
            yield();
        }
        throw std::runtime_error(what);
    });
}

TENDRIL_TEST(ConformanceSeeds, D4_OneThatNeverWaitsRunsToItsEndInTheOrderOfSpawning) {
    std::string output;
    const auto talk = [&](const char* message) {
        for (int i = 0; i < 3; ++i) {
            output += message;
        }
    };
    join_all(All{spawn(talk, "bar "), spawn(talk, "foo ")});
    join_all(All{spawn(talk, "fizz ")});
    EXPECT_EQ(output, "bar bar bar foo foo foo fizz fizz fizz ");
}

TENDRIL_TEST(ConformanceB, TB16_JoinAllRaisesTheEarliestFailure) {
    const auto endless = spawn([] { sleep(1h); });
    const All all{endless, failing_after(5, "later"), failing_after(2, "earlier")};
    try {
        join_all(all, {.raise_error = true});
        ADD_FAILURE() << "nothing was raised";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "earlier");
    }
    EXPECT_FALSE(endless.ready()) << "as soon as there is a failure, not when all have ended";
    all[1].join();
    EXPECT_EQ(kill_all(all), 0u);
    try {
        join_all(all, {.raise_error = true});
        ADD_FAILURE() << "nothing was raised";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "earlier") << "also when all have ended already";
    }
    EXPECT_NE(all[1].exception(), nullptr);
}

TENDRIL_TEST(ConformanceB, TB16_JoinAllStopsAfterTheCount) {
    const All all{spawn([] { sleep(1h); }), spawn([] {}), spawn([] { sleep(1h); }), spawn([] { yield(); })};
    EXPECT_EQ(join_all(all, {.count = 2}), 2u);
    EXPECT_FALSE(all[0].ready());
    EXPECT_EQ(join_all(all, {.deadline = 1ms}), 2u) << "how many have ended by the deadline";
    EXPECT_EQ(kill_all(all), 0u);
    EXPECT_EQ(join_all(all), 4u);
    EXPECT_EQ(join_all(All{}), 0u);
}

TENDRIL_TEST(ConformanceB, TB17_DuplicatesAndEndedOnes) {
    const auto ended = spawn([] {});
    ended.join();
    const auto running = spawn([] { yield(); });
    const All all{running, ended, running, ended};
    EXPECT_EQ(join_all(all), 4u);
    EXPECT_EQ(join_all(all), 4u);
    EXPECT_EQ(kill_all(all), 0u);
    EXPECT_TRUE(running.successful());
}

TENDRIL_TEST(ConformanceB, TB17_KillAllCountsWhatStillLives) {
    const auto stubborn = spawn([] {
        try {
            sleep(1h);
        } catch (const GreenletExit&) {
        }
        sleep(1h);
    });
    const auto meek = spawn([] { sleep(1h); });
    const auto unstarted = spawn_after(1h, [] { ADD_FAILURE() << "it ran"; });
    yield();
    const All all{stubborn, meek, stubborn, unstarted};
    EXPECT_EQ(kill_all(All{meek, unstarted, stubborn}, 1ms), 1u);
    EXPECT_TRUE(meek.killed());
    EXPECT_TRUE(unstarted.killed());
    EXPECT_EQ(kill_all(all), 0u);
    EXPECT_TRUE(stubborn.killed());
}

TENDRIL_TEST(ConformanceB, TB18_ADeadlineOfJoinOrGetDoesNotDisturbTheTarget) {
    const auto g = spawn([] {
        for (int i = 0; i < 3; ++i) {
            sleep(1ms);
        }
        return 9;
    });
    EXPECT_FALSE(g.join(0s));
    EXPECT_FALSE(g.join(std::chrono::steady_clock::now()));
    try {
        g.get(0s);
        ADD_FAILURE() << "get() returned";
    } catch (const TimeoutError& e) {
        EXPECT_EQ(e.code(), std::errc::timed_out);
        EXPECT_EQ(e.done(), 0u);
    }
    EXPECT_FALSE(g.ready());
    EXPECT_EQ(g.get(), 9);
    EXPECT_TRUE(g.join(0s));
}

}  // namespace
}  // namespace tendril
