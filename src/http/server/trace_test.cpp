// SPDX-License-Identifier: MIT
//
// Trace: what is read and written, and how it travels through server, handler, pool and client.

#include <tendril/http/trace.hpp>

#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/server.hpp>
#include <tendril/thread_pool.hpp>

#include "green_test.hpp"
#include "http_server.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::Served;

constexpr const char* example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, ReadsWhatItWrites) {
    const std::optional<Trace> read = Trace::parse(example, "a=1,b=2");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->traceparent(), example);
    EXPECT_EQ(read->trace_id_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_TRUE(read->sampled());
    EXPECT_EQ(read->state, "a=1,b=2");
    const Trace child = read->child();
    EXPECT_EQ(child.trace_id, read->trace_id);
    EXPECT_NE(child.span_id, read->span_id);
    EXPECT_NE(Trace::begin().trace_id, Trace::begin().trace_id);
    EXPECT_EQ(Trace::parse(example, std::string(513, 'a'))->state, "");
    EXPECT_EQ(Trace::parse(example, std::string(512, 'a'))->state.size(), 512u);
    std::string members = "a=1";
    for (int i = 1; i < 32; ++i) {
        members += ",a" + std::to_string(i) + "=1";
    }
    EXPECT_EQ(Trace::parse(example, members)->state, members);
    EXPECT_EQ(Trace::parse(example, members + ",b=1")->state, "") << "33 of them";
    for (const char* bad : {"a=1\r\nX: y", "a=\xff", "a=\x7f"}) {
        EXPECT_EQ(Trace::parse(example, bad)->state, "") << bad;
    }
}

TEST(Trace, RefusesWhatIsNotOne) {
    const std::string good = example;
    EXPECT_TRUE(Trace::parse("cc" + good.substr(2) + "-what-comes-later").has_value()) << "a later version";
    const std::vector<std::string> bad = {"",
                                          good.substr(0, 54),
                                          good + "-",
                                          "ff" + good.substr(2),
                                          "cc" + good.substr(2) + "x",
                                          "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                          "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                          "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"};
    for (const std::string& each : bad) {
        EXPECT_EQ(Trace::parse(each), std::nullopt) << each;
    }
}

// The specification's cases for servers: two traceparents are as bad as none, and a tracestate may come in pieces.
TENDRIL_TEST(Trace, IsTakenFromAClientOrBegun) {
    Served served(
        [](Request&, Response& response) {
            const Trace* const now = Trace::current();
            response.send(now->trace_id_text() + " " + now->state + (now->sampled() ? " sampled" : ""));
        },
        {.trace = true});
    const std::string parent = std::string("traceparent: ") + example + "\r\n";
    const std::string id = std::string(example).substr(3, 32);
    EXPECT_EQ(served.ask(get("/", parent + "tracestate: a=1\r\nTraceState: b=2\r\n")).body, id + " a=1, b=2 sampled");
    for (const std::string& fields : {parent + parent, std::string("tracestate: a=1\r\n"), std::string(),
                                      std::string("traceparent: 00-xyz\r\ntracestate: a=1\r\n")}) {
        const std::string body = served.ask(get("/", fields)).body;
        EXPECT_EQ(body.size(), 33u) << "no state, and not sampled: " << body;
        EXPECT_NE(body.substr(0, 32), id);
    }
}

// The highest of the last 56 bits of the id are selected, as in OpenTelemetry: a half of them, a quarter, and so on.
TEST(Trace, ARateSelectsByTheId) {
    const auto with = [](const char* last) {
        return *Trace::parse("00-00000000000000ffff" + std::string(last) + "-00f067aa0ba902b7-00");
    };
    const Trace low = with("00000000000000").child();
    const Trace half = with("80000000000000");
    const Trace below = with("7fffffffffffff");
    const Trace high = with("ffffffffffffff");
    for (const auto& [rate, l, b, h, t] :
         std::vector<std::tuple<double, bool, bool, bool, bool>>{{0, false, false, false, false},
                                                                 {1e-9, false, false, false, true},
                                                                 {0.5, false, false, true, true},
                                                                 {0.51, false, true, true, true},
                                                                 {1, true, true, true, true}}) {
        EXPECT_EQ(low.selected(rate), l) << rate;
        EXPECT_EQ(below.selected(rate), b) << rate;
        EXPECT_EQ(half.selected(rate), h) << rate;
        EXPECT_EQ(high.selected(rate), t) << rate;
    }
    EXPECT_FALSE(Trace::begin().sampled());
    EXPECT_TRUE(Trace::begin(1).sampled());
    const Trace some = Trace::begin(0.3);
    EXPECT_EQ(some.sampled(), some.selected(0.3));
    Trace other = some;
    other.set_sampled(!some.sampled());
    EXPECT_NE(other.sampled(), some.sampled());
    for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
        EXPECT_THROW(static_cast<void>(Trace::begin(bad)), std::invalid_argument) << bad;
        EXPECT_THROW(static_cast<void>(some.selected(bad)), std::invalid_argument) << bad;
        EXPECT_THROW(TraceSampler{bad}, std::invalid_argument) << bad;
    }
    EXPECT_THROW(TraceSampler{TraceSampler::Decide()}, std::invalid_argument);
}

