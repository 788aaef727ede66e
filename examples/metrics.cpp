// SPDX-License-Identifier: MIT
//
// A server that shows itself: its metrics for Prometheus, with one of its own, and a page for people.

#include <atomic>
#include <cstdio>
#include <sstream>
#include <string>

#include <tendril/http/client.hpp>
#include <tendril/http/inspect.hpp>
#include <tendril/http/router.hpp>
#include <tendril/http/server.hpp>
#include <tendril/metrics.hpp>

using namespace tendril;

int main() {
    std::atomic<int> greeted = 0;
    const MetricSource source([&](std::vector<Metric>& out) {
        out.push_back({"greeted_total", "Visitors greeted", MetricKind::counter, {}, double(greeted)});
    });

    http::Router router;
    router.add("GET", "/metrics", http::metrics_handler());
    router.add("GET", "/tendril/{path...}", http::InspectPages({.prefix = "/tendril/"}));  // a page, for a browser
    router.add("GET", "/", [&](http::Request&, http::Response& response) {
        ++greeted;
        response.send("Hello!\n", "text/plain");
    });
    http::Server server("127.0.0.1:0", router);
    server.start();

    const std::string url = "http://" + server.address().to_string();
    http::get(url + "/");
    http::get(url + "/");
    std::istringstream metrics(http::get(url + "/metrics").text());
    for (std::string line; std::getline(metrics, line);) {
        if (line.find("greeted") != std::string::npos) {
            std::puts(line.c_str());
        }
    }
    std::printf("the page: %d\n", http::get(url + "/tendril/").status());
}
