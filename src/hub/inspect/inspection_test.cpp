// SPDX-License-Identifier: MIT
//
// The snapshots of hubs as JSON, and the query that says what it lists.

#include <tendril/inspection.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/metrics.hpp>

#include "base/json.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using detail::Json;
using Order = InspectionQuery::Order;

Json inspected(const InspectionQuery& query = {}) {
    return Json::parse(to_json({snapshot(query.snapshot_options())}, query));
}

std::vector<std::string> names_in(const Json& all) {
    std::vector<std::string> names;
    for (const Json& each : all["greenlets"].items()) {
        if (!each["name"].string().empty() && each["name"].string() != "test body") {
            names.push_back(each["name"].string());
        }
    }
    return names;
}

struct Sleepers {
    std::vector<Greenlet<void>> all;
    explicit Sleepers(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            all.push_back(spawn({.name = name, .daemon = true}, [] { sleep(1h); }));
            yield();
        }
    }
    ~Sleepers() { kill_all(all); }
};

TENDRIL_TEST(Inspection, ListsGreenThreadsAndGroupsThem) {
    const Sleepers sleepers({"one", "two", "thr\"ee\n\xff"});
    const Json all = inspected();
    EXPECT_GT(all["process"]["pid"].count(), 0U);
    EXPECT_NE(all["process"]["command"].string().find("test"), std::string::npos);
#ifndef TENDRIL_TEST_UNDER_EMULATOR  // whose /proc/self/stat says 0
    EXPECT_GT(all["process"]["resident_bytes"].count(), 1'000'000U);
#endif
    EXPECT_GT(all["process"]["open_descriptors"].count(), 2U);
    EXPECT_GE(all["process"]["uptime"].number(), 0);
    ASSERT_EQ(all["hubs"].items().size(), 1U);
    EXPECT_TRUE(all["hubs"].items()[0]["answered"].boolean());
    EXPECT_EQ(all["hubs"].items()[0]["scheduling"]["stretches"]["counts"].items().size(), DurationHistogram::buckets);

    const Json& group = all["groups"].items().at(0);
    EXPECT_EQ(group["count"].count(), 3U) << "they do the same, and come from the same place";
    EXPECT_EQ(group["waits_in"].string(), "sleep");
    EXPECT_TRUE(group["file"].string().ends_with("inspection_test.cpp"));
    EXPECT_EQ(all["greenlets_total"].count(), 5U) << "with the main one and the test's own";
    for (const Json& each : all["greenlets"].items()) {
        if (each["name"].string() == "one") {
            EXPECT_EQ(each["state"].string(), "waits");
            EXPECT_TRUE(each["daemon"].boolean());
            EXPECT_GT(each["due"].number(), 3500);
            EXPECT_EQ(each["backtrace"].kind(), Json::Kind::null) << "nobody asked for it";
        }
    }
    EXPECT_EQ(names_in(inspected({.order = Order::name})),
              (std::vector<std::string>{"one", "thr\"ee\n\xEF\xBF\xBD", "two"}));
}

TENDRIL_TEST(Inspection, SortsFiltersAndBounds) {
    const Sleepers sleepers({"worker b", "worker a", "other"});
    const std::vector<std::string> by_age{"worker b", "worker a", "other"};
    EXPECT_EQ(names_in(inspected({.order = Order::id})), by_age);
    EXPECT_EQ(names_in(inspected({.order = Order::id, .reverse = true})),
              std::vector<std::string>(by_age.rbegin(), by_age.rend()));
    const Json some = inspected({.order = Order::name, .most = 1, .filter = "WORKER"});
    EXPECT_EQ(names_in(some), std::vector<std::string>{"worker a"});
    EXPECT_EQ(some["greenlets_found"].count(), 2U);
    EXPECT_EQ(some["greenlets_total"].count(), 5U);
    EXPECT_EQ(names_in(inspected({.filter = "sleep"})).size(), 3U);
    EXPECT_EQ(names_in(inspected({.filter = "inspection_test.cpp:"})).size(), 3U);
    EXPECT_TRUE(names_in(inspected({.most = 0})).empty());

    const std::uint64_t id = sleepers.all[2].id();
    const Json one = inspected({.order = Order::id, .filter = "worker", .greenlet = id});
    EXPECT_EQ(one["greenlets"].items()[0]["id"].count(), id) << "the one that is asked for comes first";
    EXPECT_EQ(one["greenlets"].items()[1]["backtrace"].kind(), Json::Kind::null);
#ifndef TENDRIL_USE_BOOST_CONTEXT
    EXPECT_FALSE(one["greenlets"].items()[0]["backtrace"].items().empty());
#endif
}

TENDRIL_TEST(Inspection, HasTheMetricsOfSources) {
    const MetricSource source([](std::vector<Metric>& out) {
        out.push_back({"jobs_total", "Jobs", MetricKind::counter, {{"queue", "mail"}}, 7});
    });
    const Json all = inspected();
    const Json* found = nullptr;
    for (const Json& each : all["metrics"].items()) {
        if (each["name"].string() == "jobs_total") {
            found = &each;
        }
    }
    ASSERT_NE(found, nullptr);
    EXPECT_EQ((*found)["value"].number(), 7);
    EXPECT_EQ((*found)["labels"]["queue"].string(), "mail");
    EXPECT_EQ((*found)["kind"].string(), "counter");
}

TENDRIL_TEST(Inspection, ReadsAQuery) {
    const auto query = InspectionQuery::parse("order=stack&reverse=1&most=20&filter=a%20b%2Bc+d&greenlet=17&");
    EXPECT_EQ(query.order, Order::stack);
    EXPECT_TRUE(query.reverse);
    EXPECT_EQ(query.most, 20U);
    EXPECT_EQ(query.filter, "a b+c d");
    EXPECT_EQ(query.greenlet, 17U);
    EXPECT_EQ(InspectionQuery::parse("").most, InspectionQuery().most);
    for (const char* bad :
         {"order=size", "most=-1", "most=", "most", "greenlet=x", "filter=%2", "filter=%zz", "what=1"}) {
        EXPECT_THROW(InspectionQuery::parse(bad), std::invalid_argument) << bad;
    }
}

}  // namespace
}  // namespace tendril
