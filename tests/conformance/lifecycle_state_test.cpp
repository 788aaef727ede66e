// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.B: what a green thread is from its spawning to its end, and what it leaves.

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceB, TB01_NothingToRunIsRefusedAtTheSpawn) {
    void (*const no_function)() = nullptr;
    EXPECT_THROW(spawn(std::function<void()>()), std::invalid_argument);
    EXPECT_THROW(spawn_n(no_function), std::invalid_argument);
    EXPECT_THROW(spawn_after(1h, no_function), std::invalid_argument);
}

void expect_state(const AnyGreenlet& g, bool started, bool ready, bool successful) {
    EXPECT_EQ(g.started(), started);
    EXPECT_EQ(g.ready(), ready);
    EXPECT_EQ(g.successful(), successful);
    EXPECT_EQ(g.exception() != nullptr, ready && !successful);
    EXPECT_FALSE(g.killed());
}

TENDRIL_TEST(ConformanceB, TB02_TheStateTable) {
    for (const bool fails : {false, true}) {
        SCOPED_TRACE(fails ? "one that fails" : "one that returns");
        const auto g = spawn([fails] {
            yield();
            if (fails) {
                throw std::runtime_error("no");
            }
            return 7;
        });
        expect_state(g, false, false, false);
        yield();
        expect_state(g, true, false, false);
        yield();
        expect_state(g, true, true, !fails);
        if (!fails) {
            EXPECT_EQ(g.get(), 7);
        }
    }
}

TENDRIL_TEST(ConformanceB, TB03_EveryAskerGetsTheSameValue) {
    const auto g = spawn([] {
        yield();
        return std::string("value");
    });
    std::vector<Greenlet<std::size_t>> askers;
    for (int i = 0; i < 3; ++i) {
        askers.push_back(spawn([g] { return g.get().size(); }));
    }
    for (const auto& asker : askers) {
        EXPECT_EQ(asker.get(), 5u);
    }
    EXPECT_EQ(g.get(), "value");
    EXPECT_EQ(&g.get(), &g.get());
}

TENDRIL_TEST(ConformanceB, TB03_EveryAskerGetsTheSameException) {
    const auto g = spawn([]() -> int {
        yield();
        throw std::out_of_range("the very one");
    });
    std::vector<const std::exception*> seen;
    const auto ask = [&] {
        try {
            g.get();
        } catch (const std::out_of_range& e) {
            seen.push_back(&e);
        }
    };
    const auto other = spawn(ask);
    ask();
    ask();
    other.join();
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], seen[2]);
}

TENDRIL_TEST(ConformanceB, TB14_TwoSleepersAlternate) {
    std::string order;
    const auto sleeper = [&](const char* name) {
        for (const char* step : {"1", "2", "3"}) {
            order.append(step).append(name).append(" ");
            sleep();
        }
    };
    join_all(std::vector{spawn(sleeper, "A"), spawn(sleeper, "B")});
    EXPECT_EQ(order, "1A 1B 2A 2B 3A 3B ");
}

TENDRIL_TEST(ConformanceB, TB22_OneThatRunsIsNeverReportedAsEnded) {
    Greenlet<void> g;
    g = spawn([&] {
        EXPECT_EQ(current(), g);
        EXPECT_TRUE(g.started());
        EXPECT_FALSE(g.ready());
    });
    g.get();
    EXPECT_TRUE(g.ready());
}

// Deep recursion that the optimiser keeps; each level takes what the frame's array takes.
[[gnu::noinline]] int dive(int depth) {
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : dive(depth - 1) + frame[0];
}

TEST(ConformanceBDeathTest, TB04_AnOverflowNamesItsGreenThread) {
    EXPECT_DEATH(spawn({.name = "diver", .stack_size = 64 << 10}, [] { return dive(1'000'000); }).get(),
                 "\"diver\".*lifecycle_state_test.cpp");
}

}  // namespace
}  // namespace tendril
