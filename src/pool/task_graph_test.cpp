// SPDX-License-Identifier: MIT

#include <tendril/task_graph.hpp>

#include <algorithm>
#include <memory>
#include <ranges>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Graph = TaskGraph<std::string, int>;
using Keys = std::vector<std::string>;

static_assert(std::ranges::input_range<const Graph::Each>);
static_assert(std::ranges::input_range<const Graph::Inputs>);

template <class E, class F>
std::string what_of(F f) {
    try {
        f();
    } catch (const E& e) {
        return e.what();
    }
    ADD_FAILURE() << "nothing of the kind was thrown";
    return "";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TENDRIL_TEST(TaskGraph, ATaskWaitsForWhatItNeedsWhoeverBringsItAndWhenever) {
    Graph graph;
    graph.spawn("sum", {"a", "b"}, [](const Graph::Inputs& in) { return in["a"] + in["b"]; });
    yield();
    EXPECT_EQ(graph.running(), 1u);
    EXPECT_EQ(graph.waiting(), 1u);
    EXPECT_EQ(graph.waiting_for("sum"), (Keys{"a", "b"}));
    EXPECT_EQ(graph.try_get("sum"), nullptr);
    EXPECT_THROW(graph.get("sum", 1ms), TimeoutError);
    graph.spawn("a", {}, [] { return 1; });
    graph.post("b", 2);
    EXPECT_EQ(graph.waiting_for("sum"), Keys{"a"});
    EXPECT_EQ(graph.running_keys(), (Keys{"a", "sum"}));
    EXPECT_EQ(graph.get("sum"), 3);
    EXPECT_EQ(graph.keys(), (Keys{"a", "b", "sum"}));
    EXPECT_EQ(graph.running() + graph.waiting(), 0u);
    ASSERT_NE(graph.try_get("sum"), nullptr);
    EXPECT_EQ(*graph.try_get("sum"), 3);
}

TENDRIL_TEST(TaskGraph, ArgumentsAndMoveOnlyValues) {
    TaskGraph<int, std::unique_ptr<int>> graph;
    graph.spawn(
        1, {}, [](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(4));
    graph.spawn(
        2, std::vector{1}, [](const auto& in, int more) { return std::make_unique<int>(*in[1] + in.key() + more); },
        10);
    EXPECT_EQ(*graph.get(2), 16);
    const std::unique_ptr<int>& kept = graph.get(1);
    graph.post(1, std::make_unique<int>(5), true);
    EXPECT_EQ(*kept, 5) << "a reference sees what replaced it";
}

TENDRIL_TEST(TaskGraph, InputsAreKeyedAndComeInTheOrderOfCompletion) {
    Graph graph({{"x", 10}});
    Keys order;
    graph.spawn("all", {"late", "early", "x"}, [&](const Graph::Inputs& in) {
        EXPECT_EQ(in.key(), "all");
        EXPECT_EQ(in.size(), 3u);
        EXPECT_THROW(static_cast<void>(in["other"]), std::invalid_argument);
        int sum = 0;
        for (const auto& [key, value] : in) {
            order.push_back(key);
            sum += value;
        }
        return sum;
    });
    yield();
    graph.post("early", 1);
    graph.post("late", 2);
    EXPECT_EQ(graph.get("all"), 13);
    EXPECT_EQ(order, (Keys{"x", "early", "late"}));
}

TENDRIL_TEST(TaskGraph, AnEarlyTaskBeginsAtOnceAndTakesWhatItNeedsAsItComes) {
    Graph graph;
    Keys log;
    graph.spawn_early("early", {"a", "b", "c"}, [&](const Graph::Inputs& in) {
        log.push_back("begun");
        int sum = in["c"];
        log.push_back("c");
        for (const auto& [key, value] : in) {
            log.push_back(key + "!");
            sum += value;
        }
        return sum;
    });
    yield();
    EXPECT_EQ(log, Keys{"begun"});
    EXPECT_EQ(graph.waiting(), 1u);
    graph.post("b", 1);
    yield();
    EXPECT_EQ(log.size(), 1u);
    graph.post("c", 2);
    yield();
    EXPECT_EQ(log, (Keys{"begun", "c", "b!", "c!"}));
    graph.post("a", 3);
    EXPECT_EQ(graph.get("early"), 8);
}

TENDRIL_TEST(TaskGraph, TheLimitCountsOnlyThoseThatDoNotWaitForWhatTheyNeed) {
    TaskGraph<int, int> graph(2);
    int now = 0;
    int most = 0;
    const auto work = [&](const auto& in) {
        most = std::max(most, ++now);
        yield();
        yield();
        --now;
        return in.key();
    };
    for (int early = 100; early < 103; ++early) {
        graph.spawn_early(early, {0, 9}, [&](const auto& in) {
            int sum = in[0];  // a task holds no slot while it waits here, or no other could run
            most = std::max(most, ++now);
            yield();
            --now;
            sum += in[9];
            most = std::max(most, ++now);
            yield();
            --now;
            return sum;
        });
    }
    for (int i = 1; i < 10; ++i) {
        graph.spawn(i, {0}, work);
    }
    yield();
    EXPECT_EQ(graph.waiting(), 12u);
    EXPECT_EQ(now, 0);
    graph.spawn(0, {}, work);
    EXPECT_TRUE(graph.wait_all());
    EXPECT_EQ(most, 2);
    EXPECT_EQ(graph.get(100), 9);
    EXPECT_EQ(graph.keys().size(), 13u);
}

TENDRIL_TEST(TaskGraph, CollisionsAreRefused) {
    Graph graph({{"a", 1}});
    EXPECT_THROW(graph.post("a", 2), Collision);
    EXPECT_THROW(graph.spawn("a", {}, [] { return 1; }), Collision);
    graph.spawn("b", {"x"}, [] { return 1; });
    EXPECT_THROW(graph.spawn("b", {}, [] { return 1; }), Collision);
    EXPECT_TRUE(has(what_of<Collision>([&] { graph.post("b", 2, true); }), "\"b\""));
    EXPECT_THROW(Graph({{"a", 1}, {"a", 2}}), Collision);
    graph.post("x", 1);
    EXPECT_EQ(graph.get("b"), 1);
}

TENDRIL_TEST(TaskGraph, CyclesAreRefusedAndPrinted) {
    Graph graph;
    const auto one = [] { return 1; };
    EXPECT_TRUE(has(what_of<std::invalid_argument>([&] { graph.spawn("a", {"a"}, one); }), "a -> a"));
    graph.spawn("a", {"x", "b"}, one);
    graph.spawn("b", {"y", "c"}, one);
    EXPECT_TRUE(has(what_of<std::invalid_argument>([&] { graph.spawn("c", {"z", "a"}, one); }), "c -> a -> b -> c"));
    EXPECT_EQ(graph.running(), 2u);
    graph.spawn("c", {}, one);
    graph.post("x", 1);
    graph.post("y", 1);
    EXPECT_EQ(graph.get("a"), 1) << "what was refused has left nothing behind";
    graph.spawn("d", {"a"}, one);  // a value that already exists cannot be part of a cycle
    EXPECT_EQ(graph.get("d"), 1);
}

TENDRIL_TEST(TaskGraph, WaitingForOneselfIsRefused) {
    Graph graph;
    graph.spawn("a", {}, [&] {
        EXPECT_THROW(graph.get("a"), std::logic_error);
        EXPECT_THROW(graph.wait(), std::logic_error);
        EXPECT_THROW(graph.wait_all(), std::logic_error);
        return 1;
    });
    EXPECT_TRUE(graph.wait_all());
    EXPECT_THROW(Graph(0), std::invalid_argument);
    EXPECT_THROW(Graph(-1), std::invalid_argument);
}

TENDRIL_TEST(TaskGraph, ALongChainNeedsNoDeepStack) {
    TaskGraph<int, int> graph;
    constexpr int length = 2000;
    for (int i = length; i > 0; --i) {  // each one is already needed when it is spawned
        graph.spawn(i, {i - 1}, [](const auto& in) { return in[in.key() - 1] + 1; });
    }
    EXPECT_THROW(graph.spawn(0, {length}, [] { return 0; }), std::invalid_argument);
    graph.post(0, 0);
    EXPECT_EQ(graph.get(length), length);
}

TENDRIL_TEST(TaskGraph, TheGreenThreadIsNamedAfterItsKeyAndItsPlaceIsKnown) {
    Graph graph;
    graph.spawn("fetch", {"url"}, [] { return 1; });
    std::ostringstream dump;
    Hub::current().dump(dump);
    EXPECT_TRUE(has(dump.str(), "\"fetch\"") && has(dump.str(), "task_graph_test.cpp")) << dump.str();
    graph.post("url", 1);
}

TENDRIL_TEST(TaskGraph, KeysOfAnyKindHaveAText) {
    enum class Colour { red };
    TaskGraph<Colour, int> colours;
    EXPECT_FALSE(what_of<std::invalid_argument>([&] { colours.kill(Colour::red); }).empty());
    TaskGraph<int, int> numbers;
    EXPECT_TRUE(has(what_of<std::invalid_argument>([&] { numbers.kill(42); }), "\"42\""));
    TaskGraph<std::thread::id, int> streamed;
    EXPECT_TRUE(has(what_of<std::invalid_argument>([&] { streamed.kill(std::thread::id()); }), "thread::id"));
}

TENDRIL_TEST(TaskGraphThreads, AForeignOsThreadIsRefused) {
    Graph graph;
    graph.post("a", 1);
    std::thread([&] {
        EXPECT_THROW(graph.post("b", 1), WrongThread);
        EXPECT_THROW(graph.get("a"), WrongThread);
        EXPECT_THROW(graph.spawn("c", {}, [] { return 1; }), WrongThread);
        EXPECT_THROW(graph.wait_all(), WrongThread);
        EXPECT_THROW(graph.kill_all(), WrongThread);
    }).join();
}

}  // namespace
}  // namespace tendril
