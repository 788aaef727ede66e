// SPDX-License-Identifier: MIT

#include "hub/pace.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include <tendril/deadline.hpp>
#include <tendril/greenlet.hpp>

#include "faults.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using detail::Pace;

// A hub whose switches take as long as they are told, and its backend too; time passes only here.
struct World {
    std::int64_t now_ns = 1'000'000'000;
    Pace pace{now_ns};
    int budget = 1;
    std::int64_t ran_ns = 0;
    std::int64_t asked_ns = 0;
    std::int64_t longest_look_ns = 0;
    int switches = 0;
    int polls = 0;

    // Until the next look.
    void run(std::int64_t switch_ns, std::int64_t poll_ns) {
        const std::int64_t slice_ns = budget * switch_ns;
        switches += budget;
        now_ns += slice_ns;
        ran_ns += slice_ns;
        longest_look_ns = std::max(longest_look_ns, slice_ns);
        budget = pace.looked(now_ns);
        if (pace.may_ask(now_ns)) {
            now_ns += poll_ns;
            asked_ns += poll_ns;
            ++polls;
            pace.asked(now_ns - poll_ns, now_ns);
        }
    }
};

TEST(Pace, ABackendThatTakesLongHasItsShareOnly) {
    World world;
    for (int i = 0; i < 100'000; ++i) {
        world.run(10, 3'000'000);
    }
    EXPECT_GT(world.polls, 10);
    EXPECT_GE(world.ran_ns, 3 * world.asked_ns) << "the first polls come early: their cost is not believed at once";
    EXPECT_EQ(world.budget, Pace::most_switches) << "and its time is not the green threads'";
}

TEST(Pace, ABackendThatTakesNothingIsAskedAtEachLook) {
    World world;
    for (int i = 0; i < 100; ++i) {
        world.run(10, 0);
    }
    EXPECT_EQ(world.polls, 100);
    EXPECT_GT(world.switches, 90 * Pace::most_switches);
}

TEST(Pace, LooksAreAMillisecondApartWhateverASwitchTakes) {
    for (const std::int64_t switch_ns : {1'000, 50'000, 400'000, 3'000'000}) {
        World world;
        for (int i = 0; i < 20; ++i) {
            world.run(switch_ns, 1'000);
        }
        world.longest_look_ns = 0;
        for (int i = 0; i < 100; ++i) {
            world.run(switch_ns, 1'000);
        }
        EXPECT_LE(world.longest_look_ns, std::max(2 * Pace::longest_ns, switch_ns)) << switch_ns;
    }
}

TEST(Pace, OnePollThatTookLongDelaysNone) {
    World world;
    for (int i = 0; i < 100; ++i) {
        world.run(100, 500);
    }
    while (world.polls < 101) {
        world.run(100, 10'000'000);
    }
    const std::int64_t before = world.now_ns;
    while (world.polls < 102) {
        world.run(100, 500);
    }
    EXPECT_LT(world.now_ns - before, 100'000);
}

TEST(Pace, AfterASleepFewSwitchesComeBeforeTheFirstLook) {
    World world;
    for (int i = 0; i < 100; ++i) {
        world.run(10, 0);
    }
    world.now_ns += 1'000'000'000;
    EXPECT_LE(world.pace.idled(world.now_ns), 16);
    EXPECT_GE(world.pace.looked(world.now_ns + 100), 16) << "the sleep is not the green threads' time";
}

void wait_readable(int fd) {
    detail::HubCore::here().descriptors.wait(fd, detail::Direction::read, "a test", never);
}

sys::Call polling_call() {
    const std::string_view name = detail::HubCore::here().backend->name();
    return name == "epoll"    ? sys::Call::epoll_wait
           : name == "poll"   ? sys::Call::poll
           : name == "select" ? sys::Call::select
                              : sys::Call::io_uring_enter;
}

sys::Fault slow_by(std::int64_t ns) {
    sys::Fault fault;
    fault.delay_ns = ns;
    return fault;
}

// If its time were taken for the green threads', there would be one switch between two polls.
TENDRIL_TEST(HubPace, ASlowBackendLeavesTheTimeToTheGreenThreads) {
    if (polling_call() == sys::Call::io_uring_enter) {
        return;  // which makes no call when nothing is due
    }
    const testing::Pipe pipe;
    auto reader = spawn([&] { wait_readable(pipe.reader.get()); });
    yield();
    constexpr std::size_t polls = 12;
    std::size_t yields = 0;
    {
        const testing::Faults slow({{.call = polling_call(), .times = 1'000'000, .fault = slow_by(1'000'000)}});
        while (slow.happened() < polls) {
            yield();
            ++yields;
        }
    }
    EXPECT_GT(yields, 50 * polls);
    pipe.write();
    reader.get();
}

TENDRIL_TEST(HubPace, ASleepIsOneCall) {
    const testing::Pipe pipe;
    auto reader = spawn([&] { wait_readable(pipe.reader.get()); });
    yield();
    constexpr std::size_t sleeps = 10;
    const std::size_t calls = testing::count_calls(polling_call(), [] {
        for (std::size_t i = 0; i < sleeps; ++i) {
            sleep(1ms);
        }
    });
    EXPECT_LT(calls, sleeps + sleeps / 2) << "one each, and perhaps one that came too early";
    pipe.write();
    reader.get();
}

TENDRIL_TEST(HubPace, TimersAreOnTimeBesideASlowBackend) {
    if (polling_call() == sys::Call::io_uring_enter) {
        return;
    }
    const testing::Pipe pipe;
    auto reader = spawn([&] { wait_readable(pipe.reader.get()); });
    yield();
    bool over = false;
    auto busy = spawn([&] {
        while (!over) {
            yield();
        }
    });
    std::size_t polls = 0;
    constexpr int sleeps = 20;
    {
        const testing::Faults slow({{.call = polling_call(), .times = 1'000'000, .fault = slow_by(5'000'000)}});
        while (slow.happened() < 12) {  // until the backend's cost is known
            yield();
        }
        const std::size_t before = slow.happened();
        for (int i = 0; i < sleeps; ++i) {
            sleep(1ms);
        }
        polls = slow.happened() - before;
    }
    EXPECT_LT(polls, sleeps / 2) << "a timer need not wait for the next poll";
    over = true;
    busy.get();
    pipe.write();
    reader.get();
}

}  // namespace
}  // namespace tendril
