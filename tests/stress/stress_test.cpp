// SPDX-License-Identifier: MIT
//
// Random operations on all primitives at once, by hundreds of green threads, with kills, Timeouts and Shields.
// In rounds, each from a seed of its own; in one test the order and the time are drawn from it too, in another they are
// the hub's. How long: see chance.hpp.

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/report.hpp"
#include "worker.hpp"

namespace tendril {
namespace {

using stress::DrawnOrder;
using stress::number_from_environment;
using stress::Worker;
using stress::World;

constexpr std::size_t workers_of_a_round = 200;
constexpr std::size_t operations_of_a_worker = 40;

// Lets all workers come to their ends. Returns: false when a wake-up is lost.
bool finish(World& world) {
    for (;;) {
        try {
            join_all(world.workers);
            return true;
        } catch (const LoopExit& e) {
            if (!world.rescue()) {
                ADD_FAILURE() << "a wake-up is lost: " << e.what();
                return false;
            }
        }
        if (::testing::Test::HasFailure()) {
            return false;
        }
    }
}

struct Sum {
    std::size_t operations = 0;
    std::uint64_t trace = 0;
};

Sum round(std::uint64_t seed, bool drawn) {
    std::optional<DrawnOrder> order;  // to the end: what it says of the time, the clock will say in an hour
    if (drawn) {
        order.emplace(seed);
    }
    World world(seed, drawn ? &*order : nullptr);
    for (std::size_t i = 0; i < workers_of_a_round; ++i) {
        world.workers.push_back(spawn([&world, i] { Worker(world, i).run(operations_of_a_worker); }));
    }
    if (!finish(world)) {
        kill_all(world.workers);
    }
    world.pool.join();
    for (const AnyGreenlet& each : world.workers) {
        if (each.exception() != nullptr && !each.killed()) {
            ADD_FAILURE() << "a worker threw " << detail::describe(each.exception());
        }
    }
    return {world.operations, world.trace};
}

// In a hub of its own, which must be empty afterwards.
void in_a_fresh_hub(const std::function<void()>& body) {
    std::thread([&] {
        Hub::current().set_error_handler([](const ErrorContext& context, const std::exception_ptr& error) {
            ADD_FAILURE() << "nobody handled, in " << context.activity << ": " << detail::describe(error);
        });
        body();
        idle();
        const HubStats left = Hub::current().stats();
        EXPECT_EQ(left.greenlets, 0u);
        EXPECT_EQ(left.timers, 0u);
        EXPECT_LE(left.stacks_used, 1u);
    }).join();
}

void rounds(bool drawn) {
    const std::uint64_t one = number_from_environment("TENDRIL_STRESS_SEED", 0);
    const std::uint64_t budget = number_from_environment("TENDRIL_STRESS_OPERATIONS", 100'000);
    std::size_t operations = 0;
    std::uint64_t seed = one != 0 ? one : 1;
    in_a_fresh_hub([&] {
        for (;; ++seed) {
            operations += round(seed, drawn).operations;
            if (::testing::Test::HasFailure()) {
                ADD_FAILURE() << "run this round alone with TENDRIL_STRESS_SEED=" << seed;
                return;
            }
            if (one != 0 || operations >= budget) {
                break;
            }
        }
    });
    std::printf("[   stress ] %zu operations; the last round had seed %llu\n", operations,
                static_cast<unsigned long long>(seed));
}

TEST(Stress, InADrawnOrder) {
    rounds(true);
}

TEST(Stress, InTheHubsOrder) {
    rounds(false);
}

TEST(Stress, ASeedSaysItAllWhereTheOrderIsDrawn) {
    Sum first;
    Sum again;
    in_a_fresh_hub([&] { first = round(12345, true); });
    in_a_fresh_hub([&] { again = round(12345, true); });
    EXPECT_EQ(first.operations, again.operations);
    EXPECT_EQ(first.trace, again.trace);
}

}  // namespace
}  // namespace tendril
