// SPDX-License-Identifier: MIT

#include <tendril/shared_queue.hpp>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(SharedQueue, WithinOneHubItIsAQueue) {
    SharedQueue<int> queue(1);
    auto getter = spawn([&] { return queue.get(); });
    yield();
    EXPECT_EQ(queue.getting(), 1u);
    queue.put(1);
    EXPECT_TRUE(queue.empty()) << "it went straight to the getter";
    queue.put(2);
    EXPECT_FALSE(queue.try_put(3));
    EXPECT_THROW(queue.put_nowait(3), Full);
    EXPECT_THROW(queue.put(3, 1ms), Full);
    auto putter = spawn([&] { queue.put(3); });
    yield();
    EXPECT_EQ(queue.putting(), 1u);
    EXPECT_EQ(queue.get(), 2);
    EXPECT_EQ(queue.size(), 1u) << "the get let the putter's item in";
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_THROW(queue.get_nowait(), Empty);
    EXPECT_THROW(queue.get(1ms), Empty);
    EXPECT_EQ(queue.try_get(), std::nullopt);
    EXPECT_EQ(getter.get(), 1);
    putter.get();
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
}

TENDRIL_TEST(SharedQueue, RefusesACapacityOfZeroAndLess) {
    EXPECT_THROW(SharedQueue<int>(0), std::invalid_argument);
    EXPECT_THROW(SharedQueue<int>(-1), std::invalid_argument);
}

TENDRIL_TEST(SharedQueue, AFailedPutLeavesItsArgumentUnmoved) {
    SharedQueue<std::unique_ptr<int>> queue(1);
    queue.put(std::make_unique<int>(1));
    auto second = std::make_unique<int>(2);
    EXPECT_THROW(queue.put(std::move(second), 1ms), Full);
    EXPECT_FALSE(queue.try_put(std::move(second)));
    EXPECT_FALSE(with_timeout(1ms, [&] { queue.put(std::move(second)); }));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(*queue.get(), 1);
    queue.put(std::move(second));
    EXPECT_EQ(*queue.get(), 2);
}

TENDRIL_TEST(SharedQueue, ShutdownDrainsOrDrops) {
    SharedQueue<int> queue(2);
    queue.put(1);
    queue.put(2);
    auto putter = spawn([&] { queue.put(3); });
    yield();
    queue.shutdown();
    EXPECT_THROW(putter.get(), ShutDown);
    EXPECT_THROW(static_cast<void>(queue.try_put(4)), ShutDown);
    std::vector<int> rest;
    for (const int item : queue) {
        rest.push_back(item);
    }
    EXPECT_EQ(rest, (std::vector{1, 2}));
    EXPECT_THROW(queue.get(), ShutDown);
    EXPECT_TRUE(queue.is_shut_down());

    const auto held = std::make_shared<int>(0);
    SharedQueue<std::shared_ptr<int>> dropping;
    dropping.put(held);
    dropping.shutdown(true);
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_THROW(dropping.get_nowait(), ShutDown);
}

TENDRIL_TEST(SharedQueue, AnInterruptThatMeetsAHandOverComesAtTheNextWait) {
    SharedQueue<int> queue;
    int got = 0;
    auto victim = spawn([&] {
        got = queue.get();
        yield();
        ADD_FAILURE() << "the kill comes at the next wait";
    });
    yield();
    victim.kill_nowait();  // breaks the wait off
    queue.put(7);          // before it could leave
    victim.join();
    EXPECT_EQ(got, 7);
    EXPECT_TRUE(victim.killed());

    bool expired = false;
    auto late = spawn([&] {
        Timeout limit(1ms);
        got = queue.get();
        try {
            sleep(60s);  // a wait: one yield() may come before the hub looks at the clock
        } catch (const Timeout::Expired& e) {
            expired = limit.threw(e);
        }
    });
    yield();
    std::this_thread::sleep_for(3ms);
    queue.put(8);
    late.get();
    EXPECT_EQ(got, 8);
    EXPECT_TRUE(expired);
}

TENDRIL_TEST(SharedQueueThreads, PlainOsThreadsOnBothSidesAndNoHubForWhoNeedNotWait) {
    SharedQueue<int> queue;
    std::thread putter([&] {
        const std::size_t before = testing::count_descriptors();
        for (int i = 0; i < 100; ++i) {
            queue.put(i);
        }
        queue.shutdown();
        EXPECT_EQ(testing::count_descriptors(), before) << "a hub was made";
    });
    putter.join();
    std::thread getter([&] {
        const std::size_t before = testing::count_descriptors();
        int expected = 0;
        for (const int item : queue) {
            EXPECT_EQ(item, expected++);
        }
        EXPECT_EQ(expected, 100);
        EXPECT_EQ(testing::count_descriptors(), before) << "a hub was made";
    });
    getter.join();
}

TENDRIL_TEST(SharedQueueThreads, WaitersOfSeveralHubsAreServedInOrder) {
    SharedQueue<int> queue;
    std::vector<int> got(4, -1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&queue, &mine = got[static_cast<std::size_t>(i)]] { mine = queue.get(); });
        while (queue.getting() != static_cast<std::size_t>(i) + 1) {
            std::this_thread::yield();
        }
    }
    for (int i = 0; i < 4; ++i) {
        queue.put(i);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(got, (std::vector{0, 1, 2, 3}));
}

TENDRIL_TEST(SharedQueueThreads, ASleepingHubIsWokenAndDoesNotThrowLoopExit) {
    SharedQueue<int> there;
    SharedQueue<int> back(1);
    std::thread echo([&] {
        for (const int item : there) {
            back.put(item + 1);
        }
    });
    for (int i = 0; i < 1000; ++i) {
        there.put(i);
        EXPECT_EQ(back.get(), i + 1);
    }
    there.shutdown();
    echo.join();
}

