// SPDX-License-Identifier: MIT
//
// A build: each target begins when all its inputs exist; a target that fails also fails everything built from it.

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/task_graph.hpp>

using Graph = tendril::TaskGraph<std::string, std::string>;

int main() {
    Graph graph({{"main.c", "int main"}, {"util.c", "int util"}});
    const std::map<std::string, std::vector<std::string>> rules{
        {"app", {"main.o", "util.o"}}, {"main.o", {"main.c"}}, {"util.o", {"util.c"}}, {"docs", {"manual.md"}}};
    graph.spawn_many(rules, [](const Graph::Inputs& in) {
        std::string made = in.key() + "(";
        for (const auto& [key, value] : in) {
            if (value.empty()) {
                throw std::runtime_error(key + " is empty");
            }
            made += " " + key;
        }
        tendril::sleep();
        std::printf("made %s\n", in.key().c_str());
        return made + " )";
    });
    std::printf("%zu run\n", graph.running());
    graph.spawn("site", {"docs", "app"}, [] { return std::string("site"); });
    graph.post("manual.md", "");
    for (const auto& [key, value] : graph.wait_each({"app", "main.o", "util.o"})) {
        std::printf("%s = %s\n", key.c_str(), value.c_str());
    }
    try {
        graph.get("site");
    } catch (const tendril::PropagateError& e) {
        std::printf("%s failed: %s\n", e.key().c_str(), e.path().c_str());
    }
}
