// SPDX-License-Identifier: MIT
//
// wait() and iwait(): nothing is lost, and nothing left behind however they end.

#include <tendril/wait.hpp>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Events = std::vector<Event*>;

// The positions in `all` of what a range gave.
template <class Given>
std::string letters(const Given& given, const std::vector<Event>& all) {
    std::string text;
    for (const Event* each : given) {
        text += static_cast<char>('a' + (each - all.data()));
    }
    return text;
}

TENDRIL_TEST(Wait, DuplicatesAndFinishedOnesCountOnceEach) {
    Event set, later;
    set.set();
    Events all{&later, &set, &later, &set};
    spawn_n([&] { later.set(); });
    EXPECT_EQ(wait(all), (Events{&set, &set, &later, &later}));
}

TENDRIL_TEST(Wait, CountsOfNothingOfTooManyAndOfNoRange) {
    Event event;
    Events one{&event};
    EXPECT_TRUE(wait(one, never, 0).empty());
    EXPECT_TRUE(wait(Events()).empty());
    EXPECT_TRUE(wait(Events(), 1h, 5).empty());
    Events none;
    for (const Event* each : iwait(none)) {
        ADD_FAILURE() << each;
    }
    event.set();
    EXPECT_EQ(wait(one, never, 5).size(), 1u);
}

TENDRIL_TEST(Wait, AnEventIsReadyEvenIfItIsClearedBeforeTheTurn) {
    Event event;
    spawn_n([&] {
        event.set();
        event.clear();
    });
    EXPECT_EQ(wait({&event}, 1h).size(), 1u);
}

TENDRIL_TEST(Wait, SeesASemaphoreAndALockFreeAndTakesNothing) {
    Semaphore semaphore(0);
    BoundedSemaphore bounded(1);
    Lock lock;
    lock.lock();
    bounded.acquire();
    const auto releases = spawn([&] {
        semaphore.release();
        bounded.release();
        yield();
    });
    EXPECT_EQ(wait({AnyWaitable(semaphore), AnyWaitable(bounded), AnyWaitable(lock)}, 1ms).size(), 2u);
    EXPECT_EQ(semaphore.available(), 1u);
    lock.unlock();
    EXPECT_EQ(wait({&lock}).size(), 1u);
    EXPECT_FALSE(lock.locked());
    releases.join();
}

TENDRIL_TEST(Wait, APermitThatGoesToAWaiterIsNotSeenFree) {
    Semaphore semaphore(0);
    const auto waiter = spawn([&] { semaphore.acquire(); });
    yield();
    const auto watcher = spawn([&] { return wait({&semaphore}, 1h).size(); });
    yield();
    semaphore.release();
    waiter.join();
    yield();
    EXPECT_FALSE(watcher.ready());
    semaphore.release();
    EXPECT_EQ(watcher.get(), 1u);
}

TENDRIL_TEST(Wait, WhatBecomesReadyBetweenTwoStepsIsNotLost) {
    std::vector<Event> all(4);
    all[0].set();
    std::string order;
    for (Event& each : iwait(all)) {
        order += letters(Events{&each}, all);
        if (order == "a") {
            all[3].set();
            all[1].set();
            sleep(1ms);
            spawn_n([&] { all[2].set(); });
        }
    }
    EXPECT_EQ(order, "adbc");
}

TENDRIL_TEST(Wait, TheDeadlineEndsTheLoopAndWhatIsReadyByThenComes) {
    std::vector<Event> all(3);
    all[2].set();
    Events ready;
    for (Event& each : iwait(all, 1ms)) {
        ready.push_back(&each);
        if (ready.size() == 1) {
            sleep(2ms);
            all[0].set();
        }
    }
    EXPECT_EQ(letters(ready, all), "ca");
    const auto g = spawn([] { sleep(1h); });
    std::vector handles{g};
    EXPECT_TRUE(wait(handles, 0s).empty());
    g.kill();
}

// However a loop over iwait ends, nothing watches the Events any more: they would abort in their destructors.
TENDRIL_TEST(Wait, ALoopThatIsLeftLeavesNothingBehind) {
    const auto leave_by = [](const std::function<void()>& act) {
        std::vector<Event> all(3);
        all[0].set();
        for (const Event& each : iwait(all)) {
            EXPECT_EQ(&each, &all[0]);
            all[1].set();
            act();
            break;
        }
    };
    leave_by([] {});
    EXPECT_THROW(leave_by([] { throw std::runtime_error("enough"); }), std::runtime_error);
    const auto dies = spawn(leave_by, [] { sleep(1h); });
    yield();
    EXPECT_TRUE(dies.kill());
    EXPECT_TRUE(dies.killed());
}

