// SPDX-License-Identifier: MIT
//
// Backtraces of suspended flows and of the running one.

#include "context/backtrace.hpp"

#include <gtest/gtest.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include <signal.h>

#include "context/os_thread.hpp"

namespace tendril::detail {
namespace {

// A flow on a stack of its own that runs `body`, which switches back by back().
struct Partner : Flow, StackOwner {
    OsThread& os = OsThread::current();
    Flow root;
    std::function<void(Partner&)> body;
    StackTop& stack = os.stacks.acquire(0, *this);

    explicit Partner(std::function<void(Partner&)> f) : body(std::move(f)) {
        begins_on(stack.bounds);
        root.begins_on(*os.here);
        prepare(*this, stack.top(), &Partner::enter);
    }
    ~Partner() { os.stacks.release(stack); }
    void go() { switch_flow(os.words, os.here, root, *this); }
    void back() { switch_flow(os.words, os.here, *this, root); }
    [[gnu::noinline]] void leave() { leave_flow(os.words, os.here, *this, root); }
    static void enter(Registers* registers) {
        auto& self = static_cast<Partner&>(*static_cast<Flow*>(registers));
        flow_arrived(self);
        self.body(self);
        self.leave();
    }
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};

volatile int sink = 0;  // written after each call, so that no call is a tail call

[[gnu::noinline]] void pauses(Partner& partner) {
    partner.back();
    sink = sink + 1;
}

[[gnu::noinline]] void recurses(Partner& partner, int depth) {
    if (depth > 0) {
        recurses(partner, depth - 1);
    } else {
        pauses(partner);
    }
    sink = sink + 1;
}

template <class F>
void* address(F* function) {
    return reinterpret_cast<void*>(function);
}

// Returns the functions that contain the addresses.
std::vector<void*> functions(const std::array<void*, 64>& addresses, std::size_t size) {
    std::vector<void*> all;
    for (std::size_t i = 0; i < size; ++i) {
        all.push_back(_Unwind_FindEnclosingFunction(static_cast<char*>(addresses[i]) - 1));
    }
    return all;
}

std::vector<void*> suspended_in(const Flow& flow) {
    std::array<void*, 64> addresses{};
    const std::size_t size = backtrace_of(flow, addresses);
    return functions(addresses, size);
}

#ifdef TENDRIL_SWITCH_OURS

// Its frame is laid out by a register other than the caller's: over-aligned, and of a size known only at run time.
[[gnu::noinline]] void has_an_odd_frame(Partner& partner, std::size_t size) {
    alignas(128) volatile char wide[256] = {};
    auto* late = static_cast<volatile char*>(__builtin_alloca(size));
    late[0] = wide[0];
    pauses(partner);
    sink = sink + late[0] + wide[1];
}

TEST(Backtrace, OfASuspendedFlowIsWhereItStopped) {
    Partner partner([](Partner& self) { recurses(self, 3); });
    partner.go();
    const std::vector<void*> found = suspended_in(partner);
    auto at = std::find(found.begin(), found.end(), address(&pauses));
    ASSERT_NE(at, found.end());
    ASSERT_GE(found.end() - at, 5);
    for (int i = 1; i <= 4; ++i) {
        EXPECT_EQ(at[i], address(&recurses)) << i;
    }
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&recurses)), 4);
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&Partner::enter)), 1) << "and there it ends";
    EXPECT_EQ(suspended_in(partner), found) << "looking changes nothing";
    partner.go();
    EXPECT_EQ(sink, 5) << "it went on as if nobody had looked";
    sink = 0;
}

TEST(Backtrace, WalksThroughFramesOfAnyLayout) {
    Partner partner([](Partner& self) { has_an_odd_frame(self, 100); });
    partner.go();
    const std::vector<void*> found = suspended_in(partner);
    auto at = std::find(found.begin(), found.end(), address(&has_an_odd_frame));
    ASSERT_NE(at, found.end());
    EXPECT_EQ(at[-1], address(&pauses));
    EXPECT_NE(std::find(at, found.end(), address(&Partner::enter)), found.end());
    partner.go();
    sink = 0;
}

TEST(Backtrace, NeverWritesMoreThanThereIsRoomFor) {
    Partner partner([](Partner& self) { recurses(self, 100); });
    partner.go();
    std::array<void*, 8> few{};
    EXPECT_EQ(backtrace_of(partner, std::span(few).first(7)), 7u);
    EXPECT_EQ(few[7], nullptr);
    EXPECT_EQ(backtrace_of(partner, {}), 0u);
    partner.go();
    sink = 0;
}

// The stack that asks may itself be a suspended flow's partner: no frame of it is in the answer.
TEST(Backtrace, OfASuspendedFlowAskedByAnother) {
    Partner sleeper([](Partner& self) { recurses(self, 1); });
    sleeper.go();
    std::vector<void*> found;
    Partner asker([&](Partner& self) {
        found = suspended_in(sleeper);
        pauses(self);
    });
    asker.go();
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&recurses)), 2);
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&pauses)), 1);
    EXPECT_EQ(found, suspended_in(sleeper));
    asker.go();
    sleeper.go();
    sink = 0;
}

#else

TEST(Backtrace, OfASuspendedFlowIsNotKnown) {
    Partner partner([](Partner& self) { recurses(self, 3); });
    partner.go();
    EXPECT_TRUE(suspended_in(partner).empty());
    partner.go();
    sink = 0;
}

#endif

std::array<void*, 64> here;
std::size_t here_size = 0;

[[gnu::noinline]] void asks() {
    here_size = backtrace_here(here);
    sink = sink + 1;
}

TEST(Backtrace, OfTheRunningFlowBeginsWithTheCaller) {
    Partner partner([](Partner&) {
        asks();
        sink = sink + 1;
    });
    partner.go();
    const std::vector<void*> found = functions(here, here_size);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0], address(&asks));
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&Partner::enter)), 1);
    sink = 0;
}

[[gnu::noinline]] void is_interrupted() {
    ::raise(SIGUSR1);
    sink = sink + 1;
}

TEST(Backtrace, InASignalHandlerIncludesWhatWasInterrupted) {
    prime_backtrace();
    struct sigaction before {};
    struct sigaction action {};
    action.sa_handler = [](int) { here_size = backtrace_here(here); };
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGUSR1, &action, &before);
    Partner partner([](Partner&) {
        is_interrupted();
        sink = sink + 1;
    });
    partner.go();
    ::sigaction(SIGUSR1, &before, nullptr);
    const std::vector<void*> found = functions(here, here_size);
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&is_interrupted)), 1);
    EXPECT_EQ(std::count(found.begin(), found.end(), address(&Partner::enter)), 1);
    sink = 0;
}

}  // namespace
}  // namespace tendril::detail
