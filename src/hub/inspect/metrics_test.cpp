// SPDX-License-Identifier: MIT
//
// Metrics, their sources, and the text format of Prometheus, whose grammar every line is held against.

#include <tendril/metrics.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"
#include "prometheus_grammar.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::fault_of_prometheus;

TENDRIL_TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
    Metric histogram{"took_seconds", "How long", MetricKind::histogram, {}, 0, {{0.5, 1}, {2, 3, 4}, 9.5}};
    const std::string text = to_prometheus({
        {"a_total", "One\nand \\ two", MetricKind::counter, {{"x", "q\"\\\n"}}, 3},
        {"b", "", MetricKind::gauge, {}, 0.25},
        {"a_total", "One\nand \\ two", MetricKind::counter, {{"x", "y"}, {"w", "z"}}, 4},
        histogram,
    });
    EXPECT_EQ(text, "# HELP a_total One\\nand \\\\ two\n"
                    "# TYPE a_total counter\n"
                    "a_total{x=\"q\\\"\\\\\\n\"} 3\n"
                    "a_total{w=\"z\",x=\"y\"} 4\n"
                    "# TYPE b gauge\n"
                    "b 0.25\n"
                    "# HELP took_seconds How long\n"
                    "# TYPE took_seconds histogram\n"
                    "took_seconds_bucket{le=\"0.5\"} 2\n"
                    "took_seconds_bucket{le=\"1\"} 5\n"
                    "took_seconds_bucket{le=\"+Inf\"} 9\n"
                    "took_seconds_sum 9.5\n"
                    "took_seconds_count 9\n");
    EXPECT_EQ(fault_of_prometheus(text), "");
}

TENDRIL_TEST(Metrics, ThatAreOddStillKeepToTheFormat) {
    const double infinity = std::numeric_limits<double>::infinity();
    const std::string text = to_prometheus({
        {"0 bad-name", "x", MetricKind::gauge, {{"le:gal", "1"}, {"", "2"}}, infinity},
        {"", "", MetricKind::gauge, {}, -infinity},
        {"n", "", MetricKind::gauge, {}, std::numeric_limits<double>::quiet_NaN()},
        {"twice", "", MetricKind::gauge, {{"a", "1"}}, 2},
        {"twice", "", MetricKind::gauge, {{"a", "1"}}, 3},
        {"twice", "", MetricKind::counter, {{"a", "2"}}, 3},
        {"torn", "", MetricKind::histogram, {}, 0, {{1}, {2}, 3}},
    });
    EXPECT_EQ(fault_of_prometheus(text), "") << text;
    EXPECT_NE(text.find("_bad_name{_=\"2\",le_gal=\"1\"} +Inf\n"), std::string::npos) << text;
    EXPECT_NE(text.find("twice{a=\"1\"} 5\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("torn_bucket"), std::string::npos) << "its counts do not fit its bounds";
}

TENDRIL_TEST(Metrics, OfAHubSayWhatItDoes) {
    const auto sleeper = spawn({.daemon = true}, [] { sleep(1h); });
    yield();
    HubSnapshot blocked;
    blocked.os_thread = 99;
    const std::string text = to_prometheus(all_metrics({snapshot(), blocked}));
    EXPECT_EQ(fault_of_prometheus(text), "") << text;
    EXPECT_TRUE(std::regex_search(text, std::regex("\ntendril_waiting\\{call=\"sleep\",hub=\"[0-9]+\"\\} 1\n")))
        << text;
    EXPECT_TRUE(std::regex_search(text, std::regex("\ntendril_greenlets\\{hub=\"[0-9]+\"\\} 2\n"))) << text;
    EXPECT_NE(text.find("tendril_hub_answered{hub=\"99\"} 0\n"), std::string::npos);
    EXPECT_NE(text.find("\nprocess_resident_memory_bytes "), std::string::npos);
    EXPECT_NE(text.find("\ntendril_stretch_seconds_bucket{hub="), std::string::npos);
    sleeper.kill();
}

TENDRIL_TEST(Metrics, AskTheirSourcesWhileTheyLive) {
    int asked = 0;
    {
        const MetricSource good([&](std::vector<Metric>& out) {
            ++asked;
            out.push_back({"good", "", MetricKind::gauge, {}, 1});
        });
        const MetricSource bad([](std::vector<Metric>& out) {
            out.push_back({"half", "", MetricKind::gauge, {}, 1});
            throw std::runtime_error("a test's");
        });
        const auto all = source_metrics();
        const auto count = [&](const char* name) {
            return std::count_if(all.begin(), all.end(), [&](const Metric& each) { return each.name == name; });
        };
        EXPECT_EQ(count("good"), 1);
        EXPECT_EQ(count("half"), 0) << "a source that throws is left out";
    }
    source_metrics();
    EXPECT_EQ(asked, 1);
    EXPECT_THROW(const MetricSource none{MetricSource::Function()}, std::invalid_argument);
}

}  // namespace
}  // namespace tendril
