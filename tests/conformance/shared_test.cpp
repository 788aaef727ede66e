// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 E, F and G, what crosses OS threads: shared events, semaphores and queues, results.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/lock.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void run_in_threads(int n, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int t = 0; t < n; ++t) {
        threads.emplace_back([&body, t] {
            body(t);
            EXPECT_EQ(Hub::current().stats().keeping_alive, 0u) << "somebody is still counted as waiting";
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

// TE08: events, and results.

TENDRIL_TEST(ConformanceEThreads, TE08_ASetWakesGreenThreadsOfOtherOsThreadsTimedAndUntimed) {
    constexpr int hubs = 3;
    constexpr int each = 4;
    SharedEvent event;
    SharedSemaphore waits(0);
    std::atomic<int> woken{0};
    std::thread setter([&] {  // has no hub while it need not wait
        for (int i = 0; i < hubs * each; ++i) {
            waits.acquire();
        }
        event.set();
    });
    run_in_threads(hubs, [&](int) {
        std::vector<Greenlet<void>> waiters;
        for (int i = 0; i < each; ++i) {
            waiters.push_back(spawn([&, timed = i % 2 == 0] {
                EXPECT_FALSE(event.is_set() || event.wait(0ms));
                waits.release();
                woken += event.wait(timed ? Deadline(1h) : never) ? 1 : 0;
            }));
        }
        EXPECT_EQ(join_all(waiters), waiters.size());
    });
    setter.join();
    EXPECT_EQ(woken, hubs * each);
}

TENDRIL_TEST(ConformanceEThreads, TE08_SetByABackgroundThreadWhileTheHubSleeps) {
    for (int i = 0; i < 200; ++i) {
        SharedEvent event;
        std::thread setter([&] { event.set(); });
        EXPECT_TRUE(i % 2 == 0 ? event.wait() : event.wait(1h));
        setter.join();
    }
}

TENDRIL_TEST(ConformanceEThreads, TE08_AResultComesFromAnotherOsThread) {
    ThreadPool pool(2);
    for (int i = 0; i < 200; ++i) {
        const AsyncResult<int> result = pool.spawn([i] { return i; });
        auto timed = spawn([&] { return result.get(1h); });
        EXPECT_EQ(result.get(), i);
        EXPECT_EQ(timed.get(), i);
    }
}

// TF04: semaphores.

TENDRIL_TEST(ConformanceFThreads, TF04_DuellingThreadsShareASemaphore) {
    SharedSemaphore semaphore(1);
    int inside = 0;  // under the semaphore
    int entries = 0;
    run_in_threads(3, [&](int) {
        std::vector<Greenlet<void>> duellists;
        for (int g = 0; g < 4; ++g) {
            duellists.push_back(spawn([&] {
                for (int i = 0; i < 300; ++i) {
                    const std::lock_guard permit(semaphore);
                    EXPECT_EQ(++inside, 1);
                    ++entries;
                    if (i % 16 == 0) {
                        yield();
                    }
                    --inside;
                }
            }));
        }
        EXPECT_EQ(join_all(duellists, {.raise_error = true}), duellists.size());
    });
    EXPECT_EQ(entries, 3 * 4 * 300);
    EXPECT_EQ(semaphore.available(), 1u);
    EXPECT_EQ(semaphore.waiting(), 0u);
}

TENDRIL_TEST(ConformanceFThreads, TF04_TimeoutsAndKillsLoseNoPermit) {
    constexpr std::size_t permits = 2;
    SharedSemaphore semaphore(permits);
    std::atomic<int> holders{0};
    std::atomic<int> acquired{0};
    run_in_threads(4, [&](int t) {
        std::mt19937 random(static_cast<unsigned>(t));
        std::atomic<bool> done{false};
        std::vector<Greenlet<void>> workers(3);
        const auto work = [&] {
            for (int i = 0; i < 150; ++i) {
                const auto wait = std::chrono::microseconds(random() % 200);
                bool got = false;
                if (i % 3 == 0) {
                    got = semaphore.acquire(wait);
                } else if (i % 3 == 1) {
                    with_timeout(wait, [&] { got = semaphore.acquire(); });
                } else {
                    got = semaphore.acquire();
                }
                if (!got) {
                    continue;
                }
                struct Held {
                    SharedSemaphore& semaphore;
                    std::atomic<int>& holders;
                    ~Held() {
                        --holders;
                        semaphore.release();
                    }
                } const held{semaphore, holders};
                EXPECT_LE(++holders, static_cast<int>(permits));
                ++acquired;
                if (i % 8 == 0) {
                    sleep(20us);
                } else {
                    yield();
                }
            }
        };
        for (auto& worker : workers) {
            worker = spawn(work);
        }
        const auto killer = spawn([&] {
            while (!done) {
                workers[random() % workers.size()].kill();
                auto& again = workers[random() % workers.size()];
                if (again.killed()) {
                    again = spawn(work);
                }
                sleep(300us);
            }
        });
        for (int i = 0; i < 20; ++i) {
            sleep(1ms);
        }
        done = true;
        killer.join();
        kill_all(workers);
    });
    EXPECT_GT(acquired, 0);
    EXPECT_EQ(holders, 0);
    EXPECT_EQ(semaphore.available(), permits) << "a permit was lost or doubled";
    EXPECT_EQ(semaphore.waiting(), 0u);
}

TENDRIL_TEST(ConformanceFThreads, TF04_OneGivesUpAndTheOtherOsThreadsWaiterIsServed) {
    SharedSemaphore semaphore(0);
    std::atomic<bool> gone{false};
    std::thread gives_up([&] {
        EXPECT_FALSE(semaphore.acquire(20ms));
        gone = true;
    });
    while (semaphore.waiting() == 0 && !gone) {
        std::this_thread::yield();
    }
    auto waiter = spawn([&] { return semaphore.acquire(1h); });  // behind it, most likely
    yield();
    gives_up.join();
    semaphore.release();
    EXPECT_TRUE(waiter.get());
    EXPECT_EQ(semaphore.available(), 0u);
}

TENDRIL_TEST(ConformanceFThreads, TF07_AnRLockBelongsToAGreenThreadAlsoAcrossOsThreads) {
    RLock lock;
    lock.lock();
    lock.lock();
    std::thread([&] {
        for (int i = 0; i < 2; ++i) {  // without a hub, then with one
            EXPECT_THROW(static_cast<void>(lock.try_lock()), WrongThread);
            EXPECT_THROW(lock.lock(), WrongThread);
            EXPECT_THROW(lock.unlock(), WrongThread);
            yield();
        }
    }).join();
    EXPECT_TRUE(lock.locked()) << "nothing changed for its owner";
    lock.unlock();
    EXPECT_TRUE(lock.locked());
    lock.unlock();
    EXPECT_FALSE(lock.locked());
}

// G15: queues.

TENDRIL_TEST(ConformanceGThreads, G15_NothingIsLostOrDoubledBetweenOsThreadsThatTimeOutAndKill) {
    constexpr int producers = 2;
    constexpr int items = 3000;  // of each
    SharedQueue<std::unique_ptr<int>> queue(4);
    std::vector<std::atomic<int>> seen(producers * items);
    std::atomic<int> left{producers};
    std::atomic<int> given_up{0};
    run_in_threads(2 * producers, [&](int t) {
        if (t < producers) {
            std::vector<Greenlet<void>> putters;
            for (int g = 0; g < 3; ++g) {
                putters.push_back(spawn([&, t, g] {
                    for (int i = g; i < items; i += 3) {
                        auto item = std::make_unique<int>(t * items + i);
                        while (item != nullptr) {
                            if (i % 4 == 0) {
                                try {
                                    queue.put(std::move(item), 50us);
                                } catch (const Full&) {
                                    ++given_up;
                                }
                            } else if (i % 4 == 1) {
                                with_timeout(50us, [&] { queue.put(std::move(item)); });
                            } else {
                                queue.put(std::move(item));
                            }
                        }
                    }
                }));
            }
            join_all(putters, {.raise_error = true});
            if (--left == 0) {
                queue.shutdown();
            }
            return;
        }
        const auto consume = [&] {
            for (int i = 0;; ++i) {
                std::unique_ptr<int> item;
                try {
                    if (i % 3 == 0) {
                        item = queue.get(50us);
                    } else if (i % 3 == 1) {
                        with_timeout(50us, [&] { item = queue.get(); });
                    } else {
                        item = queue.get();
                    }
                } catch (const Empty&) {
                    ++given_up;
                } catch (const ShutDown&) {
                    return;
                }
                if (item != nullptr) {
                    ++seen[static_cast<std::size_t>(*item)];
                }
            }
        };
        std::vector<Greenlet<void>> getters;
        for (int g = 0; g < 3; ++g) {
            getters.push_back(spawn(consume));
        }
        while (!queue.is_shut_down()) {
            auto victim = spawn(consume);
            sleep(100us);
            victim.kill();
        }
        EXPECT_EQ(join_all(getters, {.raise_error = true}), getters.size());
    });
    int wrong = 0;
    for (const auto& count : seen) {
        wrong += count != 1 ? 1 : 0;
    }
    EXPECT_EQ(wrong, 0) << "items lost or doubled";
    EXPECT_TRUE(queue.empty());
}

TENDRIL_TEST(ConformanceGThreads, G15_AKillMeetsAHandOverOfAnotherOsThread) {
    constexpr int rounds = 3000;
    SharedQueue<int> queue;
    SharedSemaphore next(0);
    std::thread putter([&] {
        for (int i = 0; i < rounds; ++i) {
            next.acquire();
            queue.put(i);
        }
    });
    int completed = 0;
    for (int i = 0; i < rounds; ++i) {
        int got = -1;
        auto victim = spawn([&] { got = queue.get(); });
        yield();
        next.release();
        for (int spin = i % 64; spin > 0; --spin) {
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        if (i % 3 == 0) {
            yield();
        }
        victim.kill();
        if (got == -1) {
            EXPECT_TRUE(victim.killed());
            got = queue.get();  // it is still there, or to come
        } else {
            ++completed;
        }
        ASSERT_EQ(got, i);
    }
    putter.join();
    EXPECT_TRUE(queue.empty());
}

TENDRIL_TEST(ConformanceGThreads, G15_AHubEndsWhileOthersHandOverToIt) {
    SharedQueue<int> queue;
    std::atomic<bool> done{false};
    std::atomic<int> put{0};
    std::thread putter([&] {
        while (!done) {
            if (queue.size() < 16) {
                queue.put(1);
                ++put;
            }
        }
    });
    std::atomic<int> got{0};
    for (int i = 0; i < 100; ++i) {
        std::thread([&] {
            for (int g = 0; g < 5; ++g) {
                spawn_n([&] {
                    for (;;) {
                        got += queue.get();
                    }
                });
            }
            for (int y = 0; y < 10; ++y) {
                yield();
            }
        }).join();
    }
    done = true;
    putter.join();
    while (queue.try_get()) {
        ++got;
    }
    EXPECT_EQ(got, put);
    EXPECT_EQ(queue.getting(), 0u);
}

}  // namespace
}  // namespace tendril
