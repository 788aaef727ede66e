// SPDX-License-Identifier: MIT
//
// TENDRIL_ASSERT: each invariant is broken on purpose, in a child process, and says so. In checked builds only.

#include <tendril/detail/base/check.hpp>
#include <tendril/detail/sync/shared_wait.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>

#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/sys.hpp"
#include "context/stack_chunk.hpp"
#include "hub/hub_core.hpp"

#if TENDRIL_CHECKS

namespace tendril::detail {
namespace {

const auto aborts = ::testing::KilledBySignal(SIGABRT);

TEST(Assert, SaysWhereAndInWhichGreenThread) {
    EXPECT_EXIT(
        {
            auto victim = spawn({.name = "victim"}, [] { TENDRIL_ASSERT(1 + 1 == 3); });
            victim.join();
        },
        aborts,
        "tendril: .*assert_test.cpp:[0-9]+: a bug in tendril: not \\(1 \\+ 1 == 3\\), in green thread [0-9]+ "
        "\"victim\"");
    EXPECT_EXIT(TENDRIL_ASSERT(false), aborts, "a bug in tendril: not \\(false\\)\n");
}

TEST(Assert, ParkingNeedsAWaiter) {
    EXPECT_EXIT(HubCore::here().park(), aborts, "scheduler.hpp.*current->waiter != nullptr");
}

TEST(Assert, AFiberIsInTheRunQueueOnce) {
    EXPECT_EXIT(
        {
            HubCore& hub = HubCore::here();
            hub.ready.reserve(8);
            hub.ready.push(hub.main);
            hub.ready.push(hub.main);
        },
        aborts, "run_queue.hpp.*!fiber.queued");
}

TEST(Assert, AnEmptyRunQueueHasNoFront) {
    RunQueue queue;
    EXPECT_EXIT(queue.pop(), aborts, "run_queue.hpp.*!empty\\(\\)");
    EXPECT_EXIT(queue.front(), aborts, "run_queue.hpp.*!empty\\(\\)");
    EXPECT_EXIT(queue.at(0), aborts, "run_queue.hpp.*i < size\\(\\)");
}

TEST(Assert, AWaiterIsDecidedOnce) {
    EXPECT_EXIT(
        {
            Waiter waiter("test");
            waiter.decide(Outcome::signalled);
            waiter.decide(Outcome::signalled);
        },
        aborts, "waiter.hpp.*open\\(\\)");
}

TEST(Assert, OneWaitAtATime) {
    EXPECT_EXIT(
        {
            Waiter first("first");
            Waiter second("second");
            first.note();
            second.note();
        },
        aborts, "waiter.hpp.*fiber.waiter == nullptr");
}

TEST(Assert, NothingIsHandedToNobody) {
    WaitQueue queue("a test");
    SharedMutex mutex(Rank::shared);
    SharedWaitQueue shared(mutex, "a test");
    EXPECT_EXIT(queue.hand(), aborts, "wait_queue.cpp.*first_open\\(\\) != nullptr");
    EXPECT_EXIT(shared.hand(), aborts, "shared_wait.cpp.*any\\(\\)");
    EXPECT_EXIT(shared.wake_first(Outcome::closed), aborts, "shared_wait.cpp.*any\\(\\)");
}

TEST(Assert, ATimerIsArmedOnce) {
    EXPECT_EXIT(
        {
            Timer timer([](Timer&) noexcept {});
            Timers& timers = HubCore::here().timers;
            timers.arm(timer, INT64_MAX - 1);
            timers.arm(timer, INT64_MAX - 1);
        },
        aborts, "timers.cpp.*!timer.armed\\(\\)");
}

TEST(Assert, ADescriptorIsClosedOnce) {
    EXPECT_EXIT(
        {
            Descriptors& all = HubCore::here().descriptors;
            Descriptor& d = all.open(sys::eventfd());
            all.close(d);
            all.close(d);
        },
        aborts, "descriptor.cpp.*d.in_use");
}

TEST(Assert, ASlotExists) {
    EXPECT_EXIT(
        {
            DescriptorSlots slots;
            slots.at(0);
        },
        aborts, "descriptor.hpp.*blocks_.size\\(\\)");
}

TEST(Assert, ABackendIsToldOfADescriptorOnce) {
    for (const char* name : {"poll", "select"}) {
        EXPECT_EXIT(
            {
                const auto backend = make_backend(name);
                backend->arm(STDOUT_FILENO, 1, events::read, false);
                backend->arm(STDOUT_FILENO, 1, events::read, false);
            },
            aborts, "backend_.*.cpp.*again")
            << name;
    }
}

TEST(Assert, AFullChunkHasNoNextStack) {
    EXPECT_EXIT(
        {
            const auto chunk = StackChunk::map(std::size_t{64} << 10, 4096, 1, 0);
            chunk->take();
            chunk->next();
        },
        aborts, "stack_chunk.hpp.*!full\\(\\)");
}

TEST(Assert, ACallbackIsPostedOnce) {
    struct Callback final : HubCallback {
        void run() noexcept override {}
    };
    EXPECT_EXIT(
        {
            Callback callback;
            HubCore& hub = HubCore::here();
            hub.have_callback_fiber();
            hub.post(callback);
            hub.post(callback);
        },
        aborts, "hub_life.cpp.*!callback.linked\\(\\)");
}

}  // namespace
}  // namespace tendril::detail

#endif
