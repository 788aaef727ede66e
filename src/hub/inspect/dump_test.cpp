// SPDX-License-Identifier: MIT
//
// The dump beyond its tree: backtraces, times, sizes; and AssertSwitches.

#include <tendril/dump.hpp>

#include <chrono>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>

#include <tendril/assert_switches.hpp>
#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "context/flow.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {

volatile int dump_test_sink = 0;
[[gnu::noinline]] void dump_test_sleeps() {
    sleep(1h);
    dump_test_sink = dump_test_sink + 1;
}

namespace {

std::string dump_text(DumpOptions options = {}) {
    std::ostringstream text;
    dump(text, options);
    return text.str();
}

// The line of the green thread of that name, and what is indented under it.
std::string part_of(const std::string& text, const std::string& name) {
    const std::size_t at = text.find('"' + name + '"');
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t next = text.find("green thread ", at);
    return text.substr(at, next == std::string::npos ? next : next - at);
}

#ifdef TENDRIL_SWITCH_OURS

[[gnu::noinline]] void sleeps_deep(int depth) {
    if (depth > 0) {
        sleeps_deep(depth - 1);
    } else {
        dump_test_sleeps();
    }
    dump_test_sink = dump_test_sink + 1;
}

TENDRIL_TEST(Dump, ABacktraceNamesTheFunctionsWhereItStopped) {
    const auto sleeper = spawn({.name = "sleeper"}, [] { dump_test_sleeps(); });
    yield();
    const std::string part = part_of(dump_text(), "sleeper");
    EXPECT_TRUE(std::regex_search(part, std::regex(R"(\n +#\d+ tendril::dump_test_sleeps\(\)\+0x[0-9a-f]+ \(.+\+0x)")))
        << part;
    EXPECT_EQ(part_of(dump_text({.backtraces = false}), "sleeper").find('#'), std::string::npos);
    sleeper.kill();
}

TENDRIL_TEST(Dump, ADeepBacktraceSaysThatThereIsMore) {
    const auto deep = spawn({.name = "deep"}, [] { sleeps_deep(100); });
    yield();
    const std::string part = part_of(dump_text(), "deep");
    EXPECT_NE(part.find("... and so on"), std::string::npos) << part;
    deep.kill();
}

#endif

TENDRIL_TEST(Dump, TheRunningOneAndOneThatHasNotBegunHaveNoBacktrace) {
    const auto fresh = spawn({.name = "fresh"}, [] {});
    const std::string text = dump_text();
    EXPECT_EQ(part_of(text, "fresh").find('#'), std::string::npos) << text;
    EXPECT_EQ(part_of(text, "test body").find('#'), std::string::npos) << text;
    fresh.join();
}

TENDRIL_TEST(Dump, SaysForHowLongOneWaits) {
    const Deadline begun = 0s;
    sleep(1ms);  // the hub looks at the clock when it wakes
    const auto sleeper = spawn({.name = "sleeper"}, [] { sleep(1h); });
    sleep(30ms);
    const std::string part = part_of(dump_text({.backtraces = false}), "sleeper");
    const std::chrono::duration<double, std::milli> most = std::chrono::nanoseconds(Deadline::now_ns() - begun.ns());
    std::smatch match;
    ASSERT_TRUE(std::regex_search(part, match, std::regex("; for ([0-9.]+) (m?s);"))) << part;
    const double ms = std::stod(match.str(1)) * (match.str(2) == "s" ? 1000 : 1);
    EXPECT_GE(ms, 29.9);
    EXPECT_LE(ms, most.count());
    sleeper.kill();
}

TENDRIL_TEST(Dump, SaysHowMuchOfItsStackOneUses) {
    const auto sleeper = spawn({.name = "sleeper", .stack_size = 256 << 10}, [] {
        char large[100 << 10];
        asm volatile("" : : "r"(&large) : "memory");  // somebody else might use all of it
        sleep(1h);
        asm volatile("" : : "r"(&large) : "memory");
    });
    yield();
    const std::string part = part_of(dump_text({.backtraces = false}), "sleeper");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(part, match, std::regex(R"(; stack ([0-9.]+) of (\d+) KiB)"))) << part;
    EXPECT_GE(std::stod(match.str(1)), 100);
    EXPECT_LE(std::stod(match.str(1)), 110);
    EXPECT_GE(std::stoi(match.str(2)), 230);
    sleeper.kill();
}

TENDRIL_TEST(Dump, OfOneThatWaitsInARawContext) {
    const auto holder = spawn({.name = "holder"}, [] {
        const Context context([](std::any) -> std::any {
            dump_test_sleeps();
            return {};
        });
        context.switch_to();
    });
    yield();
    const std::string part = part_of(dump_text(), "holder");
    EXPECT_NE(part.find("; on the stack of a raw context"), std::string::npos) << part;
#ifdef TENDRIL_SWITCH_OURS
    EXPECT_NE(part.find("dump_test_sleeps"), std::string::npos) << part;
#endif
    holder.kill();
}

TENDRIL_TEST(Dump, WhatACallbackSpawnedHangsUnderTheHubsOwn) {
    const auto g = spawn([] {});
    AnyGreenlet child;
    const Link link = g.link([&](const AnyGreenlet&) { child = spawn({.name = "child"}, [] { sleep(1h); }); });
    g.join();
    sleep(1ms);
    const std::string text = dump_text({.backtraces = false});
    EXPECT_TRUE(std::regex_search(text, std::regex("waits in callbacks, the hub's own for callbacks.*\n    green "
                                                   "thread \\d+ \"child\" waits in sleep")))
        << text;
    child.kill();
}

// AssertSwitches

void compute(std::chrono::nanoseconds how_long) {
    const Deadline end = how_long;
    while (!end.passed()) {
    }
}

TENDRIL_TEST(AssertSwitches, AWaitOrAYieldEndsTheStretch) {
    AssertSwitches guard(1h);
    compute(30ms);
    yield();
    EXPECT_GE(guard.longest(), 30ms);
    const auto longest = guard.longest();
    const auto rival = spawn([] { compute(60ms); });
    rival.join();
    EXPECT_EQ(guard.longest(), longest) << "what others compute is theirs";
    guard.check();
}

TENDRIL_TEST(AssertSwitches, AreNestedAndWatchTheirOwnGreenThreadOnly) {
    AssertSwitches outer(1h);
    compute(20ms);
    {
        AssertSwitches inner(1h);
        compute(5ms);
        yield();
        EXPECT_GE(inner.longest(), 5ms);
        EXPECT_GE(outer.longest(), 25ms);
    }
    const auto other = spawn([] {
        AssertSwitches guard(1h);
        yield();
        return guard.longest();
    });
    yield();
    compute(40ms);
    EXPECT_LT(other.get(), 40ms) << "it was ready, and did not run";
}

TENDRIL_TEST(AssertSwitches, AKillInTheWaitPassesThrough) {
    const auto g = spawn([] {
        AssertSwitches guard(1h);
        sleep(1h);
    });
    yield();
    g.kill();
    EXPECT_TRUE(g.killed());
}

TENDRIL_TEST(AssertSwitches, TheDestructorReports) {
    ::testing::internal::CaptureStderr();
    {
        AssertSwitches guard(0ns);
        compute(1ms);
    }
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("tendril: the code since "), std::string::npos) << text;
    EXPECT_NE(text.find("dump_test.cpp:"), std::string::npos) << text;
    ::testing::internal::CaptureStderr();
    {
        AssertSwitches guard(0ns);
        compute(1ms);
        EXPECT_THROW(guard.check(), std::logic_error);
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "it was told";
    EXPECT_THROW(AssertSwitches(-1ns), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
