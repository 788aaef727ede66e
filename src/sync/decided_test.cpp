// SPDX-License-Identifier: MIT
//
// A wait ends by what comes first: what it waited for, its deadline, a kill or a Timeout. What comes after, though
// before the waiter runs, is too late for this wait and comes at the next. One rule for all primitives.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/barrier.hpp>
#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/latch.hpp>
#include <tendril/lock.hpp>
#include <tendril/queue.hpp>
#include <tendril/rw_lock.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>
#include <tendril/wait_group.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// One way to wait, and what ends it. Fresh ones for each try.
struct Case {
    std::string name;
    std::function<void()> wait;
    std::function<void()> decide;
};

template <class T>
std::shared_ptr<T> made() {
    return std::make_shared<T>();
}

std::vector<Case> cases() {
    auto event = made<Event>();
    auto result = made<AsyncResult<int>>();
    auto semaphore = std::make_shared<Semaphore>(0);
    auto queue = made<Queue<int>>();
    auto channel = made<Channel<int>>();
    auto lock = made<Lock>();
    auto condition = made<Condition>();
    auto shared_event = made<SharedEvent>();
    auto shared_semaphore = std::make_shared<SharedSemaphore>(0);
    auto shared_queue = made<SharedQueue<int>>();
    auto stopped = made<Queue<int>>();
    auto watched = made<Event>();
    auto joinable = made<JoinableQueue<int>>();
    joinable->put(1);
    auto rlock = made<RLock>();
    auto rcondition = made<Condition>();
    auto barrier = std::make_shared<Barrier>(2);
    auto latch = std::make_shared<Latch>(1);
    auto group = made<WaitGroup>();
    group->add();
    auto read = made<RWLock>();
    read->lock_shared();
    auto written = made<RWLock>();
    written->lock();
    return {
        {"Event", [=] { event->wait(); }, [=] { event->set(); }},
        {"AsyncResult", [=] { EXPECT_EQ(result->get(), 1); }, [=] { result->set(1); }},
        {"Semaphore", [=] { semaphore->acquire(); }, [=] { semaphore->release(); }},
        {"Queue", [=] { EXPECT_EQ(queue->get(), 1); }, [=] { queue->put(1); }},
        {"Channel", [=] { EXPECT_EQ(channel->get(), 1); }, [=] { EXPECT_TRUE(channel->try_put(1)); }},
        {"Condition",
         [=] {
             const std::unique_lock guard(*lock);
             condition->wait(*lock);
         },
         [=] { condition->notify_one(); }},
        {"Condition with an RLock",
         [=] {
             const std::scoped_lock guard(*rlock);
             const std::scoped_lock again(*rlock);
             rcondition->wait(*rlock);
         },
         [=] { rcondition->notify_one(); }},
        {"Barrier", [=] { barrier->wait(); },
         [=] {
             if (barrier->waiting() > 0) {
                 barrier->wait();
             }
         }},
        {"Latch", [=] { latch->wait(); }, [=] { latch->count_down(); }},
        {"WaitGroup", [=] { group->wait(); }, [=] { group->done(); }},
        {"RWLock, to write",
         [=] {
             read->lock();
             read->unlock();
         },
         [=] { read->unlock_shared(); }},
        {"RWLock, to read",
         [=] {
             written->lock_shared();
             written->unlock_shared();
         },
         [=] { written->unlock(); }},
        {"SharedEvent", [=] { shared_event->wait(); }, [=] { shared_event->set(); }},
        {"SharedSemaphore", [=] { shared_semaphore->acquire(); }, [=] { shared_semaphore->release(); }},
        {"SharedQueue", [=] { EXPECT_EQ(shared_queue->get(), 1); }, [=] { shared_queue->put(1); }},
        {"a Queue's shutdown", [=] { EXPECT_THROW(stopped->get(), ShutDown); }, [=] { stopped->shutdown(); }},
        {"wait", [=] { EXPECT_EQ(wait({watched.get()}).size(), 1u); }, [=] { watched->set(); }},
        {"JoinableQueue::join", [=] { joinable->join(); },
         [=] {
             joinable->get();
             joinable->task_done();
         }},
    };
}

TENDRIL_TEST(Decided, WhatCameBeforeAKillHolds) {
    for (const Case& each : cases()) {
        SCOPED_TRACE(each.name);
        bool completed = false;
        const auto waiter = spawn([&] {
            each.wait();
            completed = true;
            yield();
            ADD_FAILURE() << "the kill was lost";
        });
        yield();
        each.decide();
        waiter.kill_nowait();
        EXPECT_TRUE(waiter.join(60s));
        EXPECT_TRUE(completed);
        EXPECT_TRUE(waiter.killed());
    }
}

TENDRIL_TEST(Decided, WhatCameBeforeATimeoutHolds) {
    for (const Case& each : cases()) {
        SCOPED_TRACE(each.name);
        bool completed = false;
        Timeout* timeout = nullptr;
        const auto waiter = spawn([&] {
            Timeout limit(never);
            timeout = &limit;
            try {
                each.wait();
                completed = true;
                yield();
                ADD_FAILURE() << "the Timeout was lost";
            } catch (const Timeout::Expired&) {
            }
        });
        yield();
        each.decide();
        timeout->reset(0s);
        EXPECT_TRUE(waiter.join(60s));
        EXPECT_TRUE(completed);
        EXPECT_TRUE(waiter.successful());
    }
}

TENDRIL_TEST(Decided, AKillThatCameBeforeEndsTheWait) {
    for (const Case& each : cases()) {
        if (each.name.starts_with("Shared") || each.name == "a Queue's shutdown") {
            continue;  // Shared ones below: another OS thread may have decided before, so what it did is looked for
        }
        SCOPED_TRACE(each.name);
        const auto waiter = spawn([&] {
            each.wait();
            ADD_FAILURE() << "it was killed first";
        });
        yield();
        waiter.kill_nowait();
        if (each.name != "Channel") {
            each.decide();
        }
        EXPECT_TRUE(waiter.join(60s));
        EXPECT_TRUE(waiter.killed());
    }
}

TENDRIL_TEST(Decided, ASharedThingsHandOverHoldsEitherWay) {
    for (const Case& each : cases()) {
        if (!each.name.starts_with("Shared")) {
            continue;
        }
        SCOPED_TRACE(each.name);
        bool completed = false;
        const auto waiter = spawn([&] {
            each.wait();
            completed = true;
            yield();
        });
        yield();
        waiter.kill_nowait();
        each.decide();
        EXPECT_TRUE(waiter.join(60s));
        EXPECT_TRUE(completed && waiter.killed());
    }
}

TENDRIL_TEST(Decided, AJoinThatHasSeenTheEndHolds) {
    Event go;
    const auto target = spawn([&] { go.wait(); });
    bool completed = false;
    AnyGreenlet waiter;
    waiter = spawn([&] {
        target.join();
        completed = true;
        yield();
        ADD_FAILURE() << "the kill was lost";
    });
    auto link = target.link([&](const AnyGreenlet&) { waiter.kill_nowait(); });  // told after the join
    yield();
    go.set();
    EXPECT_TRUE(waiter.join(60s));
    EXPECT_TRUE(completed && waiter.killed());
}

}  // namespace
}  // namespace tendril
