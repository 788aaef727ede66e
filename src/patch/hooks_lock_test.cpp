// SPDX-License-Identifier: MIT
//
// Semaphores, read-write locks, barriers, pthread_once, spin locks, futexes.

#include <fcntl.h>
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
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

// ---- Semaphores

TENDRIL_TEST(HookedSemaphore, CountsAsTheLibrarys) {
    compare([](const PthreadCalls& c) {
        sem_t semaphore;
        sem_init(&semaphore, 0, 1);
        std::string log = text("wait", c.sem_wait(&semaphore));
        errno = 0;
        log += text("try", c.sem_trywait(&semaphore)) + text("errno", errno);
        const timespec soon = in(CLOCK_REALTIME, 5);
        log += text("timed", c.sem_timedwait(&semaphore, &soon)) + text("errno", errno);
        const timespec bad{0, -1};
        log += text("bad", c.sem_timedwait(&semaphore, &bad)) + text("errno", errno);
        Thread poster(c, [&] {
            c.usleep(1000);
            log += text("post", c.sem_post(&semaphore));
        });
        errno = 0;
        const int result = c.sem_wait(&semaphore);
        const int error = errno;
        poster.join();
        log += text("wait", result) + text("errno", error);
        sem_destroy(&semaphore);
        return log;
    });
}

TENDRIL_TEST(HookedSemaphore, LosesNoPermit) {
    const PthreadCalls& c = hooked_calls();
    sem_t items;
    sem_t taken;
    sem_init(&items, 0, 0);
    sem_init(&taken, 0, 0);
    constexpr int each = 3000;
    const auto post = [&] {
        for (int i = 0; i < each; ++i) {
            c.sem_post(&items);
        }
    };
    const auto take = [&] {
        for (int i = 0; i < each; ++i) {
            ASSERT_EQ(c.sem_wait(&items), 0);
            c.sem_post(&taken);
        }
    };
    std::thread plain_poster(post);
    std::thread plain_taker(take);
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(spawn(post));
        all.push_back(spawn(take));
    }
    for (int i = 0; i < 4 * each; ++i) {
        ASSERT_EQ(c.sem_wait(&taken), 0);
    }
    join(all);
    plain_poster.join();
    plain_taker.join();
    EXPECT_NE(c.sem_trywait(&items), 0);
}

TENDRIL_TEST(HookedSemaphore, FailsByAKillOrATimeoutAndKeepsItsPermit) {
    const PthreadCalls& c = hooked_calls();
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    auto waiter = spawn([&] {
        const Timeout timeout(5ms);
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(c.sem_wait(&semaphore), -1);
            EXPECT_EQ(errno, ECANCELED);
        }
        EXPECT_THROW(deliver(), Timeout::Expired);
    });
    waiter.join();
    auto killed = spawn([&] {
        EXPECT_EQ(c.sem_wait(&semaphore), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    });
    yield();
    killed.kill();
    c.sem_post(&semaphore);
    EXPECT_EQ(c.sem_trywait(&semaphore), 0);
}

// Nobody in this process posts it: the waiter looks again by itself.
TENDRIL_TEST(HookedSemaphore, IsPostedByAnotherProcess) {
    const PthreadCalls& c = hooked_calls();
    void* const memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const semaphore = static_cast<sem_t*>(memory);
    sem_init(semaphore, 1, 0);
    std::thread([&] {
        const pid_t child = ::fork();
        if (child == 0) {
            ::usleep(20'000);
            ::sem_post(semaphore);
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
    }).join();
    EXPECT_EQ(c.sem_wait(semaphore), 0);
    munmap(memory, 4096);
}

// ---- Read-write locks

TENDRIL_TEST(HookedRwlock, ExcludesAsTheLibrarys) {
    compare([](const PthreadCalls& c) {
        pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
        std::string log = text("read", c.pthread_rwlock_rdlock(&lock));
        Thread(c, [&] {
            log += text("also", c.pthread_rwlock_rdlock(&lock));
            log += text("write", c.pthread_rwlock_trywrlock(&lock));
            const timespec soon = in(CLOCK_REALTIME, 5);
            log += text("timed write", c.pthread_rwlock_timedwrlock(&lock, &soon));
            log += text("unlock", c.pthread_rwlock_unlock(&lock));
        });
        log += text("unlock", c.pthread_rwlock_unlock(&lock));
        log += text("write", c.pthread_rwlock_wrlock(&lock));
        Thread(c, [&] {
            log += text("read", c.pthread_rwlock_tryrdlock(&lock));
            const timespec soon = in(CLOCK_REALTIME, 5);
            log += text("timed read", c.pthread_rwlock_timedrdlock(&lock, &soon));
        });
        log += text("unlock", c.pthread_rwlock_unlock(&lock));
        log += text("destroy", pthread_rwlock_destroy(&lock));
        return log;
    });
}

TENDRIL_TEST(HookedRwlock, KeepsReadersAndWritersApartAcrossThreads) {
    const PthreadCalls& c = hooked_calls();
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    std::atomic<int> readers{0};
    std::atomic<int> writers{0};
    std::atomic<bool> wrong{false};
    const auto read = [&] {
        for (int i = 0; i < 500; ++i) {
            c.pthread_rwlock_rdlock(&lock);
            ++readers;
            wrong = wrong || writers != 0;
            c.sched_yield();
            --readers;
            c.pthread_rwlock_unlock(&lock);
        }
    };
    const auto write = [&] {
        for (int i = 0; i < 500; ++i) {
            c.pthread_rwlock_wrlock(&lock);
            wrong = wrong || ++writers != 1 || readers != 0;
            c.sched_yield();
            --writers;
            c.pthread_rwlock_unlock(&lock);
        }
    };
    std::thread plain_reader(read);
    std::thread plain_writer(write);
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(spawn(read));
        all.push_back(spawn(write));
    }
    join(all);
    plain_reader.join();
    plain_writer.join();
    EXPECT_FALSE(wrong);
}

// ---- Barriers

TENDRIL_TEST(HookedBarrier, TellsOneOfEachRound) {
    compare([](const PthreadCalls& c) {
        pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, nullptr, 3);
        std::atomic<int> serial{0};
        std::atomic<int> others{0};
        const auto body = [&] {
            for (int round = 0; round < 100; ++round) {
                const int result = c.pthread_barrier_wait(&barrier);
                ++(result == PTHREAD_BARRIER_SERIAL_THREAD ? serial : others);
            }
        };
        {
            Thread a(c, body);
            Thread b(c, body);
            Thread d(c, body);
        }
        return text("serial", serial) + text("others", others) + text("destroy", pthread_barrier_destroy(&barrier));
    });
}

