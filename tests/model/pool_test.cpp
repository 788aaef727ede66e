// SPDX-License-Identifier: MIT
//
// Pool, Group, imap and Pile in every order: never more jobs than slots, no slot is lost, results come in their order,
// and leaving early ends the running jobs.

#include <tendril/pile.hpp>
#include <tendril/pool.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "interleavings.hpp"

namespace tendril {
namespace {

using testing::explore;
using testing::Order;

template <class F>
std::string ending(F f) {
    try {
        return f();
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    } catch (const GreenletKilled&) {
        return "was killed";
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

// Counts how many jobs run at once.
struct Running {
    Order& order;
    int most;
    int now = 0;
    int ended = 0;

    void job() {
        EXPECT_LT(now, most);
        ++now;
        const struct Ends {
            Running& all;
            ~Ends() {
                --all.now;
                ++all.ended;
            }
        } ends{*this};
        order.pause();
    }
};

TEST(ModelPool, ASpawnerThatWaitsIsKilled) {
    const auto explored = explore("pool: full, a spawner is killed, one has a Timeout", [](Order& order) {
        Pool pool(1);
        Running running{order, 1};
        pool.spawn([&] { running.job(); });
        std::string ends[2] = {"never began", ""};
        const auto spawns = [&]() -> std::string {
            pool.spawn([&] { running.job(); });
            return "done";
        };
        auto dies = order.go("dies", [&] { ends[0] = ending(spawns); });
        order.go("limited", [&] {
            ends[1] = ending([&] {
                Timeout limit(order.at(1));
                return spawns();
            });
        });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        EXPECT_TRUE(pool.wait_all());
        EXPECT_EQ(running.ended, 1 + (ends[0] == "done" ? 1 : 0) + (ends[1] == "done" ? 1 : 0));
        EXPECT_EQ(pool.free(), 1);
        EXPECT_EQ(pool.waiting(), 0u);
        order.saw("dies: " + ends[0]);
        order.saw("limited: " + ends[1]);
    });
    explored.expect_outcomes("dies: done, dies: killed, dies: never began, limited: done, limited: expired");
}

TEST(ModelPool, Resize) {
    explore("pool: resize", [](Order& order) {
        Pool pool(0);
        Running running{order, 2};
        const auto spawns = [&] { pool.spawn([&] { running.job(); }); };
        order.go("a", spawns);
        order.go("b", spawns);
        order.go("resizer", [&] {
            pool.resize(2);
            order.pause();
            pool.resize(1);
        });
        order.finish();
        EXPECT_TRUE(pool.wait_all());
        EXPECT_EQ(running.ended, 2);
        EXPECT_EQ(pool.free(), 1);
        EXPECT_EQ(pool.waiting(), 0u);
    });
}

TEST(ModelPool, KillOfAllWhileOneSpawns) {
    const auto explored = explore("pool: kill of all while one spawns", [](Order& order) {
        Pool pool(1);
        Running running{order, 1};
        order.go("spawner", [&] {
            pool.spawn([&] { running.job(); });
            pool.spawn([&] { running.job(); });
        });
        order.go("killer", [&] { order.saw(pool.kill(order.at(1)) ? "in time" : "late"); });
        order.finish();
        EXPECT_TRUE(pool.wait_all());
        EXPECT_EQ(pool.free(), 1);
    });
    explored.expect_outcomes("in time, late");
}

TEST(ModelPool, AWorkerThatSpawnsIntoItsOwnFullPool) {
    const auto explored = explore("pool: a worker spawns into its own full pool", [](Order& order) {
        Pool pool(1);
        int inner = 0;
        std::string end;
        auto worker = pool.spawn([&] {
            order.pause();
            pool.spawn([&] {
                order.pause();
                ++inner;
            });
        });
        order.go("other", [&] { pool.spawn([&] { order.pause(); }); });
        order.go("killer", [&] { worker.kill(); });
        order.finish();
        EXPECT_TRUE(pool.wait_all());
        EXPECT_EQ(pool.free(), 1);
        order.saw(worker.killed() ? "killed" : "done");
        EXPECT_TRUE(worker.killed() || inner == 1);
    });
    explored.expect_outcomes("done, killed");
}

TEST(ModelPool, TrySpawnAndWaitAvailable) {
    explore("pool: try_spawn and wait_available", [](Order& order) {
        Pool pool(1);
        Running running{order, 1};
        const auto job = [&] { running.job(); };
        order.go("tries", [&] {
            if (pool.wait_available(order.at(1))) {
                static_cast<void>(pool.try_spawn(job));
            }
        });
        order.go("spawner", [&] { pool.spawn(job).join(); });
        order.finish();
        EXPECT_TRUE(pool.wait_all());
        EXPECT_EQ(pool.free(), 1);
    });
}

// Takes results until the n-th, in their order.
std::string consume(Order& order, Pool& pool, std::size_t most, std::size_t window) {
    std::vector<int> input{1, 2, 3};
    int next = 1;
    auto doubled = pool.imap(
        {.window = static_cast<int>(window)},
        [&order](int n) {
            order.pause();
            if (n == 2) {
                throw std::runtime_error("two");
            }
            return n * 2;
        },
        input);
    for (std::size_t i = 0; i < most; ++i) {
        try {
            const std::optional<int> result = doubled.next();
            if (!result) {
                EXPECT_EQ(next, 4);
                return "all";
            }
            EXPECT_EQ(*result, next * 2);
        } catch (const std::runtime_error&) {
            EXPECT_EQ(next, 2);
        }
        ++next;
    }
    return "left";
}

// For a consumer that has left, or was killed.
const testing::Limits two_goes_unheard{.may_be_unhandled = "std::runtime_error: two"};

TEST(ModelImap, ASlowConsumerThatLeavesEarlyOrIsKilled) {
    const auto explored = explore(
        "imap: the consumer leaves early or is killed",
        [](Order& order) {
            Pool pool(1);
            std::string end = "never began";
            const std::size_t most = 1 + 3 * order.choose(2);
            auto consumer = order.go("consumer", [&] { end = ending([&] { return consume(order, pool, most, 1); }); });
            order.go("killer", [&] { consumer.kill(); });
            order.finish();
            EXPECT_TRUE(pool.wait_all());
            EXPECT_EQ(pool.free(), 1);
            order.saw(end);
        },
        two_goes_unheard);
    explored.expect_outcomes("all, killed, left, never began");
}

TEST(ModelImap, AWindowOfTwoAndATimeout) {
    const auto explored = explore(
        "imap: a window of two, a Timeout",
        [](Order& order) {
            Pool pool(1);
            std::string end;
            order.go("consumer", [&] {
                end = ending([&] {
                    Timeout limit(order.at(1));
                    return consume(order, pool, 4, 2);
                });
            });
            order.finish();
            EXPECT_TRUE(pool.wait_all());
            EXPECT_EQ(pool.free(), 1);
            order.saw(end);
        },
        two_goes_unheard);
    explored.expect_outcomes("all, expired");
}

TEST(ModelGroup, AddDiscardJoinAndKill) {
    const auto explored = explore("group: add, discard, join, kill", [](Order& order) {
        std::string end;
        bool discarded = false;
        {
            Group group;
            auto outside = order.go("outside", [&] { order.pause(); });
            order.go("adds", [&] {
                group.add(outside);
                order.pause();
                discarded = group.discard(outside);
            });
            order.go("joins", [&] { end = group.join(order.at(1)) ? "joined" : "late"; });
            order.go("kills", [&] { EXPECT_TRUE(group.kill()); });
            order.finish();
        }
        order.saw(end);
        order.saw(discarded ? "discarded" : "ended");
    });
    explored.expect_outcomes("discarded, ended, joined, late");
}

TEST(ModelPile, AWindowOfOneAndAKill) {
    const auto explored = explore("pile: a window of one, the spawner is killed", [](Order& order) {
        std::string end = "never began";
        std::size_t spawned = 0;
        std::vector<int> results;
        {
            Pile<int> pile(1, {.window = 1});
            auto spawner = order.go("spawner", [&] {
                end = "killed";
                for (int i = 0; i < 3; ++i) {
                    pile.spawn([&order, i] {
                        order.pause();
                        return i;
                    });
                    ++spawned;
                }
                end = "done";
            });
            order.go("consumer", [&] {
                while (results.size() < spawned || !spawner.ready()) {
                    if (const std::optional<int> result = pile.next()) {
                        results.push_back(*result);
                    } else {
                        yield();
                    }
                }
            });
            order.go("killer", [&] { spawner.kill(); });
            order.finish();
        }
        EXPECT_EQ(results.size(), spawned);
        for (std::size_t i = 0; i < results.size(); ++i) {
            EXPECT_EQ(results[i], static_cast<int>(i));
        }
        order.saw(end);
    });
    explored.expect_outcomes("done, killed, never began");
}

}  // namespace
}  // namespace tendril