TENDRIL_TEST(Trace, ThoseThatBeginHereAreSampledAsTheSamplerSays) {
    const auto answered = [](const TraceSampler& sampler, const std::string& path, const std::string& fields) {
        Served served([](Request&, Response& response) { response.send(Trace::current()->sampled() ? "yes" : "no"); },
                      {.trace = true, .trace_sampler = sampler});
        return served.ask(get(path, fields)).body;
    };
    const std::string parent = std::string("traceparent: ") + example;
    const std::string sampled = parent + "\r\n";
    const std::string not_sampled = parent.substr(0, parent.size() - 1) + "0\r\n";
    EXPECT_EQ(answered({}, "/", ""), "no");
    EXPECT_EQ(answered(1, "/", ""), "yes");
    EXPECT_EQ(answered(0.0, "/", sampled), "yes") << "the client has decided";
    EXPECT_EQ(answered(1.0, "/", not_sampled), "no") << "the client has decided";
    EXPECT_EQ(answered(1.0, "/", sampled + sampled), "yes") << "two are as bad as none";
    const TraceSampler by_path = [](const Trace& begun, const Request& request) {
        return request.path() != "/health" && begun.selected(1);
    };
    EXPECT_EQ(answered(by_path, "/health", ""), "no");
    EXPECT_EQ(answered(by_path, "/page", ""), "yes");
}

TENDRIL_TEST(Trace, WhatASamplerThrowsCountsAsThrownByTheHandler) {
    Served served([](Request&, Response& response) { response.send("never"); },
                  {.trace = true, .trace_sampler = [](const Trace&, const Request& request) -> bool {
                       if (request.path() == "/teapot") {
                           throw StatusError(418);
                       }
                       throw std::runtime_error("no sampler today");
                   }});
    EXPECT_EQ(served.ask(get("/teapot", "")).status, 418);
    EXPECT_EQ(served.ask(get("/", "")).status, 500);
    EXPECT_EQ(testing::take_unhandled(),
              std::vector<std::string>{"HTTP handler: std::runtime_error: no sampler today"});
}

// A client sends a span of its own, and nothing that could end a line.
TENDRIL_TEST(Trace, IsSentWithWhatTheCallerHasSaid) {
    Served served([](Request& request, Response& response) {
        response.send(std::string(request.header("traceparent")) + "|" + request.headers().joined("tracestate"));
    });
    const std::string url = "http://" + served.server.address().to_string() + "/";
    Client client;
    Trace bad = *Trace::parse(example);
    bad.state = "a=1\r\nX: y";
    {
        const Trace::Scope here(bad);
        const std::string sent = client.get(url).text();
        EXPECT_EQ(sent.substr(0, 36), std::string(example).substr(0, 36));
        EXPECT_NE(sent.substr(36, 16), std::string(example).substr(36, 16)) << "the span is the request's own";
        EXPECT_EQ(sent.substr(52), "-01|");
    }
    const Trace::Scope here(*Trace::parse(example, "a=1"));
    EXPECT_TRUE(client.get(url).text().ends_with("|a=1"));
    const auto said = [&](const Headers& headers) { return client.request({.url = url, .headers = headers}).text(); };
    EXPECT_EQ(said({{"traceparent", "mine"}}), "mine|");
    EXPECT_TRUE(said({{"tracestate", "c=3"}}).ends_with("|c=3"));
    EXPECT_EQ(Client({.trace = false}).get(url).text(), "|");
}

TENDRIL_TEST(TraceThreads, GoesThroughHandlersJobsAndClients) {
    std::vector<std::string> lines;
    std::string seen_behind;
    std::string seen_in_job;
    const std::string empty;
    Server behind("127.0.0.1:0", [&](const Request& request, Response& response) {
        seen_behind = request.header("traceparent");
        response.send("done");
    });
    behind.start();
    ServerOptions options;
    options.trace = true;
    options.access_log = AccessLog([&](std::string_view line) { lines.emplace_back(line); }, "{trace_id}");
    Client client;
    Server front(
        "127.0.0.1:0",
        [&](Request&, Response& response) {
            seen_in_job = offload([] { return Trace::current()->trace_id_text(); });
            spawn([&] { client.get("http://" + behind.address().to_string() + "/").text(); }).join();
            response.send("done");
        },
        options);
    front.start();

    const Trace mine = *Trace::parse(example);
    {
        const Trace::Scope here(mine);
        client.get("http://" + front.address().to_string() + "/").text();
    }
    EXPECT_EQ(seen_in_job, mine.trace_id_text());
    const std::optional<Trace> last = Trace::parse(seen_behind);
    ASSERT_TRUE(last.has_value()) << seen_behind;
    EXPECT_EQ(last->trace_id, mine.trace_id);
    EXPECT_NE(last->span_id, mine.span_id);
    EXPECT_EQ(Trace::current(), nullptr);

    client.get("http://" + front.address().to_string() + "/").text();
    EXPECT_NE(Trace::parse(seen_behind)->trace_id, mine.trace_id) << "it began one of its own";
    front.stop();
    behind.stop();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0], mine.trace_id_text());
    EXPECT_EQ(lines[1], Trace::parse(seen_behind)->trace_id_text());
}

}  // namespace
}  // namespace tendril::http
