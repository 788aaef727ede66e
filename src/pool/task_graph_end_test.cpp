// SPDX-License-Identifier: MIT
//
// How the tasks of a TaskGraph fail and are killed, and how it ends.

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

TENDRIL_TEST(TaskGraph, AFailureGoesToAllThatDependOnItWithItsWay) {
    Graph graph;
    bool ran = false;
    graph.spawn("c", {"b", "x"}, [&] { return ran = true, 1; });
    graph.spawn("b", {"a"}, [&] { return ran = true, 1; });
    graph.spawn("a", {}, []() -> int { throw std::runtime_error("boom"); });
    try {
        graph.get("c");  // though x never comes
        ADD_FAILURE();
    } catch (const PropagateError& e) {
        EXPECT_EQ(e.key(), "a");
        EXPECT_EQ(e.path(), "c -> b -> a");
        EXPECT_TRUE(has(e.what(), "boom") && has(e.what(), "c -> b -> a")) << e.what();
        EXPECT_EQ(what_of<std::runtime_error>([&] { std::rethrow_if_nested(e); }), "boom");
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(what_of<PropagateError>([&] { graph.get("a"); }).find("c -> b"), std::string::npos);
    EXPECT_THROW(graph.try_get("b"), PropagateError);
    EXPECT_THROW(graph.wait({"b"}), PropagateError);
    EXPECT_TRUE(graph.wait_all());
}

TENDRIL_TEST(TaskGraph, AnEarlyTaskMayCopeWithAFailure) {
    Graph graph;
    graph.spawn_early("copes", {"bad", "good"}, [](const Graph::Inputs& in) {
        try {
            return in["bad"];
        } catch (const PropagateError&) {
            return in["good"];
        }
    });
    graph.spawn_early("doesn't", {"bad"}, [](const Graph::Inputs& in) {
        int sum = 0;
        for (const auto& [key, value] : in) {
            sum += value;
        }
        return sum;
    });
    graph.spawn("bad", {}, []() -> int { throw std::runtime_error("boom"); });
    graph.post("good", 5);
    EXPECT_EQ(graph.get("copes"), 5);
    EXPECT_TRUE(has(what_of<PropagateError>([&] { graph.get("doesn't"); }), "doesn't -> bad"));
}

TENDRIL_TEST(TaskGraph, AFailureThatNobodyAskedForIsReported) {
    {
        Graph graph;
        graph.spawn("quiet", {}, []() -> int { throw std::runtime_error("unseen"); });
        graph.spawn("dependent", {"quiet"}, [] { return 1; });
        graph.spawn("killed", {}, [] { return sleep(1h), 1; });
        graph.spawn("asked for", {}, []() -> int { throw std::runtime_error("seen"); });
        EXPECT_THROW(graph.get("asked for"), PropagateError);
        graph.kill("killed");
    }
    const auto reports = testing::take_unhandled();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_TRUE(has(reports[0], "task of a TaskGraph") && has(reports[0], "unseen")) << reports[0];
}

TENDRIL_TEST(TaskGraph, AnInterruptThatATaskDoesNotCatchIsItsFailure) {
    Graph graph;
    graph.spawn("late", {}, [] {
        const Timeout limit(1ms);
        sleep(1h);
        return 1;
    });
    try {
        graph.get("late");
        ADD_FAILURE();
    } catch (const PropagateError& e) {
        EXPECT_THROW(std::rethrow_if_nested(e), GreenletKilled);
    }
}

TENDRIL_TEST(TaskGraph, KillFailsTheTaskAndItsDependents) {
    Graph graph;
    graph.spawn("waits for what it needs", {"never"}, [] { return 1; });
    graph.spawn("runs", {}, [] { return sleep(1h), 1; });
    graph.spawn("stubborn", {}, [] {
        try {
            sleep(1h);
        } catch (const GreenletExit&) {  // a kill is delivered once
        }
        return sleep(1h), 1;
    });
    graph.spawn("needs both", {"runs", "waits for what it needs"}, [] { return 1; });
    yield();
    graph.spawn("has not begun", {}, [] { return 1; });
    EXPECT_TRUE(graph.kill("has not begun"));
    EXPECT_TRUE(graph.kill("waits for what it needs"));
    EXPECT_FALSE(graph.kill("stubborn", 1ms));
    EXPECT_TRUE(graph.kill("stubborn"));
    EXPECT_TRUE(graph.kill("runs"));
    EXPECT_TRUE(graph.kill("runs")) << "it has ended already";
    for (const char* key : {"has not begun", "waits for what it needs", "runs", "needs both"}) {
        try {
            graph.get(key);
            ADD_FAILURE() << key;
        } catch (const PropagateError& e) {
            EXPECT_THROW(std::rethrow_if_nested(e), GreenletKilled);
        }
    }
    EXPECT_THROW(graph.kill("unknown"), std::invalid_argument);
    graph.post("posted", 1);
    EXPECT_TRUE(graph.kill("posted"));
    EXPECT_EQ(graph.get("posted"), 1);
    graph.post("runs", 7, true);
    EXPECT_EQ(graph.get("runs"), 7) << "a failure can be replaced";

    graph.spawn("one", {"never"}, [] { return 1; });
    graph.spawn("two", {}, [] { return sleep(1h), 1; });
    EXPECT_TRUE(graph.kill_all());
    EXPECT_EQ(graph.running(), 0u);
    EXPECT_EQ(graph.waiting(), 0u);
}

TENDRIL_TEST(TaskGraph, KilledWhileItWaitsForTheLimit) {
    TaskGraph<int, int> graph(1);
    Event go;
    graph.spawn(1, {}, [&] { return go.wait(), 1; });
    graph.spawn(2, {}, [] { return 2; });
    graph.spawn(3, {}, [] { return 3; });
    graph.spawn_early(4, {5}, [](const auto& in) { return in[5]; });
    yield();
    EXPECT_EQ(graph.waiting(), 3u);
    EXPECT_TRUE(graph.kill(2));
    EXPECT_TRUE(graph.kill(4));
    go.set();
    EXPECT_EQ(graph.get(3), 3);
    EXPECT_THROW(graph.get(2), PropagateError);
    EXPECT_THROW(graph.get(4), PropagateError);
    EXPECT_TRUE(graph.wait_all());
}

TENDRIL_TEST(TaskGraph, AKilledEarlyTaskThatLivesOnHasItsSlotAgain) {
    TaskGraph<int, int> graph(1);
    int now = 0;
    int most = 0;
    graph.spawn_early(1, {9}, [&](const auto& in) {
        try {
            return in[9];
        } catch (const GreenletExit&) {
            most = std::max(most, ++now);
            yield();
            return --now, 1;
        }
    });
    yield();
    graph.spawn(2, {}, [&] {
        most = std::max(most, ++now);
        sleep(1ms);
        return --now, 2;
    });
    yield();
    EXPECT_TRUE(graph.kill(1));
    EXPECT_EQ(graph.get(1), 1);
    EXPECT_EQ(most, 1);
}

// AddressSanitizer sees what the second one would look at.
TENDRIL_TEST(TaskGraph, TheFirstThatHasWaitedForAllMayDestroyIt) {
    auto graph = std::make_unique<Graph>();
    graph->spawn("a", {}, [] {
        yield();
        return 1;
    });
    const auto first = spawn([&] {
        EXPECT_TRUE(graph->wait_all());
        graph.reset();
    });
    const auto second = spawn([&] { EXPECT_TRUE(graph->wait_all()); });
    first.join();
    second.join();
    EXPECT_EQ(graph, nullptr);
}

TENDRIL_TEST(TaskGraph, AWaiterThatIsKilledOrTooLateLeavesNothingBehind) {
    Graph graph;
    auto waiter = spawn([&] { graph.get("x"); });
    auto gatherer = spawn([&] { graph.wait({"x", "y"}); });
    auto iterates = spawn([&] {
        for (const auto& [key, value] : graph.wait_each({"x", "y"})) {
            ADD_FAILURE() << key << value;
        }
    });
    yield();
    kill_all({waiter, gatherer, iterates});
    EXPECT_FALSE(with_timeout(1ms, [&] { graph.get("x"); }));
    EXPECT_THROW(graph.wait({"x", "y"}, 1ms), TimeoutError);
    EXPECT_THROW(graph.get("", 1ms), TimeoutError) << "the empty key is one like any other";
    EXPECT_THROW(for ([[maybe_unused]] const auto& entry : graph.wait_each({"x"}, 1ms)){}, TimeoutError);
    graph.spawn("z", {"x"}, [] { return 1; });
    EXPECT_FALSE(graph.wait_all(1ms));
    graph.post("x", 1);
    graph.post("y", 2);
    EXPECT_EQ(graph.wait({"x", "y"}).size(), 2u);
}

TENDRIL_TEST(TaskGraph, TheDestructorJoins) {
    bool ended = false;
    Event go;
    spawn_n([&] { go.set(); });
    {
        Graph graph;
        graph.spawn("a", {"b"}, [&] { return ended = true, 1; });
        graph.spawn("b", {}, [&] { return go.wait(), 1; });
        graph.spawn("spawns", {}, [&graph] { return graph.spawn("spawned", {"a"}, [] { return 1; }), 1; });
    }
    EXPECT_TRUE(ended);
}

TENDRIL_TEST(TaskGraph, TheDestructorKillsWhereItUnwinds) {
    bool ended = false;
    try {
        Graph graph;
        graph.spawn("a", {}, [&] {
            try {
                sleep(1h);
            } catch (const GreenletExit&) {
                sleep(1ms);  // the end waits for it
                ended = true;
                EXPECT_THROW(graph.spawn("c", {}, [] { return 1; }), std::logic_error);
                throw;
            }
            return 1;
        });
        graph.spawn("b", {"never"}, [] { return 1; });
        yield();
        throw std::runtime_error("boom");
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "boom");
    }
    EXPECT_TRUE(ended);
}

