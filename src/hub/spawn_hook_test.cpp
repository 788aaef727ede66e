// SPDX-License-Identifier: MIT
//
// SpawnHook: whom it sees, when, in which order, and what becomes of its mistakes.

#include <tendril/spawn_hook.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::take_unhandled;

TENDRIL_TEST(SpawnHook, SeesEveryKindOfSpawn) {
    std::vector<std::uint64_t> seen;
    const SpawnHook hook([&](const AnyGreenlet& g) { seen.push_back(g.id()); });
    std::vector<std::uint64_t> expected;
    const auto begun = [&] { expected.push_back(current().id()); };
    const auto plain = spawn(begun);
    spawn_n(begun);
    plain.get();
    const auto later = spawn_after(0s, begun);
    later.get();
    const auto linked = spawn(begun);
    const Link link = linked.link([&](const AnyGreenlet&) { spawn_n(begun); });
    linked.get();
    yield();
    yield();
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(seen.size(), 5u) << "the hub's own green thread, which ran the link, was not spawned by anybody";
}

TENDRIL_TEST(SpawnHook, ANewOneHasNotBegunAndIsWholeAlready) {
    bool called = false;
    const SpawnHook hook([&](const AnyGreenlet& g) {
        called = true;
        EXPECT_FALSE(g.started());
        EXPECT_FALSE(g.ready());
        EXPECT_EQ(g.name(), "job");
        EXPECT_NE(std::string(g.where().file).find("spawn_hook_test.cpp"), std::string::npos);
    });
    const auto g = spawn({.name = "job"}, [] { return 1; });
    EXPECT_TRUE(called) << "before spawn() returns";
    EXPECT_EQ(g.get(), 1);
}

TENDRIL_TEST(SpawnHook, RunsInTheSpawner) {
    std::uint64_t spawner = 0;
    const SpawnHook hook([&](const AnyGreenlet&) { spawner = current().id(); });
    spawn_n([] {});
    EXPECT_EQ(spawner, current().id());
    yield();
}

TENDRIL_TEST(SpawnHook, MayNameKeepLinkKillAndCancel) {
    std::vector<AnyGreenlet> kept;
    std::vector<std::string> ends;
    const SpawnHook hook([&](const AnyGreenlet& g) {
        g.set_name("number " + std::to_string(kept.size()));
        g.link([&](const AnyGreenlet& ended) { ends.emplace_back(ended.name()); }).keep();
        kept.push_back(g);
        if (kept.size() == 2) {
            g.kill_nowait();
        } else if (kept.size() == 3) {
            EXPECT_TRUE(g.cancel());
        }
    });
    int ran = 0;
    spawn_n([&] { ran += 1; });
    spawn_n([&] { ran += 10; });
    const auto g = spawn_after(1h, [&] { ran += 100; });
    yield();
    g.join();
    yield();
    yield();
    EXPECT_EQ(ran, 1);
    EXPECT_TRUE(kept[0].successful());
    EXPECT_TRUE(kept[1].killed());
    EXPECT_TRUE(kept[2].killed());
    EXPECT_EQ(ends, (std::vector<std::string>{"number 0", "number 1", "number 2"}));
}

TENDRIL_TEST(SpawnHook, SeveralRunInTheOrderOfTheirMakingAndEndOneByOne) {
    std::string log;
    const auto append = [&log](char letter) { return [&log, letter](const AnyGreenlet&) { log += letter; }; };
    const SpawnHook a(append('a'));
    std::optional<SpawnHook> b(std::in_place, append('b'));
    const SpawnHook c(append('c'));
    spawn([] {}).get();
    EXPECT_EQ(log, "abc");
    b.reset();
    spawn([] {}).get();
    EXPECT_EQ(log, "abcac");
    b.emplace(append('B'));
    spawn([] {}).get();
    EXPECT_EQ(log, "abcacacB");
}

TENDRIL_TEST(SpawnHook, NobodyIsCalledAfterItsEnd) {
    int calls = 0;
    {
        const SpawnHook hook([&](const AnyGreenlet&) { ++calls; });
    }
    spawn([] {}).get();
    EXPECT_EQ(calls, 0);
    const SpawnHook::Callback none;
    EXPECT_THROW(static_cast<void>(SpawnHook{none}), std::invalid_argument);
    spawn([] {}).get();
}

TENDRIL_TEST(SpawnHook, MayEndItselfOrOthersAndMakeNewOnesInTheCallback) {
    std::string log;
    std::optional<SpawnHook> first;
    std::optional<SpawnHook> second;
    std::optional<SpawnHook> third;
    auto kept = std::make_shared<std::string>("still there");
    first.emplace([&, kept](const AnyGreenlet&) {
        log += '1';
        first.reset();
        second.reset();
        third.emplace([&](const AnyGreenlet&) { log += '3'; });
        EXPECT_EQ(*kept, "still there") << "the callback lives while it runs";
    });
    second.emplace([&](const AnyGreenlet&) { log += '2'; });
    spawn([] {}).get();
    EXPECT_EQ(log, "1") << "the ended one is not called, nor the new one for this green thread";
    EXPECT_EQ(kept.use_count(), 1);
    spawn([] {}).get();
    EXPECT_EQ(log, "13");
}

