// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 H: results by key.

#include <tendril/task_graph.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Graph = TaskGraph<std::string, int>;
using Entries = std::vector<std::pair<std::string, int>>;

TENDRIL_TEST(ConformanceH, TH18_SpawnMany) {
    Graph graph;
    const std::map<std::string, std::vector<std::string>> tasks{
        {"d", {"b", "c"}}, {"b", {"a"}}, {"c", {"a"}}, {"a", {}}};
    std::vector<std::string> ran;
    graph.spawn_many(
        tasks,
        [&](const Graph::Inputs& in, int own) {
            ran.push_back(in.key());
            int sum = own;
            for (const auto& [key, value] : in) {
                sum += value;
            }
            return sum;
        },
        1);
    EXPECT_EQ(graph.running(), 4u);
    EXPECT_EQ(graph.wait(), (std::map<std::string, int>{{"a", 1}, {"b", 2}, {"c", 2}, {"d", 5}}));
    EXPECT_EQ(ran.front(), "a");
    EXPECT_EQ(ran.back(), "d");
    graph.spawn_many({{"e", {"d"}}, {"f", {"e"}}}, [](const Graph::Inputs& in) { return (*in.begin()).second * 2; });
    EXPECT_EQ(graph.get("f"), 20);
}

TENDRIL_TEST(ConformanceH, TH18_WaitEachGivesAllInTheOrderOfCompletion) {
    Graph graph({{"first", 1}});
    std::vector<std::string> posted;
    auto poster = spawn([&] {
        for (const char* key : {"z", "m", "a"}) {
            yield();
            graph.post(key, static_cast<int>(posted.size()));
            posted.emplace_back(key);
        }
    });
    Entries got;
    std::size_t posted_when_first_came = 9;
    for (const auto& [key, value] : graph.wait_each({"a", "first", "m", "z"})) {
        if (got.empty()) {
            posted_when_first_came = posted.size();
        }
        got.emplace_back(key, value);
    }
    EXPECT_EQ(posted_when_first_came, 0u) << "what is there is not waited for";
    EXPECT_EQ(got, (Entries{{"first", 1}, {"z", 0}, {"m", 1}, {"a", 2}}));
    poster.get();

    got.clear();
    for (const auto& [key, value] : graph.wait_each()) {
        got.emplace_back(key, value);
        if (got.size() == 2) {
            break;
        }
    }
    EXPECT_EQ(got, (Entries{{"first", 1}, {"z", 0}})) << "it can be left early, and asked again";
}

TENDRIL_TEST(ConformanceH, TH18_AFailurePropagates) {
    Graph graph;
    graph.spawn("c", {"b"}, [] { return 3; });
    graph.spawn("b", {"a"}, [] { return 2; });
    graph.spawn("independent", {}, [] { return 4; });
    graph.spawn("a", {}, []() -> int { throw std::runtime_error("the first one"); });
    EXPECT_TRUE(graph.wait_all());
    EXPECT_EQ(graph.get("independent"), 4);
    for (const char* key : {"a", "b", "c"}) {
        try {
            graph.get(key);
            ADD_FAILURE() << key;
        } catch (const PropagateError& e) {
            EXPECT_EQ(e.key(), "a");
            EXPECT_EQ(e.path().substr(0, 1), key);
            EXPECT_NE(std::string(e.what()).find("the first one"), std::string::npos) << e.what();
        }
    }
    EXPECT_THROW(graph.wait(), PropagateError);

    int values = 0;
    int errors = 0;
    const auto each = graph.wait_each({"a", "b", "c", "independent"});
    for (auto it = each.begin(); it != each.end(); ++it) {
        try {
            values += (*it).second;
        } catch (const PropagateError&) {
            ++errors;
        }
    }
    EXPECT_EQ(values, 4);
    EXPECT_EQ(errors, 3);
}

TENDRIL_TEST(ConformanceH, TH18_PostReplacesOnRequestOnly) {
    Graph graph;
    graph.post("a", 1);
    EXPECT_THROW(graph.post("a", 2), Collision);
    EXPECT_EQ(graph.get("a"), 1);
    graph.spawn("before", {"a"}, [](const Graph::Inputs& in) { return in["a"]; });
    EXPECT_EQ(graph.get("before"), 1);
    graph.post("a", 2, true);
    EXPECT_EQ(graph.get("a"), 2);
    EXPECT_EQ(graph.get("before"), 1) << "what was made of the old one stays";
    graph.spawn("after", {"a"}, [](const Graph::Inputs& in) { return in["a"]; });
    EXPECT_EQ(graph.get("after"), 2);
    EXPECT_THROW(graph.spawn("a", {}, [] { return 3; }), Collision);
}

}  // namespace
}  // namespace tendril
