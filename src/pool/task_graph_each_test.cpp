// SPDX-License-Identifier: MIT
//
// wait_each_success(), wait_each_exception(), items(), waiting_for() and post_exception() of a TaskGraph.

#include <tendril/task_graph.hpp>

#include <map>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Graph = TaskGraph<std::string, int>;
using Keys = std::vector<std::string>;

static_assert(std::ranges::input_range<Graph::Successes>);
static_assert(std::ranges::input_range<Graph::Failures>);

int fails() {
    throw std::runtime_error("broken");
}

TENDRIL_TEST(TaskGraphEach, SuccessesAndFailuresComeApart) {
    Graph graph{{"posted", 1}};
    graph.spawn("bad", {}, fails);
    graph.spawn("good", {"posted"}, [](const auto& in) { return in["posted"] + 1; });
    graph.spawn("behind", {"bad"}, [](const auto& in) { return in["bad"]; });

    std::map<std::string, int> values;
    for (const auto& [key, value] : graph.wait_each_success()) {
        values.emplace(key, value);
    }
    EXPECT_EQ(values, (std::map<std::string, int>{{"posted", 1}, {"good", 2}}));

    std::map<std::string, std::string> origins;
    for (const auto& [key, error] : graph.wait_each_exception()) {
        origins.emplace(key, error.key());
        EXPECT_THROW(std::rethrow_if_nested(error), std::runtime_error);
    }
    EXPECT_EQ(origins, (std::map<std::string, std::string>{{"bad", "bad"}, {"behind", "bad"}}));
    for (const auto& [key, error] : graph.wait_each_exception({"good", "posted"})) {
        ADD_FAILURE() << key << error.what();
    }
    for (const auto& [key, value] : graph.wait_each_success(Keys{"bad"})) {
        ADD_FAILURE() << key << value;
    }
}  // nothing is reported: the failures were asked for

TENDRIL_TEST(TaskGraphEach, OnlySuccessesLeaveTheFailuresUnseen) {
    {
        Graph graph;
        graph.spawn("bad", {}, fails);
        for (const auto& [key, value] : graph.wait_each_success()) {
            ADD_FAILURE() << key << value;
        }
    }
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
}

TENDRIL_TEST(TaskGraphEach, TheyComeInTheOrderOfCompletionAndWait) {
    Graph graph;
    Event go;
    graph.spawn("late", {}, [&] { return go.wait(), 1; });
    graph.spawn("early", {}, [] { return 2; });
    std::vector<std::string> seen;
    auto reader = spawn([&] {
        for (const auto& [key, value] : graph.wait_each_success({"late", "early", "posted"})) {
            seen.push_back(key);
        }
    });
    yield();
    yield();
    EXPECT_EQ(seen, Keys{"early"});
    graph.post("posted", 3);
    yield();
    EXPECT_EQ(seen, (Keys{"early", "posted"}));
    go.set();
    reader.join();
    EXPECT_EQ(seen, (Keys{"early", "posted", "late"}));
}

TENDRIL_TEST(TaskGraphEach, ADeadlineOrAKillLosesNothing) {
    Graph graph;
    Event go;
    graph.spawn("slow", {}, [&] { return go.wait(), fails(); });
    EXPECT_THROW(graph.wait_each_exception(1ms).begin(), TimeoutError);
    auto failures = graph.wait_each_exception();
    EXPECT_FALSE(with_timeout(1ms, [&] { failures.begin(); }));
    auto killed = spawn([&] { graph.wait_each_success().begin(); });
    yield();
    killed.kill();
    go.set();
    const auto first = failures.begin();
    ASSERT_FALSE(first == failures.end());
    EXPECT_EQ((*first).first, "slow");
    EXPECT_TRUE(failures.begin() == failures.end());
}

TENDRIL_TEST(TaskGraphEach, ItemsAreWhatIsThere) {
    Graph graph(std::map<std::string, int>{{"a", 1}, {"b", 2}});
    Event go;
    graph.spawn("c", {}, [&] { return go.wait(), 3; });
    yield();
    EXPECT_EQ(graph.items(), (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
    go.set();
    graph.wait_all();
    EXPECT_EQ(graph.items().size(), 3u);
    graph.post_exception("d", std::make_exception_ptr(std::runtime_error("no d")));
    EXPECT_THROW(graph.items(), PropagateError);
    const std::vector<std::pair<std::string, int>> twice{{"a", 1}, {"a", 2}};
    EXPECT_THROW(Graph{twice}, Collision);
}

TENDRIL_TEST(TaskGraphEach, WaitingForSaysWhatAHungGraphLacks) {
    Graph graph;
    graph.spawn("sum", {"a", "b"}, [](const auto& in) { return in["a"] + in["b"]; });
    graph.spawn("twice", {"sum"}, [](const auto& in) { return in["sum"] * 2; });
    graph.post("a", 1);
    yield();
    EXPECT_EQ(graph.waiting_for("sum"), Keys{"b"});
    EXPECT_EQ(graph.waiting_for(), (std::map<std::string, Keys>{{"sum", {"b"}}, {"twice", {"sum"}}}));
    EXPECT_TRUE(graph.waiting_for("a").empty());
    EXPECT_THROW(graph.waiting_for("b"), std::invalid_argument) << "it is only named";
    EXPECT_THROW(graph.waiting_for("nowhere"), std::invalid_argument);
    graph.post("b", 2);
    EXPECT_EQ(graph.waiting_for(), (std::map<std::string, Keys>{{"twice", {"sum"}}}));
    EXPECT_EQ(graph.get("twice"), 6);
    EXPECT_TRUE(graph.waiting_for().empty());
    EXPECT_EQ(graph.wait_each_success({"twice"}).begin() == std::default_sentinel, false);
}

TENDRIL_TEST(TaskGraphEach, AFailureCanBePosted) {
    const auto error = std::make_exception_ptr(std::out_of_range("gone"));
    Graph graph;
    graph.spawn("next", {"source"}, [](const auto& in) { return in["source"]; });
    auto waits = spawn([&] { return graph.get("source"); });
    yield();
    graph.post_exception("source", error);
    EXPECT_THROW(waits.get(), PropagateError);
    try {
        graph.get("next");
        ADD_FAILURE();
    } catch (const PropagateError& e) {
        EXPECT_EQ(e.key(), "source");
        EXPECT_THROW(e.rethrow_nested(), std::out_of_range);
    }
    EXPECT_THROW(graph.post_exception("source", error), Collision);
    EXPECT_THROW(graph.post("source", 1), Collision);
    graph.post("source", 1, true);
    EXPECT_EQ(graph.get("source"), 1);
    graph.post_exception("source", error, true);
    EXPECT_THROW(graph.get("source"), PropagateError);
    EXPECT_THROW(graph.post_exception("x", nullptr), std::invalid_argument);
    EXPECT_EQ(graph.try_get("x"), nullptr);
    Event go;
    graph.spawn("runs", {}, [&] { return go.wait(), 1; });
    EXPECT_THROW(graph.post_exception("runs", error), Collision);
    go.set();
}

}  // namespace
}  // namespace tendril
