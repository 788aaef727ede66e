// SPDX-License-Identifier: MIT
//
// The trace recorder: what its trace says of spawns, switches, waits and wake-ups, and that its ring is bounded.

#include <tendril/trace_recorder.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <tendril/greenlet.hpp>

#include "base/json.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using detail::Json;

// This hub's part of a trace.
struct Trace {
    std::map<std::uint64_t, std::string> names;  // by id
    std::vector<Json> events;                    // without those that name

    Trace() {
        std::ostringstream out;
        write_trace(out);
        const Json all = Json::parse(out.str());
        for (const Json& each : all["traceEvents"].items()) {
            if (each["pid"].count() != detail::here::owner()) {
                continue;
            }
            if (each["ph"].string() == "M") {
                names[each["tid"].count()] = each["args"]["name"].string();
            } else {
                events.push_back(each);
            }
        }
    }

    std::size_t count(const std::string& phase, const std::string& name, std::uint64_t track) const {
        std::size_t n = 0;
        for (const Json& each : events) {
            n += each["ph"].string() == phase && each["name"].string() == name && each["tid"].count() == track ? 1 : 0;
        }
        return n;
    }

    std::vector<std::uint64_t> wakers(const std::string& name, std::uint64_t track) const {
        std::vector<std::uint64_t> all;
        for (const Json& each : events) {
            if (each["ph"].string() == "i" && each["name"].string() == name && each["tid"].count() == track) {
                all.push_back(each["args"]["by"].count());
            }
        }
        return all;
    }
};

struct Recorded {
    explicit Recorded(std::size_t events = 10'000) { record_trace(events); }
    ~Recorded() { stop_trace(); }
};

TENDRIL_TEST(TraceRecorder, KnowsSpawnsWaitsAndWakeUps) {
    const Recorded recorded;
    detail::Waiter* waiting = nullptr;
    const auto waits = spawn({.name = "waits"}, [&] {
        detail::Waiter waiter("a test's wait");
        waiting = &waiter;
        waiter.wait(never);
    });
    yield();
    const auto wakes = spawn({.name = "wakes"}, [&] { waiting->resolve(detail::Outcome::signalled); });
    const auto sleeps = spawn([] { sleep(1ms); });
    join_all({waits, wakes, sleeps});
    const std::uint64_t id = waits.id(), waker = wakes.id(), sleeper = sleeps.id(), me = current().id();

    const Trace trace;
    EXPECT_EQ(trace.names.at(id), "waits #" + std::to_string(id));
    EXPECT_TRUE(trace.names.at(sleeper).starts_with("traces_test.cpp:")) << trace.names.at(sleeper);
    EXPECT_EQ(trace.names.at(0), "hub");
    EXPECT_EQ(trace.wakers("spawned", id), std::vector<std::uint64_t>{me});
    EXPECT_EQ(trace.wakers("spawned", waker), std::vector<std::uint64_t>{me});
    EXPECT_EQ(trace.wakers("woken", id), std::vector<std::uint64_t>{waker});
    EXPECT_EQ(trace.wakers("woken", sleeper), std::vector<std::uint64_t>{0}) << "by its timer";
    EXPECT_EQ(trace.count("X", "a test's wait", id), 1U);
    EXPECT_EQ(trace.count("X", "runs", id), 2U);
    EXPECT_EQ(trace.count("X", "sleep", sleeper), 1U);
    EXPECT_GE(trace.count("X", "sleeps", 0), 1U);
    EXPECT_EQ(trace.count("f", "wake-up", id), 2U) << "an arrow for the spawn, and one for the wake-up";
}

// What one green thread does follows one after another, without overlap, or no viewer could draw it.
TENDRIL_TEST(TraceRecorder, DrawsEachGreenThreadInOneLine) {
    const Recorded recorded;
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(spawn([i] {
            for (int n = 0; n < 20; ++n) {
                n % 3 == i % 3 ? sleep(100us) : yield();
            }
        }));
    }
    join_all(all);
    std::map<std::uint64_t, double> ends;
    for (const Json& each : Trace().events) {
        if (each["ph"].string() == "X") {
            double& end = ends[each["tid"].count()];
            EXPECT_GE(each["ts"].number(), end - 0.001) << each["name"].string();
            end = each["ts"].number() + each["dur"].number();
        }
    }
    EXPECT_GE(ends.size(), 6U);
}

TENDRIL_TEST(TraceRecorder, KeepsTheLastEventsOnly) {
    const Recorded recorded(100);
    std::uint64_t last = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto each = spawn({.name = "short"}, [] { yield(); });
        last = each.id();
        each.join();
    }
    const Trace trace;
    EXPECT_LE(trace.events.size(), 500U);
    EXPECT_LE(trace.names.size(), 250U) << "it forgets those that no event names";
    EXPECT_EQ(trace.names.at(last), "short #" + std::to_string(last));
    EXPECT_THROW(record_trace(0), std::invalid_argument);
}

TENDRIL_TEST(TraceRecorder, StopsAndWritesFiles) {
    {
        const Recorded recorded;
        yield();
    }
    const std::size_t before = Trace().events.size();
    spawn([] {}).join();
    EXPECT_EQ(Trace().events.size(), before);

    const testing::TemporaryFolder folder;
    const std::string file = folder.path() + "/trace.json";
    write_trace(file);
    write_trace(file);  // takes the place of the first
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(Json::parse(text)["displayTimeUnit"].string(), "ns");
    EXPECT_THROW(write_trace(folder.path() + "/none/trace.json"), std::system_error);
}

}  // namespace
}  // namespace tendril
