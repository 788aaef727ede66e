// SPDX-License-Identifier: MIT

#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "patch/pthread_calls.hpp"

namespace tendril::patch::detail {
namespace {

using namespace std::chrono_literals;

struct Mutex {
    pthread_mutex_t mutex;
    explicit Mutex(const PthreadCalls& c, int kind = PTHREAD_MUTEX_NORMAL, int protocol = PTHREAD_PRIO_NONE) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, kind);
        pthread_mutexattr_setprotocol(&attributes, protocol);
        EXPECT_EQ(c.pthread_mutex_init(&mutex, &attributes), 0);
        pthread_mutexattr_destroy(&attributes);
    }
    operator pthread_mutex_t*() { return &mutex; }
};

constexpr int kinds[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                         PTHREAD_MUTEX_ADAPTIVE_NP};

// What another thread gets, and what the owner does.
std::string ownership(const PthreadCalls& c, int kind, int protocol) {
    Mutex mutex(c, kind, protocol);
    std::string log = text("lock", c.pthread_mutex_lock(mutex));
    log += text("try", c.pthread_mutex_trylock(mutex));
    if (kind == PTHREAD_MUTEX_RECURSIVE || kind == PTHREAD_MUTEX_ERRORCHECK) {
        log += text("again", c.pthread_mutex_lock(mutex));
    }
    Thread(c, [&] {
        log += text("other's try", c.pthread_mutex_trylock(mutex));
        const timespec soon = in(CLOCK_REALTIME, 10);
        log += text("other's timed", c.pthread_mutex_timedlock(mutex, &soon));
        const timespec monotonic = in(CLOCK_MONOTONIC, 10);
        if (protocol == PTHREAD_PRIO_NONE) {
            log += text("other's clock", c.pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &monotonic));
        }
        if (kind == PTHREAD_MUTEX_RECURSIVE || kind == PTHREAD_MUTEX_ERRORCHECK) {
            log += text("other's unlock", c.pthread_mutex_unlock(mutex));
        }
    });
    for (int i = 0; i < (kind == PTHREAD_MUTEX_RECURSIVE ? 3 : 1); ++i) {
        log += text("unlock", c.pthread_mutex_unlock(mutex));
    }
    if (kind == PTHREAD_MUTEX_RECURSIVE || kind == PTHREAD_MUTEX_ERRORCHECK) {
        log += text("once more", c.pthread_mutex_unlock(mutex));
    }
    Thread(c, [&] {
        log += text("other's lock", c.pthread_mutex_lock(mutex));
        log += text("other's unlock", c.pthread_mutex_unlock(mutex));
    });
    log += text("destroy", c.pthread_mutex_destroy(mutex));
    return log;
}

TENDRIL_TEST(HookedMutex, BehavesAsTheLibrarysByKindAndProtocol) {
    for (const int kind : kinds) {
        for (const int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT}) {
            SCOPED_TRACE(std::to_string(kind) + ' ' + std::to_string(protocol));
            compare([&](const PthreadCalls& c) { return ownership(c, kind, protocol); });
        }
    }
}

