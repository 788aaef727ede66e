// SPDX-License-Identifier: MIT

#include <tendril/cpu_profile.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/sys.hpp"
#include "green_test.hpp"
#include "hub/here.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Of the processor's time, whatever else runs on the machine.
void compute_for(std::chrono::nanoseconds how_long) {
    for (const std::int64_t end = sys::thread_cpu_ns() + how_long.count(); sys::thread_cpu_ns() < end;) {
    }
}

const CpuUse* of(const std::vector<CpuUse>& all, std::uint64_t id) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const CpuUse& each) { return each.greenlet == id; });
    return at != all.end() ? &*at : nullptr;
}

const CpuUse* at_line(const std::vector<CpuUse>& all, int line) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const CpuUse& each) { return each.where.line == line; });
    return at != all.end() ? &*at : nullptr;
}

TENDRIL_TEST(CpuProfile, CountsForTheOneThatComputes) {
    const CpuProfile profile;
    bool done = false;
    const auto busy = spawn({.name = "busy"}, [&] {
        for (int i = 0; i < 3; ++i) {
            compute_for(5ms);
            yield();
        }
        done = true;
        sleep(1h);
    });
    const auto lazy = spawn([] { sleep(1h); });
    while (!done) {
        sleep(1ms);
    }
    const auto all = profile.greenlets();
    const CpuUse* b = of(all, busy.id());
    const CpuUse* l = of(all, lazy.id());
    ASSERT_NE(b, nullptr);
    ASSERT_NE(l, nullptr);
    EXPECT_EQ(&all.front(), b) << "the most expensive first";
    EXPECT_EQ(b->name, "busy");
    EXPECT_GE(b->cpu, 15ms);
    EXPECT_GE(b->switches, 2u);
    EXPECT_LT(l->cpu, 5ms);
    EXPECT_EQ(l->switches, 1u);
    busy.kill();
    lazy.kill();
}

TENDRIL_TEST(CpuProfile, SumsThoseThatHaveEndedByTheirPlace) {
    CpuProfile profile;
    int line = 0;
    for (int i = 0; i < 20; ++i) {
        line = __LINE__ + 1;
        spawn_n([] { compute_for(1ms); });
    }
    sleep(1ms);
    const auto all = profile.places();
    const CpuUse* sum = at_line(all, line);
    ASSERT_NE(sum, nullptr);
    EXPECT_EQ(sum->greenlets, 20u);
    EXPECT_GE(sum->cpu, 20ms);
    EXPECT_EQ(sum->switches, 20u);
    EXPECT_EQ(at_line(profile.greenlets(), line), nullptr) << "they have ended";
    profile.restart();
    EXPECT_EQ(at_line(profile.places(), line), nullptr);
}

TENDRIL_TEST(CpuProfile, ARawContextCountsForItsGreenThread) {
    const CpuProfile profile;
    const auto g = spawn([] {
        const Context context([](std::any) -> std::any {
            compute_for(5ms);
            return {};
        });
        context.switch_to();
        sleep(1h);
    });
    yield();
    const auto all = profile.greenlets();
    const CpuUse* use = of(all, g.id());
    ASSERT_NE(use, nullptr);
    EXPECT_GE(use->cpu, 5ms);
    g.kill();
}

std::uint64_t observed = 0;
void observe(const SwitchEvent&) noexcept {
    ++observed;
}

TENDRIL_TEST(CpuProfile, LeavesOtherObserversInPlace) {
    observed = 0;
    set_switch_observer(&observe);
    {
        const CpuProfile profile;
        EXPECT_THROW(CpuProfile(), std::logic_error);
        spawn([] {}).join();
        EXPECT_GT(observed, 0u);
    }
    EXPECT_EQ(set_switch_observer(nullptr), &observe);
    {
        const CpuProfile profile;
        set_switch_observer(&observe);
    }
    EXPECT_EQ(set_switch_observer(nullptr), &observe);
}

// Whose OS thread begins at no time used.
TENDRIL_TEST(CpuProfile, CountsOnInAForksChild) {
    const CpuProfile profile;
    compute_for(5ms);
    spawn([] {}).join();
    const pid_t child = detail::here::fork();
    if (child == 0) {
        const auto all = profile.greenlets();
        const CpuUse* mine = of(all, current().id());
        ::_exit(mine != nullptr && mine->cpu >= 5ms ? 7 : 8);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace tendril
