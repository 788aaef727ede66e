// SPDX-License-Identifier: MIT

#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "patch/pthread_calls.hpp"

namespace tendril::patch::detail {
namespace {

using namespace std::chrono_literals;

struct Condition {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    explicit Condition(clockid_t clock = CLOCK_REALTIME) {
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, clock);
        pthread_cond_init(&condition, &attributes);
        pthread_condattr_destroy(&attributes);
    }
};

TENDRIL_TEST(HookedCondition, TimesOutOnItsOwnClock) {
    for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
        compare([clock](const PthreadCalls& c) {
            Condition on(clock);
            c.pthread_mutex_lock(&on.mutex);
            const timespec soon = in(clock, 5);
            std::string log = text("timedwait", c.pthread_cond_timedwait(&on.condition, &on.mutex, &soon));
            const timespec other = in(CLOCK_MONOTONIC, 5);
            log += text("clockwait", c.pthread_cond_clockwait(&on.condition, &on.mutex, CLOCK_MONOTONIC, &other));
            const timespec bad{0, -1};
            log += text("bad", c.pthread_cond_timedwait(&on.condition, &on.mutex, &bad));
            log += text("clock", c.pthread_cond_clockwait(&on.condition, &on.mutex, CLOCK_BOOTTIME, &other));
            log += text("past", c.pthread_cond_timedwait(&on.condition, &on.mutex, &soon));
            log += text("unlock", c.pthread_mutex_unlock(&on.mutex));
            log += text("destroy", pthread_cond_destroy(&on.condition));
            return log;
        });
    }
}

TENDRIL_TEST(HookedCondition, RefusesAMutexOfAnother) {
    compare([](const PthreadCalls& c) {
        Condition on;
        pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
        c.pthread_mutex_lock(&mutex);
        std::string log;
        Thread(c, [&] { log = text("wait", c.pthread_cond_wait(&on.condition, &mutex)); });
        c.pthread_mutex_unlock(&mutex);
        return log;
    });
}

TENDRIL_TEST(HookedCondition, WakesOneOrAllInOrder) {
    const PthreadCalls& c = hooked_calls();
    Condition on;
    std::string order;
    std::vector<Greenlet<void>> all;
    for (char name = 'a'; name < 'f'; ++name) {
        all.push_back(spawn([&, name] {
            c.pthread_mutex_lock(&on.mutex);
            EXPECT_EQ(c.pthread_cond_wait(&on.condition, &on.mutex), 0);
            order += name;
            c.pthread_mutex_unlock(&on.mutex);
        }));
    }
    yield();
    c.pthread_cond_signal(&on.condition);
    yield();
    EXPECT_EQ(order, "a");
    c.pthread_cond_signal(&on.condition);
    c.pthread_cond_signal(&on.condition);
    yield();
    EXPECT_EQ(order, "abc");
    c.pthread_cond_broadcast(&on.condition);
    join(all);
    EXPECT_EQ(order, "abcde");
}

// A bounded buffer between producers and consumers; some are OS threads.
TENDRIL_TEST(HookedCondition, PassesItemsBetweenGreenThreadsAndOsThreads) {
    const PthreadCalls& c = hooked_calls();
    Condition filled;
    pthread_cond_t emptied = PTHREAD_COND_INITIALIZER;
    constexpr int each = 2000;
    int items = 0;
    int produced = 0;
    int consumed = 0;
    const auto produce = [&] {
        for (int i = 0; i < each; ++i) {
            c.pthread_mutex_lock(&filled.mutex);
            while (items == 4) {
                c.pthread_cond_wait(&emptied, &filled.mutex);
            }
            ++items;
            ++produced;
            c.pthread_cond_signal(&filled.condition);
            c.pthread_mutex_unlock(&filled.mutex);
        }
    };
    const auto consume = [&] {
        for (int i = 0; i < each; ++i) {
            c.pthread_mutex_lock(&filled.mutex);
            while (items == 0) {
                c.pthread_cond_wait(&filled.condition, &filled.mutex);
            }
            --items;
            ++consumed;
            c.pthread_cond_signal(&emptied);
            c.pthread_mutex_unlock(&filled.mutex);
        }
    };
    std::thread plain_producer(produce);
    std::thread plain_consumer(consume);
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(spawn(produce));
        all.push_back(spawn(consume));
    }
    join(all);
    for (bool all_came = false; !all_came; c.usleep(100)) {  // the joins below would hold the hub up
        c.pthread_mutex_lock(&filled.mutex);
        all_came = consumed == 4 * each;
        c.pthread_mutex_unlock(&filled.mutex);
    }
    plain_producer.join();
    plain_consumer.join();
    EXPECT_EQ(produced, consumed);
    EXPECT_EQ(items, 0);
}

TENDRIL_TEST(HookedCondition, ReturnsWithTheMutexWhenKilledOrTimedOut) {
    const PthreadCalls& c = hooked_calls();
    for (const bool kills : {false, true}) {
        Condition on;
        auto waiter = spawn([&] {
            const Timeout timeout(kills ? Duration(60s) : Duration(5ms));
            c.pthread_mutex_lock(&on.mutex);
            EXPECT_EQ(c.pthread_cond_wait(&on.condition, &on.mutex), ECANCELED);
            EXPECT_EQ(c.pthread_mutex_trylock(&on.mutex), EBUSY);
            EXPECT_EQ(c.pthread_cond_wait(&on.condition, &on.mutex), ECANCELED);
            c.pthread_mutex_unlock(&on.mutex);
            if (kills) {
                EXPECT_THROW(deliver(), GreenletExit);
            } else {
                EXPECT_THROW(deliver(), Timeout::Expired);
            }
        });
        yield();
        if (kills) {
            waiter.kill_nowait();
        }
        waiter.join();
        EXPECT_EQ(c.pthread_mutex_trylock(&on.mutex), 0);
        c.pthread_mutex_unlock(&on.mutex);
    }
}

// C code that looks at no result and waits in a loop lets others run, so that what it waits for can come.
TENDRIL_TEST(HookedCondition, LetsOthersRunWhenAKilledWaiterIgnoresIt) {
    const PthreadCalls& c = hooked_calls();
    Condition on;
    bool done = false;
    auto waiter = spawn([&] {
        c.pthread_mutex_lock(&on.mutex);
        while (!done) {
            c.pthread_cond_wait(&on.condition, &on.mutex);
        }
        c.pthread_mutex_unlock(&on.mutex);
    });
    yield();
    waiter.kill_nowait();
    for (int i = 0; i < 10; ++i) {
        yield();
    }
    c.pthread_mutex_lock(&on.mutex);
    done = true;
    c.pthread_mutex_unlock(&on.mutex);
    waiter.join();
}

}  // namespace
}  // namespace tendril::patch::detail
