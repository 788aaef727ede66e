// SPDX-License-Identifier: MIT
//
// A task of a TaskGraph that posts its own value before its end.

#include <tendril/task_graph.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Graph = TaskGraph<std::string, int>;
using Keys = std::vector<std::string>;

TENDRIL_TEST(TaskGraphOwnPost, TheValueCountsAndTheTaskGoesOn) {
    Graph graph;
    Event go;
    bool ended = false;
    graph.spawn("early", {}, [&] {
        graph.post("early", 1);
        go.wait();
        ended = true;
        return 2;
    });
    graph.spawn("next", {"early"}, [](const auto& in) { return in["early"] + 10; });
    EXPECT_EQ(graph.get("early"), 1);
    EXPECT_EQ(graph.get("next"), 11);
    EXPECT_EQ(graph.running_keys(), Keys{"early"});
    EXPECT_EQ(graph.running(), 1u);
    EXPECT_EQ(graph.keys(), (Keys{"early", "next"}));
    EXPECT_THROW(graph.post("early", 3), Collision);
    EXPECT_FALSE(graph.wait_all(1ms));
    go.set();
    EXPECT_TRUE(graph.wait_all());
    EXPECT_TRUE(ended);
    EXPECT_EQ(graph.get("early"), 1) << "not what it returned";
    EXPECT_TRUE(graph.running_keys().empty());
}

TENDRIL_TEST(TaskGraphOwnPost, AKillOrAnErrorAfterwardsLeavesTheValue) {
    Graph graph;
    graph.spawn("killed", {}, [&] {
        graph.post("killed", 1);
        sleep(never);
        return 2;
    });
    graph.spawn("throws", {}, [&]() -> int {
        graph.post("throws", 3);
        throw std::runtime_error("late");
    });
    graph.spawn("fails", {}, [&]() -> int {
        graph.post_exception("fails", std::make_exception_ptr(std::out_of_range("posted")));
        throw std::runtime_error("later still");
    });
    EXPECT_EQ(graph.get("killed"), 1);
    EXPECT_TRUE(graph.kill("killed"));
    EXPECT_TRUE(graph.kill("killed"));
    EXPECT_EQ(graph.get("killed"), 1);
    EXPECT_TRUE(graph.wait_all());
    EXPECT_EQ(graph.get("throws"), 3);
    try {
        graph.get("fails");
        ADD_FAILURE();
    } catch (const PropagateError& e) {
        EXPECT_THROW(e.rethrow_nested(), std::out_of_range);
    }
    EXPECT_EQ(testing::take_unhandled().size(), 2u) << "what nobody can ask for";
}

TENDRIL_TEST(TaskGraphOwnPost, TheEndOfTheGraphStillWaitsForItOrKillsIt) {
    bool ended = false;
    {
        Graph graph;
        graph.spawn("a", {}, [&] {
            graph.post("a", 1);
            yield();
            ended = true;
            return 1;
        });
        graph.get("a");
        EXPECT_FALSE(ended);
    }
    EXPECT_TRUE(ended);
    const auto leaves = [] {
        Graph graph;
        graph.spawn("a", {}, [&] {
            graph.post("a", 1);
            sleep(never);
            return 1;
        });
        graph.get("a");
        throw std::runtime_error("out");
    };
    EXPECT_THROW(leaves(), std::runtime_error);
    Graph graph;
    graph.spawn("a", {}, [&] {
        graph.post("a", 1);
        sleep(never);
        return 1;
    });
    graph.get("a");
    EXPECT_TRUE(graph.kill_all(1s));
    EXPECT_EQ(graph.get("a"), 1);
}

}  // namespace
}  // namespace tendril
