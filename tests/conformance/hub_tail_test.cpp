// SPDX-License-Identifier: MIT
//
// Conformance, parity.md: libev's tail and the diagnosis, where they meet timeouts, Locals and fork().

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/local.hpp>
#include <tendril/once.hpp>
#include <tendril/process.hpp>
#include <tendril/snapshot.hpp>
#include <tendril/stack_size.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"
#include "hub/here.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Returns: whether `body` returns true in the child.
bool holds_in_child(const std::function<bool()>& body) {
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 1;
        try {
            status = body() ? 0 : 2;
        } catch (...) {
        }
        ::_exit(status);
    }
    return wait_pid(pid, 60s) == 0;
}

TENDRIL_TEST(HubTail, InAChildOnceAndCleanupAreTheParents) {
    int runs = 0;
    const auto held = std::make_shared<int>(0);
    once(-1, IoEvents::none, 20ms, [&runs, held](IoEvents) { ++runs; });
    std::optional<Cleanup> cleanup;
    cleanup.emplace([] {});
    EXPECT_TRUE(holds_in_child([&] {
        if (cleanup->active() || held.use_count() != 1) {
            return false;
        }
        sleep(40ms);
        cleanup->start();
        return runs == 0 && cleanup->active();
    }));
    EXPECT_TRUE(cleanup->active());
    while (runs == 0) {
        sleep(1ms);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(HubTail, ASuspensionPutsOffTimeouts) {
    Hub& hub = Hub::current();
    const auto begin = Deadline::Clock::now();
    EXPECT_FALSE(with_timeout(20ms, [&] {
        hub.suspend();
        for (const Deadline end = 60ms; !end.passed();) {
        }
        hub.resume();
        sleep(1h);
    }));
    EXPECT_GE(Deadline::Clock::now() - begin, 80ms);
}

TENDRIL_TEST(HubTail, ATimeoutEndsInvokeAndSnapshotAll) {
    Timer timer(1h, [] { sleep(1h); });
    EXPECT_FALSE(with_timeout(1ms, [&] { timer.invoke(); }));
    std::atomic<bool> ends = false;
    std::atomic<bool> begun = false;
    std::thread busy([&] {
        yield();
        begun = true;
        while (!ends) {
        }
    });
    while (!begun) {
        sleep(1ms);
    }
    EXPECT_FALSE(with_timeout(1ms, [] { static_cast<void>(snapshot_all({}, 60s)); }));
    ends = true;
    busy.join();
}

TENDRIL_TEST(HubTail, ASnapshotKnowsTimeoutsAndOtherThreads) {
    ThreadPool pool(1);
    Event event;
    const auto limited = spawn({.name = "limited"}, [&] {
        const Timeout timeout(1h);
        event.wait();
    });
    std::atomic<bool> ends = false;
    const auto elsewhere = spawn([&] {
        pool.apply([&] {
            while (!ends) {
                std::this_thread::sleep_for(1ms);
            }
        });
    });
    sleep(1ms);
    const HubSnapshot all = snapshot();
    ASSERT_EQ(all.timers.size(), 1u);
    EXPECT_EQ(all.timers[0].greenlet, limited.id()) << "it lies on its stack";
    EXPECT_TRUE(all.timers[0].keeps_alive);
    EXPECT_EQ(all.awaited_elsewhere, 1u);
    ends = true;
    elsewhere.join();
    limited.kill();
}

// A Cleanup may use the Locals of the main green thread.
TEST(HubTailThreads, ACleanupSeesTheLocalsOfTheMainOne) {
    static Local<std::string> name;
    std::string seen;
    std::optional<Cleanup> kept;
    std::thread([&] {
        name = std::string("main");
        kept.emplace([&] { seen = *name; });
    }).join();
    EXPECT_EQ(seen, "main");
}

TENDRIL_TEST(HubTail, GreenThreadsGetTheDefaultStackSize) {
    const std::size_t before = default_stack_size();
    set_default_stack_size(std::size_t{1} << 20);
    const auto g = spawn({.name = "roomy"}, [] { sleep(1h); });
    set_default_stack_size(before);
    yield();
    for (const GreenletInfo& each : snapshot().greenlets) {
        if (each.name == "roomy") {
            EXPECT_GT(each.stack_size, std::size_t{900} << 10);
        }
    }
    g.kill();
}

struct Counted {
    explicit Counted(std::atomic<int>& n) : count(&n) { ++*count; }
    Counted(const Counted& other) : count(other.count) { ++*count; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*count; }
    std::atomic<int>* count;
};

// A turn has made it due, but main ends before the hub's own green thread has run.
TENDRIL_TEST(HubTailThreads, WhatIsDueWhenTheHubEndsIsDestroyed) {
    std::atomic<int> alive{0};
    std::thread([&] {
        const Hub::Remote remote = Hub::current().remote();
        yield();
        Event done;
        spawn_n([&, remote] {
            remote.post_threadsafe([counted = Counted(alive)] {});
            done.set();
            while (!detail::here::spend_turn()) {
            }
        });
        done.wait();
        EXPECT_EQ(alive, 1);
        EXPECT_GT(Hub::current().stats().pending, 0u);
    }).join();
    EXPECT_EQ(alive, 0) << "posted";
    std::thread([&] {
        Event done;
        const AsyncResult<void> result;
        result.link([counted = Counted(alive)](const auto&) {}).keep();
        Hub::current().remote().post_threadsafe([&] {
            done.set();
            result.set();
        });
        done.wait();
        EXPECT_EQ(alive, 1);
        EXPECT_GT(Hub::current().stats().pending, 0u);
    }).join();
    EXPECT_EQ(alive, 0) << "a link that was kept";
}

// What was due in the parent is destroyed there, and may have been all that held another that was due.
TENDRIL_TEST(HubTail, InAForksChildTheDueOnesMayDestroyEachOther) {
    AsyncResult<void> first;
    const AsyncResult<void> second;
    {
        auto held = std::make_shared<Link>(second.link([](const auto&) {}));
        first.link([held = std::move(held)](const auto&) {}).keep();
    }
    first.set();
    second.set();
    EXPECT_TRUE(holds_in_child([] { return Hub::current().stats().pending == 0; }));
    EXPECT_TRUE(Hub::current().run_until_idle());
}

}  // namespace
}  // namespace tendril
