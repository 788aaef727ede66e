// SPDX-License-Identifier: MIT
//
// One object between the green threads of several hubs and plain OS threads: each kind excludes, and loses no wake-up.

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>

#include "patch/pthread_calls.hpp"

namespace tendril::patch::detail {
namespace {

constexpr int hubs = 3;
constexpr int green_threads = 6;  // in each
constexpr int os_threads = 2;
constexpr int everybody = hubs * green_threads + os_threads;

// Runs it in all of them.
void everywhere(const std::function<void(int number)>& body) {
    std::vector<std::thread> all;
    for (int hub = 0; hub < hubs; ++hub) {
        all.emplace_back([&body, hub] {
            std::vector<Greenlet<void>> own;
            for (int i = 0; i < green_threads; ++i) {
                own.push_back(spawn([&body, number = hub * green_threads + i] { body(number); }));
            }
            join(own);
        });
    }
    for (int i = 0; i < os_threads; ++i) {
        all.emplace_back([&body, number = hubs * green_threads + i] { body(number); });
    }
    for (std::thread& each : all) {
        each.join();
    }
}

TEST(ManyHubsThreads, ExcludeEachOtherByAMutexOfAnyKind) {
    const PthreadCalls& c = hooked_calls();
    for (const int kind : {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK}) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, kind);
        pthread_mutex_t mutex;
        c.pthread_mutex_init(&mutex, &attributes);
        long count = 0;
        constexpr int rounds = 400;
        everywhere([&](int) {
            for (int i = 0; i < rounds; ++i) {
                EXPECT_EQ(c.pthread_mutex_lock(&mutex), 0);
                const long before = count;
                if (i % 16 == 0) {
                    c.usleep(1);
                }
                count = before + 1;
                EXPECT_EQ(c.pthread_mutex_unlock(&mutex), 0);
            }
        });
        EXPECT_EQ(count, long{everybody} * rounds);
        EXPECT_EQ(c.pthread_mutex_destroy(&mutex), 0);
    }
}

TEST(ManyHubsThreads, PassItemsByAConditionAndSemaphores) {
    const PthreadCalls& c = hooked_calls();
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    sem_t permits;
    sem_init(&permits, 0, 3);
    std::deque<int> items;
    std::atomic<int> inside{0};
    std::atomic<bool> too_many{false};
    long sum = 0;
    constexpr int rounds = 300;
    everywhere([&](int number) {
        for (int i = 0; i < rounds; ++i) {
            c.sem_wait(&permits);
            too_many = too_many || ++inside > 3;
            --inside;
            c.sem_post(&permits);
            c.pthread_mutex_lock(&mutex);
            if (number % 2 == 0) {
                items.push_back(1);
                c.pthread_cond_signal(&changed);
            } else {
                while (items.empty()) {
                    c.pthread_cond_wait(&changed, &mutex);
                }
                sum += items.front();
                items.pop_front();
            }
            c.pthread_mutex_unlock(&mutex);
        }
    });
    EXPECT_EQ(sum, long{everybody} / 2 * rounds);
    EXPECT_FALSE(too_many);
}

TEST(ManyHubsThreads, ShareAReadWriteLock) {
    const PthreadCalls& c = hooked_calls();
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    long a = 0;
    long b = 0;
    std::atomic<bool> torn{false};
    constexpr int rounds = 300;
    everywhere([&](int number) {
        for (int i = 0; i < rounds; ++i) {
            if ((number + i) % 4 == 0) {
                c.pthread_rwlock_wrlock(&lock);
                ++a;
                c.sched_yield();
                ++b;
            } else {
                c.pthread_rwlock_rdlock(&lock);
                torn = torn || a != b;
            }
            c.pthread_rwlock_unlock(&lock);
        }
    });
    EXPECT_FALSE(torn);
    EXPECT_EQ(a, b);
    EXPECT_EQ(a, long{everybody} * rounds / 4);
}

TEST(ManyHubsThreads, MeetAtABarrier) {
    const PthreadCalls& c = hooked_calls();
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, everybody);
    std::atomic<int> serial{0};
    std::atomic<int> arrivals{0};
    std::atomic<bool> early{false};
    constexpr int rounds = 50;
    everywhere([&](int) {
        for (int round = 1; round <= rounds; ++round) {
            ++arrivals;
            if (c.pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
                ++serial;
            }
            early = early || arrivals < round * everybody;
        }
    });
    EXPECT_EQ(serial, rounds);
    EXPECT_FALSE(early);
    pthread_barrier_destroy(&barrier);
}

}  // namespace
}  // namespace tendril::patch::detail
