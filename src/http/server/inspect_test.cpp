// SPDX-License-Identifier: MIT

#include <tendril/http/inspect.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/http/router.hpp>

#include "base/json.hpp"
#include "green_test.hpp"
#include "http_server.hpp"
#include "prometheus_grammar.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using tendril::detail::Json;
using testing::get;
using testing::RawAnswer;
using testing::request;
using testing::Served;

Router inspected(InspectOptions options = {}) {
    Router router;
    options.prefix = "/tendril/";
    router.add("GET", "/metrics", metrics_handler());
    router.add("*", "/tendril/{path...}", InspectPages(options));
    return router;
}

TENDRIL_TEST(Inspect, ServesMetricsToPrometheus) {
    Served served(inspected());
    served.ask(get("/none"));
    const RawAnswer answer = served.ask(get("/metrics"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(testing::fault_of_prometheus(answer.body), "") << answer.body;
    EXPECT_NE(answer.body.find("\ntendril_http_requests_total{server=\"127.0.0.1:"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find("\ntendril_http_connections_open{"), std::string::npos);
    EXPECT_NE(answer.body.find("\ntendril_run_queue_delay_seconds_count{"), std::string::npos);
}

TENDRIL_TEST(Inspect, ServesSnapshotsAsJson) {
    Served served(inspected());
    const auto sleeper = spawn({.name = "a sleeper", .daemon = true}, [] { sleep(1h); });
    const RawAnswer answer = served.ask(get("/tendril/snapshot.json?filter=a+sleeper&most=5"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    const Json all = Json::parse(answer.body);
    ASSERT_EQ(all["greenlets"].items().size(), 1U) << answer.body;
    EXPECT_EQ(all["greenlets"].items()[0]["waits_in"].string(), "sleep");
    bool counted = false;
    for (const Json& each : all["metrics"].items()) {
        counted = counted || (each["name"].string() == "tendril_http_requests_total" && each["value"].number() >= 1);
    }
    EXPECT_TRUE(counted);
    sleeper.kill();
    EXPECT_EQ(served.ask(get("/tendril/snapshot.json?order=x")).status, 400);
    EXPECT_EQ(served.ask(get("/tendril/other")).status, 404);
    EXPECT_EQ(served.ask(request("POST /tendril/snapshot.json")).status, 405);
}

TENDRIL_TEST(Inspect, ServesAPageWhoseOwnScriptAloneMayRun) {
    Served served(inspected());
    const RawAnswer first = served.ask(get("/tendril/")), second = served.ask(get("/tendril/"));
    EXPECT_EQ(first.header("Content-Type"), "text/html; charset=utf-8");
    const std::string policy = first.header("Content-Security-Policy").value_or("none");
    const std::size_t at = policy.find("script-src 'nonce-");
    ASSERT_NE(at, std::string::npos) << policy;
    const std::string nonce = policy.substr(at + 18, 24);
    EXPECT_NE(first.body.find("<script nonce=\"" + nonce + "\">"), std::string::npos);
    EXPECT_EQ(first.body.find("NONCE"), std::string::npos);
    EXPECT_NE(first.body, second.body) << "each answer has another nonce";
}

TENDRIL_TEST(Inspect, IsForClientsThatAreAllowed) {
    Served served(inspected({.allow = {Network("10.0.0.0/8")}}));
    EXPECT_EQ(served.ask(get("/tendril/snapshot.json")).status, 403);
    EXPECT_EQ(served.ask(get("/metrics")).status, 200) << "it has no list";
}

// Else a page of another origin could read it, by a name of its own that leads to 127.0.0.1.
TENDRIL_TEST(Inspect, IsNotForAStrangersName) {
    const auto status = [](Served& served, const std::string& host) {
        const std::string all =
            served.all("GET /tendril/snapshot.json HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        return all.substr(9, 3);
    };
    Served served(inspected());
    EXPECT_EQ(status(served, "evil.example"), "403");
    EXPECT_EQ(status(served, "evil.example:80"), "403");
    EXPECT_EQ(status(served, "localhost.evil.example"), "403");
    EXPECT_EQ(status(served, "localhost:8080"), "200");
    EXPECT_EQ(status(served, "127.0.0.1:8080"), "200");
    EXPECT_EQ(status(served, "[::1]:8080"), "200");
    Served behind_a_login(inspected({.any_host = true}));
    EXPECT_EQ(status(behind_a_login, "inside.example"), "200");
}

TENDRIL_TEST(Inspect, RefusesAPrefixThatIsNotAFolder) {
    EXPECT_THROW(InspectPages({.prefix = "tendril/"}), std::invalid_argument);
    EXPECT_THROW(InspectPages({.prefix = "/tendril"}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::http
