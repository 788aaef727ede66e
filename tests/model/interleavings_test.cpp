// SPDX-License-Identifier: MIT
//
// explore() itself: it runs as many orders as there are, and finds planted faults.

#include "interleavings.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/timeout.hpp>

namespace tendril {
namespace {

using testing::explore;
using testing::Explored;
using testing::Order;
using testing::try_every_order;

std::size_t factorial(std::size_t n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

// A chain of `links` green threads, each spawned by the one before as its last act. Between two links all others may
// run, or the chain may continue.
void chain(std::string& log, char name, int links, int& left) {
    log += name;
    --left;
    if (links > 1) {
        spawn_n([&log, name, links, &left] { chain(log, name, links - 1, left); });
    }
}

TEST(Interleavings, ChainsGiveTheMultinomial) {
    for (const auto& [chains, links] : {std::pair{2, 3}, {3, 2}, {4, 1}, {3, 3}}) {
        std::set<std::string> logs;
        const Explored explored =
            explore(std::to_string(chains) + " chains of " + std::to_string(links),
                    [&, chains = chains, links = links](Order& order) {
                        std::string log;
                        int left = chains * links;
                        Event over;
                        const auto watch = [&](int c) { chain(log, static_cast<char>('a' + c), links, left); };
                        for (int c = 0; c < chains; ++c) {
                            spawn_n(watch, c);
                        }
                        while (left > 0) {
                            idle();
                        }
                        order.finish();
                        logs.insert(log);
                    });
        std::size_t multinomial = factorial(static_cast<std::size_t>(chains * links));
        for (int c = 0; c < chains; ++c) {
            multinomial /= factorial(static_cast<std::size_t>(links));
        }
        EXPECT_EQ(logs.size(), multinomial);
        EXPECT_EQ(explored.runs, multinomial);
    }
}

// Returns how many orders there are of green threads with these numbers of parts left, when `last` has just run one.
// yield() switches to another green thread if there is one.
std::size_t orders(std::vector<int> left, std::size_t last) {
    std::size_t sum = 0;
    std::size_t alive = 0;
    for (const int each : left) {
        alive += each > 0 ? 1 : 0;
    }
    if (alive == 0) {
        return 1;
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (left[i] > 0 && (i != last || alive == 1)) {
            std::vector<int> then = left;
            --then[i];
            sum += orders(then, i);
        }
    }
    return sum;
}

TEST(Interleavings, YieldsGiveTheOrdersInWhichAnotherGoesOn) {
    for (const auto& [threads, yields] : {std::pair{2, 3}, {3, 2}, {4, 1}, {5, 0}}) {
        std::set<std::string> logs;
        const Explored explored =
            explore(std::to_string(threads) + " green threads with " + std::to_string(yields) + " yields",
                    [&, threads = threads, yields = yields](Order& order) {
                        std::string log;
                        for (int t = 0; t < threads; ++t) {
                            order.go("yielder", [&, t] {
                                log += static_cast<char>('a' + t);
                                for (int y = 0; y < yields; ++y) {
                                    yield();
                                    log += static_cast<char>('a' + t);
                                }
                            });
                        }
                        order.finish();
                        logs.insert(log);
                    });
        const std::size_t known = orders(std::vector<int>(static_cast<std::size_t>(threads), yields + 1), SIZE_MAX);
        EXPECT_EQ(logs.size(), known);
        EXPECT_EQ(explored.runs, known);
    }
}

TEST(Interleavings, DeadlinesComeInTheirOrderAndAnyTime) {
    std::set<std::string> logs;
    explore("two sleepers and one that yields", [&](Order& order) {
        std::string log;
        order.go("late", [&] {
            sleep(order.at(2));
            log += '2';
        });
        order.go("early", [&] {
            sleep(order.at(1));
            log += '1';
        });
        order.go("yields", [&] {
            log += 'a';
            yield();
            log += 'b';
        });
        order.finish();
        logs.insert(log);
    });
    // When both deadlines have come, either may run first.
    const std::set<std::string> all{"12ab", "1a2b", "1ab2", "21ab", "2a1b", "2ab1",
                                    "a12b", "a1b2", "a21b", "a2b1", "ab12", "ab21"};
    EXPECT_EQ(logs, all);
}

TEST(Interleavings, AChoiceOfTheScenariosOwn) {
    std::set<std::size_t> all;
    const Explored explored = explore("choose(3) twice", [&](Order& order) {
        const std::size_t first = order.choose(3);
        all.insert(first * 3 + order.choose(3));
        order.finish();
    });
    EXPECT_EQ(explored.runs, 9u);
    EXPECT_EQ(all.size(), 9u);
}

// Checks a flag, then waits for an Event, with a yield in between: a set() in between is lost.
struct LosesWakeUps {
    bool open = false;
    Event changed;

    void wait() {
        if (!open) {
            yield();
            changed.wait();
        }
    }
    void set() {
        open = true;
        changed.set();
        changed.clear();
    }
};

TEST(Interleavings, APlantedLostWakeUpIsFound) {
    const auto scenario = [](Order& order) {
        LosesWakeUps gate;
        order.go("waits", [&] { gate.wait(); });
        order.go("sets", [&] { gate.set(); });
        order.finish();
    };
    const Explored explored = try_every_order("a lost wake-up", scenario);
    EXPECT_NE(explored.failure.find("a wake-up is lost"), std::string::npos) << explored.failure;
    EXPECT_NE(explored.failure.find("\"waits\" waits in Event::wait"), std::string::npos) << explored.failure;
    EXPECT_EQ(try_every_order("a lost wake-up", scenario).choices, explored.choices) << "found again, the same way";
}

// Hands over to the first in the list, whether it still waits or not: an item goes to a waiter that timed out.
TEST(Interleavings, APlantedLossIsFound) {
    const Explored explored = try_every_order("a lost item", [](Order& order) {
        int* slot = nullptr;
        int got = 0;
        bool taken_back = false;
        Event arrived;
        order.go("getter", [&] {
            slot = &got;
            if (!arrived.wait(order.at(1))) {
                taken_back = true;  // and does not check whether an item came meanwhile
            }
            slot = nullptr;
        });
        bool put = false;
        order.go("putter", [&] {
            if (slot != nullptr) {
                *slot = 1;
                put = true;
                arrived.set();
            }
        });
        order.finish();
        if (put && taken_back) {
            throw std::runtime_error("the item is lost");
        }
    });
    EXPECT_EQ(explored.failure, "the item is lost");
    EXPECT_GT(explored.runs, 1u);
}

TEST(Interleavings, WhatAScenarioThrowsAndLeavesIsFound) {
    EXPECT_EQ(try_every_order("throws",
                              [](Order& order) {
                                  order.go("bad", [] { throw std::runtime_error("no"); });
                                  order.finish();
                              })
                  .failure,
              "\"bad\" threw std::runtime_error: no");
    EXPECT_EQ(try_every_order("leaves",
                              [](Order& order) {
                                  order.finish();
                                  spawn_n([] { sleep(std::chrono::hours(1)); });
                              })
                  .failure,
              "left are 1 green threads, 1 timers, 2 stacks");
}

TEST(Interleavings, ABoundThatIsHitIsAFailure) {
    const auto scenario = [](Order& order) {
        for (int i = 0; i < 5; ++i) {
            order.go("one", [] {});
        }
        order.finish();
    };
    EXPECT_EQ(try_every_order("120 orders", scenario, {.runs = 120}).failure.substr(0, 13), "more than 120");
    EXPECT_EQ(try_every_order("120 orders", scenario, {.runs = 121}).failure, "");
    EXPECT_EQ(try_every_order("120 orders", scenario, {.runs = 10, .bounded = true}).runs, 10u);
}

}  // namespace
}  // namespace tendril