TENDRIL_TEST(SpawnHook, ASpawnInItIsSeenToo) {
    int calls = 0;
    int ran = 0;
    const SpawnHook hook([&](const AnyGreenlet&) {
        if (++calls == 1) {
            spawn_n([&] { ++ran; });
        }
    });
    spawn([&] { ++ran; }).get();
    yield();
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(ran, 2);
}

TENDRIL_TEST(SpawnHook, WhatItThrowsIsReportedAndTheSpawnStands) {
    int others = 0;
    const SpawnHook bad([](const AnyGreenlet&) { throw std::runtime_error("a bad hook"); });
    const SpawnHook good([&](const AnyGreenlet&) { ++others; });
    EXPECT_EQ(spawn([] { return 5; }).get(), 5);
    EXPECT_EQ(others, 1);
    const std::vector<std::string> unhandled = take_unhandled();
    ASSERT_EQ(unhandled.size(), 1u);
    EXPECT_NE(unhandled[0].find("spawn hook"), std::string::npos) << unhandled[0];
    EXPECT_NE(unhandled[0].find("a bad hook"), std::string::npos) << unhandled[0];
}

TENDRIL_TEST(SpawnHook, AWaitInItIsRefusedAndTheSpawnerMayWaitAfterwards) {
    {
        const SpawnHook hook([](const AnyGreenlet& g) { g.join(); });
        spawn_n([] {});
    }
    {
        const SpawnHook hook([](const AnyGreenlet&) { yield(); });
        spawn_n([] {});
    }
    yield();
    const std::vector<std::string> unhandled = take_unhandled();
    ASSERT_EQ(unhandled.size(), 2u);
    for (const std::string& each : unhandled) {
        EXPECT_NE(each.find("must not wait"), std::string::npos) << each;
    }
}

TENDRIL_TEST(SpawnHook, ACallbackOfTheHubStaysOneAfterItsHooks) {
    const SpawnHook hook([](const AnyGreenlet&) {});
    const auto g = spawn([] {});
    const Link link = g.link([](const AnyGreenlet&) {
        spawn_n([] {});
        yield();
    });
    g.get();
    yield();
    yield();
    EXPECT_EQ(take_unhandled().size(), 1u) << "the wait in the link's callback is refused still";
}

TENDRIL_TEST(SpawnHook, AKillOfTheSpawnerMeanwhileIsNotLost) {
    bool after = false;
    const auto spawner = spawn([&] {
        const AnyGreenlet self = current();
        const SpawnHook hook([self](const AnyGreenlet&) {
            try {
                self.kill_nowait();
            } catch (const HubBlocked&) {  // it is thrown here and now if at all, and a callback must not be left so
            }
        });
        spawn_n([] {});
        yield();
        after = true;
    });
    spawner.join();
    EXPECT_FALSE(after);
    EXPECT_TRUE(spawner.killed());
}

TENDRIL_TEST(SpawnHook, AnErrorThatNobodySeesIsReportedOnceAllTheSame) {
    const SpawnHook hook([](const AnyGreenlet&) {});
    spawn_n([] { throw std::runtime_error("unseen"); });
    spawn([] { throw std::runtime_error("dropped"); });
    yield();
    const std::vector<std::string> unhandled = take_unhandled();
    ASSERT_EQ(unhandled.size(), 2u);
    EXPECT_NE(unhandled[0].find("unseen"), std::string::npos) << unhandled[0];
    EXPECT_NE(unhandled[1].find("dropped"), std::string::npos) << unhandled[1];
}

TEST(SpawnHookThreads, SeesItsOwnHubOnly) {
    std::thread([] {
        int calls = 0;
        const SpawnHook hook([&](const AnyGreenlet&) { ++calls; });
        std::thread([] {
            spawn_n([] {});
            yield();
        }).join();
        EXPECT_EQ(calls, 0);
    }).join();
}

// In both orders of the ends of a thread_local hook and its hub.
TEST(SpawnHookThreads, MayEndWithItsOsThreadBeforeItsHubOrAfter) {
    for (const bool hub_first : {true, false}) {
        int calls = 0;
        std::thread([&calls, hub_first] {
            if (hub_first) {
                static_cast<void>(current());  // made first, the hub ends last
            }
            static thread_local std::optional<SpawnHook> hook;
            hook.emplace([&calls](const AnyGreenlet&) { ++calls; });
            spawn_n([] {});
            yield();
        }).join();
        EXPECT_EQ(calls, 1);
    }
}

TEST(SpawnHookThreads, DestroyedOnAForeignOsThreadItIsReported) {
    std::thread([] {
        auto hook = std::make_unique<SpawnHook>([](const AnyGreenlet&) {});
        ::testing::internal::CaptureStderr();
        std::thread([&] { hook.reset(); }).join();
        EXPECT_NE(::testing::internal::GetCapturedStderr().find("a SpawnHook was destroyed on an OS thread other"),
                  std::string::npos);
    }).join();
}

}  // namespace
}  // namespace tendril