TENDRIL_TEST(SharedQueueThreads, OthersOfTheHubRunWhileOneWaits) {
    SharedQueue<int> queue;
    std::atomic<int> steps{0};
    auto ticker = spawn([&] {
        for (; steps < 100; ++steps) {
            sleep();
        }
    });
    std::thread putter([&] {
        while (steps < 100) {
            std::this_thread::yield();
        }
        queue.put(1);
    });
    EXPECT_EQ(queue.get(), 1);
    putter.join();
    ticker.join();
}

// Both stores hold items: the getters' what was there at the first get(), the putters' what came later.
TENDRIL_TEST(SharedQueue, KeepsTheOrderAndTheBoundAcrossItsTwoStores) {
    SharedQueue<int> queue(4);
    int in = 0;
    int out = 0;
    for (; in < 3; ++in) {
        queue.put(in);
    }
    EXPECT_EQ(queue.get(), out++);
    queue.put(in++);
    queue.put(in++);
    EXPECT_EQ(queue.size(), 4u);
    EXPECT_FALSE(queue.try_put(int{in}));
    auto putter = spawn([&] {
        for (; in < 20; ++in) {
            queue.put(in);
        }
        queue.shutdown();
    });
    yield();
    EXPECT_EQ(queue.putting(), 1u);
    for (const int item : queue) {
        EXPECT_EQ(item, out++);
        EXPECT_LE(queue.size(), 4u);
    }
    EXPECT_EQ(out, 20);
    EXPECT_TRUE(queue.empty() && !queue.try_get());
    putter.get();
}

TENDRIL_TEST(SharedQueue, AnImmediateShutdownDropsBothStores) {
    auto counted = std::make_shared<int>();
    SharedQueue<std::shared_ptr<int>> queue;
    queue.put(counted);
    queue.put(counted);
    EXPECT_EQ(queue.get(), counted);
    queue.put(counted);
    EXPECT_EQ(counted.use_count(), 3);
    queue.shutdown(true);
    EXPECT_EQ(counted.use_count(), 1);
    EXPECT_TRUE(queue.empty() && queue.ready());
    EXPECT_THROW(queue.get(), ShutDown);
}

TENDRIL_TEST(SharedQueueThreads, LosesNothingUnderKillsAndTimeoutsInSeveralHubs) {
    constexpr int sides = 2;
    constexpr int per_putter = 500;
    SharedQueue<int> queue(3);
    std::atomic<int> failed_puts{0};
    std::vector<std::vector<int>> got(sides);
    std::vector<std::thread> putters;
    std::vector<std::thread> getters;
    for (int side = 0; side < sides; ++side) {
        putters.emplace_back([&, side] {
            for (int i = 0; i < per_putter; ++i) {
                const int item = side * per_putter + i;
                for (bool done = false; !done; failed_puts += done ? 0 : 1) {
                    auto put = spawn([&] {
                        try {
                            queue.put(item, i % 3 == 0 ? Deadline(20us) : Deadline(never));
                            done = true;
                        } catch (const Full&) {
                        }
                    });
                    if (i % 5 == 0) {
                        yield();
                        put.kill();
                    }
                    put.join();
                }
            }
        });
        getters.emplace_back([&, side] {
            bool open = true;
            for (int i = 0; open; ++i) {
                auto get = spawn([&] {
                    try {
                        got[static_cast<std::size_t>(side)].push_back(
                            queue.get(i % 3 == 0 ? Deadline(20us) : Deadline(never)));
                    } catch (const Empty&) {
                    } catch (const ShutDown&) {
                        open = false;
                    }
                });
                if (i % 5 == 0) {
                    yield();
                    get.kill();
                }
                get.join();
            }
        });
    }
    for (std::thread& putter : putters) {
        putter.join();
    }
    queue.shutdown();
    for (std::thread& getter : getters) {
        getter.join();
    }
    std::vector<int> all;
    for (const std::vector<int>& one : got) {
        all.insert(all.end(), one.begin(), one.end());
        for (int side = 0; side < sides; ++side) {  // each putter's items come in order
            std::vector<int> its;
            std::copy_if(one.begin(), one.end(), std::back_inserter(its),
                         [&](int item) { return item / per_putter == side; });
            EXPECT_TRUE(std::is_sorted(its.begin(), its.end()));
        }
    }
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), static_cast<std::size_t>(sides * per_putter)) << failed_puts << " puts failed";
    for (int i = 0; i < sides * per_putter; ++i) {
        EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
    }
}

// Senders wake a hub only while it sleeps.
TENDRIL_TEST(SharedQueueThreads, PutsForAHubThatRunsMakeNoSystemCall) {
    constexpr int rounds = 20;
    SharedQueue<int> queue;
    std::atomic<int> wanted{-1};
    std::thread putter([&] {  // without a hub
        for (int i = 0; i < rounds; ++i) {
            while (wanted < i) {
                std::this_thread::yield();
            }
            queue.put(i);
        }
    });
    int got = 0;
    auto getter = spawn([&] {
        for (; got < rounds; ++got) {
            EXPECT_EQ(queue.get(), got);
        }
    });
    const std::size_t wakes = testing::count_calls(sys::Call::write, [&] {
        for (int i = 0; i < rounds; ++i) {
            while (queue.getting() == 0) {
                yield();
            }
            wanted = i;
            while (got == i) {
                yield();
            }
        }
    });
    putter.join();
    getter.join();
    EXPECT_LE(wakes, 1u) << "the first letter may find a hub that has not run yet";
}

}  // namespace
}  // namespace tendril
