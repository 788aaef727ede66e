// SPDX-License-Identifier: MIT
//
// What a hub gives back after a burst, and when it wakes for it. The test controls the time: it reports polls that
// never were to a Reclaim of its own.

#include "hub/reclaim.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using detail::Descriptor;
using detail::DescriptorSlots;
using detail::HubCore;
using detail::Reclaim;
using detail::RecordCache;
using detail::RunQueue;
using detail::StackPool;

void burst(int n) {
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < n; ++i) {
        all.push_back(spawn([] { yield(); }));
    }
    join_all(all);
}

// A hub that sleeps: polls only when it must. Returns: how often it woke.
int sleep_until_done(HubCore& hub, Reclaim& reclaim) {
    int wakes = 0;
    while (reclaim.due_ns(hub) != INT64_MAX && wakes < 100'000) {
        reclaim.run(hub, reclaim.due_ns(hub));
        ++wakes;
    }
    return wakes;
}

// A Reclaim that gets a time long past ends each slice at once, after a single step.
constexpr std::int64_t long_past_ns = -1'000'000'000'000;

TENDRIL_TEST(Reclaim, ASleepingHubWakesUntilAllIsGivenBackAndThenNeverAgain) {
    HubCore& hub = HubCore::here();
    Reclaim reclaim;
    EXPECT_EQ(reclaim.due_ns(hub), INT64_MAX);  // nothing to give back, no wake-up
    burst(1000);
    EXPECT_GE(Hub::current().stats().stacks_free, 1000u);
    hub.clock_ns = long_past_ns;
    EXPECT_EQ(reclaim.due_ns(hub), long_past_ns + Reclaim::interval_ns);
    const int wakes = sleep_until_done(hub, reclaim);
    EXPECT_GE(wakes, 10);
    EXPECT_LE(wakes, 10'000);
    EXPECT_EQ(reclaim.due_ns(hub), INT64_MAX);
    EXPECT_LE(Hub::current().stats().stacks_free, StackPool::kept_bytes / StackPool::default_size);
    EXPECT_LE(hub.os.stacks.mapped_bytes(), std::size_t{64} << 20);
    EXPECT_LE(hub.records.bytes(), RecordCache::kept_bytes);
    EXPECT_LE(hub.ready.capacity(), 1024u);
}

// Whatever it had to give back was freed before the first of the two intervals.
TENDRIL_TEST(Reclaim, NothingGoesBeforeAWholeInterval) {
    HubCore& hub = HubCore::here();
    Reclaim reclaim;
    burst(300);
    const std::size_t mapped = hub.os.stacks.mapped_bytes();
    const std::int64_t due = reclaim.due_ns(hub);
    reclaim.run(hub, due - 1);
    EXPECT_EQ(reclaim.due_ns(hub), due);
    reclaim.run(hub, due);
    EXPECT_EQ(hub.os.stacks.mapped_bytes(), mapped);
    EXPECT_EQ(reclaim.due_ns(hub), due + Reclaim::interval_ns);
}

TENDRIL_TEST(Reclaim, GreenThreadsThatWereCancelledBeforeTheyBeganLeaveNothing) {
    HubCore& hub = HubCore::here();
    for (int i = 0; i < 1000; ++i) {
        spawn_after(1h, [] {}).cancel();
    }
    yield();
    Reclaim reclaim;
    sleep_until_done(hub, reclaim);
    EXPECT_LE(Hub::current().stats().stacks_free, StackPool::kept_bytes / StackPool::default_size);
    EXPECT_FALSE(hub.timers.surplus());
}

// A busy hub is not kept from its work: between two slices lies ten times what one may take.
TENDRIL_TEST(Reclaim, ABusyHubGivesBackNowAndThen) {
    HubCore& hub = HubCore::here();
    Reclaim reclaim;
    burst(1000);
    hub.clock_ns = long_past_ns;
    reclaim.run(hub, reclaim.due_ns(hub));
    const auto busy = spawn([] {});  // is ready
    const std::int64_t now = reclaim.due_ns(hub);
    reclaim.run(hub, now);
    EXPECT_EQ(reclaim.due_ns(hub), now + Reclaim::between_slices_ns);
    busy.join();
}

#ifndef TENDRIL_ASAN  // where nothing is cached
TEST(RecordCache, KeepsWhatIsUsedAndFreesTheRest) {
    RecordCache cache;
    std::vector<void*> all;
    for (int i = 0; i < 3000; ++i) {
        all.push_back(cache.allocate(100));
    }
    for (void* each : all) {
        cache.free(each, 100);
    }
    EXPECT_EQ(cache.bytes(), 3000u * 128);
    EXPECT_TRUE(cache.surplus());
    cache.age();
    void* const one = cache.allocate(100);
    EXPECT_EQ(one, all.back());  // last in, first out, across ages
    cache.free(one, 100);
    EXPECT_FALSE(cache.give_back(0));  // a slice
    EXPECT_TRUE(cache.give_back(INT64_MAX));
    EXPECT_FALSE(cache.surplus());
    EXPECT_EQ(cache.bytes(), 128u);
    EXPECT_EQ(cache.allocate(100), one);
    cache.free(one, 100);
}

TEST(RecordCache, RecordsMayOutliveIt) {
    auto cache = std::make_unique<RecordCache>();
    std::vector<void*> all;
    for (const std::size_t size : {100u, 100u, 512u, 513u}) {
        all.push_back(std::memset(cache->allocate(size), 1, size));
    }
    cache->free(all[1], 100);
    cache.reset();
    RecordCache::free_late(all[0], 100);
    RecordCache::free_late(all[2], 512);
    RecordCache::free_late(all[3], 513);
}
#endif

TENDRIL_TEST(RunQueue, ShrinksAndKeepsItsOrder) {
    HubCore& hub = HubCore::here();
    RunQueue queue;
    queue.reserve(100'000);
    std::array<detail::Fiber, 3> fibers{detail::Fiber(hub, 1, 0, {}), detail::Fiber(hub, 2, 0, {}),
                                        detail::Fiber(hub, 3, 0, {})};
    for (detail::Fiber& each : fibers) {
        queue.push(each);
    }
    queue.shrink(3);
    EXPECT_LE(queue.capacity(), 256u);
    EXPECT_EQ(queue.size(), 3u);
    EXPECT_EQ(&queue.pop(), &fibers[0]);
    queue.reserve(100);
    EXPECT_EQ(queue.size(), 2u);
    EXPECT_EQ(&queue.pop(), &fibers[1]);
    EXPECT_EQ(&queue.pop(), &fibers[2]);
}

TEST(DescriptorSlots, MemoryThatNobodyUsesGoesAndWhoeverLooksLaterFindsNobody) {
    DescriptorSlots slots;
    std::vector<Descriptor*> all;
    for (int i = 0; i < 5000; ++i) {
        all.push_back(&slots.take());
        all.back()->in_use = true;
    }
    const std::uint32_t last_index = all.back()->index;
    EXPECT_EQ(&slots.at(last_index), all.back());
    EXPECT_FALSE(slots.surplus());
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != 100) {
            ++all[i]->generation;
            all[i]->in_use = false;
            slots.put_back(*all[i]);
        }
    }
    EXPECT_TRUE(slots.surplus());
    slots.give_back();
    EXPECT_FALSE(slots.surplus());
    EXPECT_EQ(slots.kept(), 256u);
    EXPECT_EQ(all.back()->generation, 0u);  // which none in use ever has: its address is good still
    EXPECT_EQ(&slots.at(last_index), all.back());
    EXPECT_EQ(all[100]->generation, 1u);
    std::size_t again = 0;
    for (int i = 0; i < 200; ++i) {
        const Descriptor& d = slots.take();
        again += d.index != 100 && d.generation >= 2;  // never one that an event under way may name
    }
    EXPECT_EQ(again, 200u);
}

}  // namespace
}  // namespace tendril