TENDRIL_TEST(HookedBarrier, IsMetByOsThreadsToo) {
    const PthreadCalls& c = hooked_calls();
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 3);
    const auto body = [&] {
        for (int round = 0; round < 100; ++round) {
            c.pthread_barrier_wait(&barrier);
        }
    };
    std::thread plain(body);
    auto green = spawn(body);
    body();
    green.join();
    plain.join();
}

TENDRIL_TEST(HookedBarrier, CountsOffOneThatIsTimedOut) {
    const PthreadCalls& c = hooked_calls();
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 2);
    spawn([&] {
        const Timeout timeout(1ms);
        EXPECT_EQ(c.pthread_barrier_wait(&barrier), ECANCELED);
        EXPECT_THROW(deliver(), Timeout::Expired);
    }).join();
    auto first = spawn([&] { EXPECT_EQ(c.pthread_barrier_wait(&barrier), 0); });
    yield();
    EXPECT_FALSE(first.ready());
    EXPECT_EQ(c.pthread_barrier_wait(&barrier), PTHREAD_BARRIER_SERIAL_THREAD);
    first.join();
}

// ---- pthread_once, spin locks

TENDRIL_TEST(HookedOnce, RunsOnceWhileOthersPark) {
    static pthread_once_t once;
    static int runs;
    once = PTHREAD_ONCE_INIT;
    runs = 0;
    const PthreadCalls& c = hooked_calls();
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(spawn([&] {
            EXPECT_EQ(c.pthread_once(&once,
                                     [] {
                                         hooked_calls().usleep(2000);
                                         ++runs;
                                     }),
                      0);
            EXPECT_EQ(runs, 1);
        }));
    }
    join(all);
}

TENDRIL_TEST(HookedSpinLock, LetsItsHolderRun) {
    const PthreadCalls& c = hooked_calls();
    pthread_spinlock_t lock;
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
    auto holder = spawn([&] {
        c.pthread_spin_lock(&lock);
        c.usleep(2000);
        c.pthread_spin_unlock(&lock);
    });
    yield();
    c.pthread_spin_lock(&lock);
    c.pthread_spin_unlock(&lock);
    holder.join();
}

// ---- Futexes

TENDRIL_TEST(HookedFutex, WaitsAndWakesAsTheSystems) {
    compare([](const PthreadCalls& c) {
        std::atomic<std::uint32_t> word{1};
        std::atomic<bool> waits{false};
        errno = 0;
        std::string log =
            text("changed", static_cast<int>(c.syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 7, nullptr)));
        log += text("errno", errno);
        const timespec soon{0, 2'000'000};
        log += text("timed", static_cast<int>(c.syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &soon)));
        log += text("errno", errno);
        log += text("nobody", static_cast<int>(c.syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1)));
        Thread waiter(c, [&] {
            waits = true;
            while (word == 1) {
                c.syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, nullptr);
            }
        });
        while (!waits) {
            c.usleep(100);
        }
        c.usleep(20'000);
        word = 2;
        log += text("woken", static_cast<int>(c.syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1)));
        waiter.join();
        log += text("pid", c.syscall(SYS_getpid) == getpid());
        return log;
    });
}

}  // namespace
}  // namespace tendril::patch::detail
