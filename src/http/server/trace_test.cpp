// SPDX-License-Identifier: MIT
//
// Trace: what is read and written, and how it travels through server, handler, pool and client.

#include <tendril/http/trace.hpp>

#include <mutex>
#include <string>
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
