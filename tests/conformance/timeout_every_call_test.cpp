// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.D, row TD04, for every call that waits: its own deadline, a Timeout around it,
// and a kill inside it are told apart, and none of them leaves anything behind (which the fixture checks).
//
// A new call is one line in `calls`: what it does with a deadline, on something that does not come about by itself.
// It answers whether the thing came about; when its own deadline passes it may as well throw TimeoutError.

#include <functional>
#include <mutex>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/lock.hpp>
#include <tendril/queue.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Things that do not come about by themselves, for calls to wait for.
struct Scene {
    Greenlet<int> endless = spawn([]() -> int {
        for (;;) {
            try {
                sleep(never);
            } catch (const GreenletExit&) {
                if (over) {
                    throw;
                }
            }
        }
    });
    std::vector<AnyGreenlet> several{endless, endless};
    Event event;
    Semaphore none{0};
    Lock held;
    Lock guard;
    Condition condition;
    Queue<int> empty;
    Queue<int> full{1};
    JoinableQueue<int> undone;
    Channel<int> channel;
    static inline thread_local bool over;

    Scene() {
        over = false;
        full.put(1);
        undone.put(1);
        spawn([this] { held.lock(); }).join();  // and never unlocks
    }
    ~Scene() {
        over = true;
        endless.kill();
    }
};

struct Call {
    const char* name;
    bool (*run)(Scene&, Deadline);
};

// For calls that throw an exception of their own when the deadline passes.
template <class Late, class F>
bool in_time(F f) {
    try {
        f();
        return true;
    } catch (const Late&) {
        return false;
    }
}

const Call calls[] = {
    {"sleep", [](Scene&, Deadline d) { return sleep(d), false; }},
    {"join", [](Scene& s, Deadline d) { return s.endless.join(d); }},
    {"get", [](Scene& s, Deadline d) { return s.endless.get(d) != 0; }},
    {"join_all", [](Scene& s, Deadline d) { return join_all(s.several, {.deadline = d}) != 0; }},
    {"kill", [](Scene& s, Deadline d) { return s.endless.kill(d); }},
    {"kill with an error",
     [](Scene& s, Deadline d) { return s.endless.kill(std::make_exception_ptr(GreenletExit()), d); }},
    {"Event::wait", [](Scene& s, Deadline d) { return s.event.wait(d); }},
    {"Semaphore::acquire", [](Scene& s, Deadline d) { return s.none.acquire(d); }},
    {"Lock::acquire", [](Scene& s, Deadline d) { return s.held.acquire(d); }},
    {"Condition::wait",
     [](Scene& s, Deadline d) {
         const std::lock_guard guard(s.guard);
         return s.condition.wait(s.guard, d);
     }},
    {"Queue::get", [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.empty.get(d); }); }},
    {"Queue::peek", [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.empty.peek(d); }); }},
    {"Queue::put", [](Scene& s, Deadline d) { return in_time<Full>([&] { s.full.put(2, d); }); }},
    {"JoinableQueue::join", [](Scene& s, Deadline d) { return s.undone.join(d); }},
    {"Channel::get", [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.channel.get(d); }); }},
    {"Channel::put", [](Scene& s, Deadline d) { return in_time<Full>([&] { s.channel.put(2, d); }); }},
    {"kill_all", [](Scene& s, Deadline d) { return kill_all(s.several, d) != s.several.size(); }},
};

void for_each_call(const std::function<void(const Call&, Scene&)>& check) {
    for (const Call& call : calls) {
        SCOPED_TRACE(call.name);
        const HubStats before = Hub::current().stats();
        {
            Scene scene;
            check(call, scene);
        }
        const HubStats after = Hub::current().stats();
        EXPECT_EQ(after.timers, before.timers);
        EXPECT_EQ(after.waiting_for_io, before.waiting_for_io);
        EXPECT_EQ(after.greenlets, before.greenlets);
    }
}

TENDRIL_TEST(ConformanceD, TD04_AnOuterTimeoutEscapesFromEveryCall) {
    for_each_call([](const Call& call, Scene& scene) {
        Timeout outer(1ms);
        try {
            call.run(scene, 1h);
            ADD_FAILURE() << "turned into the call's own result";
        } catch (const Timeout::Expired& e) {
            EXPECT_TRUE(outer.threw(e));
        }
    });
}

TENDRIL_TEST(ConformanceD, TD04_TheOwnDeadlineOfEveryCallIsNoExpiry) {
    for_each_call([](const Call& call, Scene& scene) {
        for (const Deadline deadline : {Deadline(1ms), Deadline(0s)}) {
            Timeout outer(1h);
            try {
                EXPECT_FALSE(call.run(scene, deadline));
            } catch (const TimeoutError&) {
            }
            EXPECT_FALSE(outer.expired());
        }
    });
}

TENDRIL_TEST(ConformanceD, TD04_AnExpiryThatIsDueAlreadyComesBeforeTheCallWaits) {
    for_each_call([](const Call& call, Scene& scene) {
        EXPECT_THROW(
            {
                Timeout outer(0s);
                call.run(scene, 1h);
            },
            Timeout::Expired);
    });
}

TENDRIL_TEST(ConformanceD, TD04_KilledInsideEveryCall) {
    for_each_call([](const Call& call, Scene& scene) {
        for (const Deadline deadline : {Deadline(1h), never}) {
            const auto victim = spawn([&] { call.run(scene, deadline); });
            yield();
            EXPECT_FALSE(victim.ready());
            EXPECT_TRUE(victim.kill());
            EXPECT_TRUE(victim.killed());
            EXPECT_FALSE(scene.endless.ready());
        }
    });
}

}  // namespace
}  // namespace tendril