TENDRIL_TEST(Wait, AKillOrATimeoutWhileItWaitsLeavesNothingBehind) {
    const auto waits = [](bool loop) {
        std::vector<Event> all(3);
        all[0].set();
        Events pointers{&all[0], &all[1], &all[2]};
        if (!loop) {
            return wait(pointers).size();
        }
        std::size_t seen = 0;
        for (const Event* each : iwait(pointers)) {
            seen += each->is_set() ? 1 : 0;
        }
        return seen;
    };
    for (const bool loop : {false, true}) {
        const auto dies = spawn(waits, loop);
        yield();
        EXPECT_TRUE(dies.kill());
        EXPECT_TRUE(dies.killed());
        EXPECT_FALSE(with_timeout(1ms, waits, loop));
    }
}

TENDRIL_TEST(Wait, ATimeoutThatIsCaughtLosesNothing) {
    std::vector<Event> all(2);
    auto range = iwait(all);
    all[1].set();
    auto it = range.begin();
    EXPECT_EQ(&*it, &all[1]);
    EXPECT_FALSE(with_timeout(1ms, [&] { ++it; }));
    all[0].set();
    ++it;
    EXPECT_EQ(&*it, &all[0]);
    ++it;
    EXPECT_TRUE(it == range.end());
}

TENDRIL_TEST(Wait, MayBeMovedBeforeItIsWalked) {
    std::vector<Event> all(2);
    auto first = iwait(all);
    auto second = std::move(first);
    all[1].set();
    all[0].set();
    std::string order;
    for (Event& each : second) {
        order += letters(Events{&each}, all);
    }
    EXPECT_EQ(order, "ba");
}

TENDRIL_TEST(Wait, RefusesOneselfAndHandlesOfNothingAndNullPointers) {
    Event watched;
    EXPECT_THROW(wait({AnyGreenlet(), current()}), std::logic_error);
    const AnyGreenlet self = current();
    EXPECT_THROW(wait({AnyWaitable(watched), AnyWaitable(self)}), std::logic_error);
    EXPECT_THROW(wait({&watched, static_cast<Event*>(nullptr)}), std::invalid_argument);
}

TENDRIL_TEST(Wait, ASecondGreenThreadOnTheSameLoopIsRefused) {
    std::vector<Event> all(2);
    auto range = iwait(all);
    const auto first = spawn([&] { return &*range.begin() == &all[0]; });
    yield();
    EXPECT_THROW(range.begin(), ConcurrentUse);
    all[0].set();
    EXPECT_TRUE(first.get()) << "the first is unharmed";
}

// A Waitable of a user's own, in the simplest way: by an Event.
class Door {
public:
    void open() { opened_.set(); }
    bool ready() const { return opened_.ready(); }
    void observe(detail::Observer& observer) const { opened_.observe(observer); }

private:
    Event opened_;
};

TENDRIL_TEST(Wait, TakesAUsersOwnWaitable) {
    std::array<Door, 2> doors;
    spawn_n([&] { doors[1].open(); });
    for (Door& door : iwait(doors)) {
        EXPECT_EQ(&door, &doors[1]);
        break;
    }
    Event event;
    EXPECT_EQ(wait({AnyWaitable(doors[0]), AnyWaitable(event)}, 0s).size(), 0u);
}

TENDRIL_TEST(WaitThreads, AForeignOsThreadIsRefused) {
    std::vector<Event> events(2);
    const AsyncResult<int> result;
    Semaphore semaphore(0);
    Lock lock;
    lock.lock();
    const auto g = spawn([] { sleep(1h); });
    EXPECT_TRUE(wait({&events[0], &events[1]}, 0s).empty());
    EXPECT_TRUE(wait({&semaphore}, 0s).empty());
    auto range = iwait(events);
    std::thread([&] {
        EXPECT_THROW(wait({&events[0], &events[1]}), WrongThread);
        EXPECT_THROW(wait({AnyWaitable(result)}), WrongThread);
        EXPECT_THROW(wait({AnyWaitable(semaphore)}), WrongThread);
        EXPECT_THROW(wait({AnyWaitable(lock)}), WrongThread);
        EXPECT_THROW(wait({AnyWaitable(g)}), WrongThread);
        EXPECT_THROW(range.begin(), WrongThread) << "moving on, elsewhere than it was begun";
    }).join();
    g.kill();
}

void destroy_while_watched() {
    auto event = std::make_unique<Event>();
    spawn_n([&] { wait({event.get()}); });
    yield();
    event.reset();
}

TEST(WaitDeathTest, DestroyingAnEventThatIsWatchedSaysSo) {
    EXPECT_DEATH(destroy_while_watched(), "an Event was destroyed while wait\\(\\) or iwait\\(\\) watched it");
}

}  // namespace
}  // namespace tendril