TENDRIL_TEST(TaskGraph, AKillOfItsOwnerUnwindsItAndWaitsForItsTasks) {
    bool ended = false;
    auto owner = spawn([&] {
        Graph graph;
        graph.spawn("a", {}, [&] {
            struct Ends {
                bool& flag;
                ~Ends() { flag = true; }
            } ends{ended};
            return sleep(1h), 1;
        });
        graph.wait_all();
    });
    yield();
    yield();
    EXPECT_TRUE(owner.kill());
    EXPECT_TRUE(ended);
}

TENDRIL_TEST(TaskGraph, WhoWaitsFromOutsideWhenItIsDestroyedIsTold) {
    auto graph = std::make_unique<Graph>();
    auto waiter = spawn([&] { graph->get("x"); });
    yield();
    graph.reset();
    EXPECT_THROW(waiter.get(), std::logic_error);
}

// In the main green thread of a fresh OS thread, where LoopExit arrives.
TEST(TaskGraph, TasksThatWaitForWhatNobodyPostsAreKilledAtTheEnd) {
    std::thread([] {
        std::vector<std::string> reports;
        Hub::current().set_error_handler(
            [&](const ErrorContext& context, const std::exception_ptr&) { reports.emplace_back(context.activity); });
        {
            Graph graph;
            graph.spawn("a", {"never"}, [] { return 1; });
        }
        EXPECT_EQ(reports, std::vector<std::string>{"end of a TaskGraph"});
        Hub::current().set_error_handler(nullptr);
    }).join();
}

}  // namespace
}  // namespace tendril