TENDRIL_TEST(HookedMutex, RefusesBadTimesOnlyWhenItMustWait) {
    compare([](const PthreadCalls& c) {
        Mutex mutex(c);
        const timespec bad{0, 2'000'000'000};
        std::string log = text("free", c.pthread_mutex_timedlock(mutex, &bad));
        Thread(c, [&] { log += text("held", c.pthread_mutex_timedlock(mutex, &bad)); });
        log += text("clock", c.pthread_mutex_clocklock(mutex, CLOCK_PROCESS_CPUTIME_ID, &bad));
        return log;
    });
}

TENDRIL_TEST(HookedMutex, IsServedInOrder) {
    const PthreadCalls& c = hooked_calls();
    for (const int kind : kinds) {
        Mutex mutex(c, kind);
        std::string order;
        c.pthread_mutex_lock(mutex);
        std::vector<Greenlet<void>> all;
        for (char name = 'a'; name < 'f'; ++name) {
            all.push_back(spawn([&, name] {
                c.pthread_mutex_lock(mutex);
                order += name;
                c.usleep(1);  // holding it
                c.pthread_mutex_unlock(mutex);
            }));
        }
        yield();
        c.pthread_mutex_unlock(mutex);
        join(all);
        EXPECT_EQ(order, "abcde");
        EXPECT_EQ(c.pthread_mutex_destroy(mutex), 0);
    }
}

// One that locks again as soon as it has unlocked does not starve another.
TENDRIL_TEST(HookedMutex, StarvesNobody) {
    const PthreadCalls& c = hooked_calls();
    Mutex mutex(c);
    bool got = false;
    auto greedy = spawn([&] {
        int rounds = 0;
        for (; !got && rounds < 10'000; ++rounds) {
            c.pthread_mutex_lock(mutex);
            c.usleep(1);
            c.pthread_mutex_unlock(mutex);
        }
        return rounds;
    });
    yield();
    c.pthread_mutex_lock(mutex);
    got = true;
    c.pthread_mutex_unlock(mutex);
    EXPECT_LT(greedy.get(), 100);
}

// The loop of a C program that polls a flag under a lock lets others run.
TENDRIL_TEST(HookedMutex, LetsOthersRunThoughItNeverWaits) {
    const PthreadCalls& c = hooked_calls();
    Mutex mutex(c);
    bool done = false;
    auto setter = spawn([&] { done = true; });
    while (!done) {
        c.pthread_mutex_lock(mutex);
        c.pthread_mutex_unlock(mutex);
    }
    setter.join();
}

// A kill does not end the wait for a lock: C code does not look at the result.
TENDRIL_TEST(HookedMutex, IsLockedThoughItsWaiterIsKilled) {
    const PthreadCalls& c = hooked_calls();
    Mutex mutex(c);
    c.pthread_mutex_lock(mutex);
    int result = -1;
    bool delivered = false;
    auto waiter = spawn([&] {
        result = c.pthread_mutex_lock(mutex);
        c.pthread_mutex_unlock(mutex);
        try {
            deliver();
        } catch (const GreenletExit&) {
            delivered = true;
            throw;
        }
    });
    yield();
    waiter.kill_nowait();
    yield();
    EXPECT_EQ(result, -1);
    c.pthread_mutex_unlock(mutex);
    waiter.join();
    EXPECT_EQ(result, 0);
    EXPECT_TRUE(delivered);
}

TENDRIL_TEST(HookedMutex, EndsATimedWaitByATimeout) {
    const PthreadCalls& c = hooked_calls();
    Mutex mutex(c);
    c.pthread_mutex_lock(mutex);
    auto waiter = spawn([&] {
        const Timeout timeout(5ms);
        const timespec late = in(CLOCK_REALTIME, 60'000);
        EXPECT_EQ(c.pthread_mutex_timedlock(mutex, &late), ECANCELED);
        EXPECT_EQ(c.pthread_mutex_timedlock(mutex, &late), ECANCELED);  // until it has given up
        EXPECT_THROW(deliver(), Timeout::Expired);
    });
    waiter.join();
    c.pthread_mutex_unlock(mutex);
    EXPECT_EQ(c.pthread_mutex_trylock(mutex), 0);
    c.pthread_mutex_unlock(mutex);
}

TENDRIL_TEST(HookedMutex, RefusesToBecomeRobust) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    EXPECT_EQ(hooked_calls().pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), ENOTSUP);
    EXPECT_EQ(hooked_calls().pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_STALLED), 0);
    pthread_mutexattr_destroy(&attributes);
}

// Memory that held a locked recursive mutex may hold another one without a call that says so.
TENDRIL_TEST(HookedMutex, ForgetsOneThatWasNeverUnlocked) {
    const PthreadCalls& c = hooked_calls();
    pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    spawn([&] { c.pthread_mutex_lock(&mutex); }).join();
    mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    EXPECT_EQ(c.pthread_mutex_trylock(&mutex), 0);
    EXPECT_EQ(c.pthread_mutex_unlock(&mutex), 0);
}

}  // namespace
}  // namespace tendril::patch::detail
