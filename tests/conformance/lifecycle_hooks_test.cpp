// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.B: spawn hooks, and delayed starts that end with their spawner.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/spawn_after_local.hpp>
#include <tendril/spawn_hook.hpp>

#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// How many watch for the end of the running green thread. The fixture waits for that of a test's body.
std::size_t observers_here() {
    std::size_t n = 0;
    detail::RecordAccess::of(current())->observers.for_each([&](const detail::Observer&) { ++n; });
    return n;
}

// A spawner that leaves one behind and then ends as `how` makes it. Returns: the one left behind.
Greenlet<void> left_by(const std::function<void()>& how, bool& ran) {
    Greenlet<void> left;
    const auto spawner = spawn([&] {
        left = spawn_after_local(1h, [&ran] { ran = true; });
        how();
    });
    yield();
    EXPECT_FALSE(left.ready());
    spawner.kill();
    spawner.exception();
    return left;
}

TENDRIL_TEST(ConformanceB, TB21_EndsWithItsSpawnerHoweverThatEnds) {
    const std::pair<const char*, std::function<void()>> ways[] = {
        {"by a value", [] { yield(); }},
        {"by an error",
         [] {
             yield();
             throw std::runtime_error("no");
         }},
        {"by a kill", [] { sleep(never); }},
    };
    for (const auto& [name, how] : ways) {
        SCOPED_TRACE(name);
        bool ran = false;
        const Greenlet<void> left = left_by(how, ran);
        EXPECT_TRUE(left.join(10s)) << "not an hour";
        EXPECT_TRUE(left.killed());
        EXPECT_FALSE(left.started());
        EXPECT_FALSE(ran);
        EXPECT_THROW(left.get(), GreenletKilled);
        EXPECT_EQ(Hub::current().stats().timers, 0u);
    }
}

TENDRIL_TEST(ConformanceB, TB21_SpawnAfterDoesNotEndWithItsSpawner) {
    Greenlet<int> left;
    spawn([&] { left = spawn_after(1ms, [] { return 3; }); }).get();
    EXPECT_EQ(left.get(), 3);
}

TENDRIL_TEST(ConformanceB, TB21_OneThatHasBegunOutlivesItsSpawner) {
    Greenlet<int> left;
    Event begun;
    Event go_on;
    const auto spawner = spawn([&] {
        const std::size_t before = observers_here();
        left = spawn_after_local(
            0s,
            [&](int n) {
                begun.set();
                go_on.wait();
                return n;
            },
            5);
        EXPECT_EQ(observers_here(), before + 1);
        begun.wait();
        EXPECT_EQ(observers_here(), before);
    });
    spawner.get();
    go_on.set();
    EXPECT_EQ(left.get(), 5);
}

TENDRIL_TEST(ConformanceB, TB21_RunsWhenItsSpawnerLives) {
    const std::size_t before = observers_here();
    EXPECT_EQ(spawn_after_local(1ms, [] { return 7; }).get(), 7);
    EXPECT_EQ(*spawn_after_local(
                   0s, [](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(8))
                   .get(),
              8);
    EXPECT_EQ(spawn_after_local(
                  0s, [](int a, int b, int c) { return a + b + c; }, 1, 2, 3)
                  .get(),
              6);
    EXPECT_THROW(spawn_after_local(0s, [] { throw std::out_of_range("its own"); }).get(), std::out_of_range);
    int target = 0;
    EXPECT_EQ(&spawn_after_local(0s, [&]() -> int& { return target; }).get(), &target);
    const auto named = spawn_after_local({.name = "named"}, 0s, [] {});
    EXPECT_EQ(named.name(), "named");
    named.get();
    const auto here = spawn_after_local(0s, [] {});
    EXPECT_NE(std::string(here.where().file).find("lifecycle_hooks_test.cpp"), std::string::npos);
    here.get();
    EXPECT_EQ(observers_here(), before);
}

TENDRIL_TEST(ConformanceB, TB21_CancelAndKillDoAsWithSpawnAfter) {
    bool ran = false;
    const std::size_t before = observers_here();
    const auto cancelled = spawn_after_local(1h, [&] { ran = true; });
    const auto killed = spawn_after_local(1h, [&] { ran = true; });
    const auto dropped = spawn_after_local(never, [&] { ran = true; });
    EXPECT_EQ(observers_here(), before + 3);
    EXPECT_TRUE(cancelled.cancel());
    killed.kill();
    dropped.kill(std::make_exception_ptr(std::runtime_error("why")));
    cancelled.join();
    EXPECT_TRUE(cancelled.killed());
    EXPECT_TRUE(killed.killed());
    EXPECT_THROW(dropped.get(), std::runtime_error);
    EXPECT_EQ(observers_here(), before);
    EXPECT_FALSE(ran);
    void (*const nothing)() = nullptr;
    EXPECT_THROW(static_cast<void>(spawn_after_local(0s, nothing)), std::invalid_argument);
    EXPECT_EQ(observers_here(), before);
}

TENDRIL_TEST(ConformanceB, TB21_OneWhoseDelayHasPassedButThatHasNotBegunIsCancelledToo) {
    bool ran = false;
    Greenlet<void> left;
    const auto spawner = spawn([&] {
        left = spawn_after_local(0s, [&] { ran = true; });
        detail::HubCore& hub = detail::HubCore::here();
        hub.timers.run(Deadline::now_ns(), hub.ready);
        EXPECT_TRUE(hub.timers.empty()) << "it stands in the run queue, behind its spawner, which ends now";
    });
    spawner.get();
    left.join();
    EXPECT_TRUE(left.killed());
    EXPECT_FALSE(ran);
}

TENDRIL_TEST(ConformanceB, TB21_ALongLivedSpawnerKeepsNothing) {
    const auto spawner = spawn([] {
        const std::size_t before = observers_here();
        for (int i = 0; i < 10'000; ++i) {
            if (i % 2 == 0) {
                spawn_after_local(0s, [] {}).join();
            } else {
                spawn_after_local(1h, [] {}).kill();
            }
        }
        EXPECT_EQ(observers_here(), before);
        EXPECT_EQ(Hub::current().stats().timers, 0u);
    });
    spawner.get();
}

TENDRIL_TEST(ConformanceB, TB21_InACallbackTheHubIsTheSpawner) {
    Greenlet<int> left;
    const auto g = spawn([] {});
    const Link link = g.link([&](const AnyGreenlet&) { left = spawn_after_local(1ms, [] { return 4; }); });
    g.get();
    yield();
    yield();
    EXPECT_EQ(left.get(), 4);
}

TENDRIL_TEST(ConformanceB, TB23_SpawnHooksSeeEveryNewGreenThreadAndCanBeRemoved) {
    std::vector<AnyGreenlet> seen;
    {
        const SpawnHook hook([&](const AnyGreenlet& g) { seen.push_back(g); });
        const auto a = spawn([] {});
        const auto b = spawn_after(0s, [] {});
        const auto c = spawn_after_local(0s, [] {});
        const auto nested = spawn([] { return spawn([] {}); });
        const auto d = nested.get();
        join_all({a, b, c, d});
        EXPECT_EQ(seen, (std::vector<AnyGreenlet>{a, b, c, nested, d}));
    }
    spawn([] {}).get();
    EXPECT_EQ(seen.size(), 5u);
}

}  // namespace
}  // namespace tendril
