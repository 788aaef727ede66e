// SPDX-License-Identifier: MIT
//
// Nothing is allocated on the paths of switch, wait, wake and kill once they are warm: operator new is counted, for the
// whole test program, per OS thread. Sanitizer builds have their own and are left out.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/barrier.hpp>
#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/lock.hpp>
#include <tendril/queue.hpp>
#include <tendril/rw_lock.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>
#include <tendril/wait_group.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

#include "allocations.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Allocation, NoneToYieldOrSleep) {
    bool over = false;
    const auto other = spawn([&] {
        while (!over) {
            yield();
        }
    });
    EXPECT_EQ(allocated_by([] { yield(); }), 0u);
    EXPECT_EQ(allocated_by([] { sleep(0s); }), 0u);
    EXPECT_EQ(allocated_by([] { sleep(10us); }), 0u);
    over = true;
    other.join();
    EXPECT_EQ(allocated_by([] { idle(); }), 0u);
}

TENDRIL_TEST(Allocation, NoneToWaitAndWake) {
    detail::Waiter* waiting = nullptr;
    bool over = false;
    const auto waker = spawn([&] {
        while (!over) {
            if (waiting != nullptr) {
                waiting->resolve(detail::Outcome::handed);
            }
            yield();
        }
    });
    EXPECT_EQ(allocated_by([&] {
                  detail::Waiter waiter("the test");
                  waiting = &waiter;
                  waiter.wait(1h);
                  waiting = nullptr;
              }),
              0u);
    over = true;
    waker.join();
}

TENDRIL_TEST(Allocation, NoneToSpawnJoinAndGet) {
    EXPECT_EQ(allocated_by([] {
                  spawn_n([] {});
                  yield();
              }),
              0u);
    EXPECT_EQ(allocated_by([] { spawn([](int a) { return a; }, 5).get(); }), 0u);
    EXPECT_EQ(allocated_by([] { static_cast<void>(spawn([] { yield(); }).join(1h)); }), 0u);
    EXPECT_EQ(allocated_by([] {
                  const auto g = spawn_after(1h, [] {});
                  g.cancel();
                  g.join();
              }),
              0u);
}

TENDRIL_TEST(Allocation, NoneToKillOneThatHasNotBegun) {
    EXPECT_EQ(allocated_by([] { spawn([] {}).kill(); }), 0u);
}

// The exception itself is allocated by the C++ runtime with malloc; a kill costs nothing else.
TENDRIL_TEST(Allocation, NoneToKillOneThatWaits) {
    EXPECT_EQ(allocated_by([] {
                  const auto g = spawn([] { sleep(1h); });
                  yield();
                  g.kill();
              }),
              0u);
}

TENDRIL_TEST(Allocation, NoneForTimeoutsAndShields) {
    EXPECT_EQ(allocated_by([] {
                  const Timeout limit(1h);
                  const Shield shield;
                  yield();
              }),
              0u);
    EXPECT_EQ(allocated_by([] { with_timeout(0s, [] { yield(); }); }), 0u);
}

// Each test has somebody at the other end, who waits in one half of the rounds.
template <class F>
Greenlet<void> over_and_over(F step) {
    return spawn([step] {
        for (;;) {
            step();
        }
    });
}

TENDRIL_TEST(Allocation, NoneToPutAndGet) {
    Queue<int> queue;
    for (const int many : {1, 7, 300}) {  // 300: several of a std::deque's blocks
        EXPECT_EQ(allocated_by([&] {
                      for (int i = 0; i < many; ++i) {
                          queue.put(i);
                      }
                      for (int i = 0; i < many; ++i) {
                          queue.get();
                      }
                  }),
                  0u);
    }
    Queue<int> there(1), back(1);
    const auto echo = over_and_over([&] { back.put(there.get()); });
    EXPECT_EQ(allocated_by([&] {
                  there.put(1);
                  there.put(2);  // waits
                  back.get();
                  back.get(1h);
              }),
              0u);
    echo.kill();
}

TENDRIL_TEST(Allocation, NoneInAChannel) {
    Channel<int> there, back;
    const auto echo = over_and_over([&] { back.put(there.get()); });
    EXPECT_EQ(allocated_by([&] {
                  there.put(1);
                  back.get();
              }),
              0u);
    echo.kill();
}

TENDRIL_TEST(Allocation, NoneToAcquireAndRelease) {
    Semaphore semaphore(1);
    Lock lock;
    const auto take = [&] {
        EXPECT_TRUE(semaphore.acquire(1h));
        lock.lock();
        yield();
        lock.unlock();
        semaphore.release();
        yield();
    };
    const auto other = over_and_over(take);
    EXPECT_EQ(allocated_by(take), 0u);
    other.kill();
}

TENDRIL_TEST(Allocation, NoneForReadersWritersAndConditions) {
    RWLock read_write;
    RLock lock;
    Condition condition;
    const auto take = [&] {
        read_write.lock_shared();
        yield();
        read_write.unlock_shared();
        EXPECT_TRUE(read_write.acquire(1h));
        yield();
        read_write.unlock();
        lock.lock();
        condition.notify_all();
        EXPECT_TRUE(condition.wait(lock, 1h));
        condition.notify_all();
        lock.unlock();
    };
    const auto other = over_and_over(take);
    EXPECT_EQ(allocated_by(take), 0u);
    other.kill();
}

TENDRIL_TEST(Allocation, NoneToMeetAndToCount) {
    Barrier barrier(2, [] { yield(); });
    WaitGroup group;
    const auto meet = [&] {
        {
            const WaitGroup::Token token(group);
            barrier.wait();
        }
        EXPECT_TRUE(group.wait(1h));
    };
    const auto other = over_and_over(meet);
    EXPECT_EQ(allocated_by(meet), 0u);
    other.kill();
}

TENDRIL_TEST(Allocation, NoneToSetAndWait) {
    Event event;
    const auto setter = over_and_over([&] {
        event.set();
        yield();
    });
    EXPECT_EQ(allocated_by([&] {
                  event.clear();
                  event.wait();
              }),
              0u);
    setter.kill();
}

TENDRIL_TEST(Allocation, NoneForAnAsyncResult) {
    AsyncResult<int> result;
    const auto setter = over_and_over([&] {
        if (!result.ready()) {
            result.set(1);
        }
        yield();
    });
    EXPECT_EQ(allocated_by([&] {
                  result = AsyncResult<int>();
                  result.wait();
                  result.get();
              }),
              0u);
    setter.kill();
}

TENDRIL_TEST(Allocation, AQueueThatCannotGrowLosesNothing) {
    Queue<int> queue;
    for (int i = 0; i < 64; ++i) {
        queue.put(i);
    }
    refuse_allocations = true;
    std::size_t refused = 0;
    for (int i = 64; i < 300 && refused == 0; ++i) {
        try {
            queue.put(i);
        } catch (const std::bad_alloc&) {
            refused = queue.size();
        }
    }
    refuse_allocations = false;
    EXPECT_GE(refused, 64u);
    queue.put(static_cast<int>(refused));
    EXPECT_EQ(queue.size(), refused + 1);
    for (int i = 0; i <= static_cast<int>(refused); ++i) {
        EXPECT_EQ(queue.get(), i);
    }
}

TENDRIL_TEST(Allocation, WhicheverIsRefusedNoItemOrWaiterIsLost) {
    Queue<int> queue;
    LifoQueue<int> newest;
    PriorityQueue<int> smallest;
    SharedQueue<int> shared;
    Queue<int> nothing;
    std::size_t put = 0;
    int number = 0;
    EXPECT_GT(at_each_allocation(
                  [&] {
                      for (int i = 0; i < 20; ++i) {
                          queue.put(++number);
                          ++put;
                          newest.put(number);
                          ++put;
                          smallest.put(-number);
                          ++put;
                          shared.put(number);
                          ++put;
                      }
                  },
                  [&] { ASSERT_EQ(queue.size() + newest.size() + smallest.size() + shared.size(), put); }),
              0u);
    int last = 0;
    while (std::optional<int> item = queue.try_get()) {
        EXPECT_LT(std::exchange(last, *item), *item);
    }
    last = -number - 1;
    while (std::optional<int> item = smallest.try_get()) {
        EXPECT_LT(std::exchange(last, *item), *item);
    }
    AsyncResult<std::vector<int>> result;
    const auto waiter = spawn([&] { return result.get().size(); });
    yield();
    at_each_allocation(
        [&] {
            if (!result.ready()) {
                result.set(100, 1);
            }
        },
        [] {});
    EXPECT_EQ(waiter.get(), 100u);
    EXPECT_GT(at_each_allocation(
                  [&] {
                      try {
                          get_any(0s, nothing, queue);
                      } catch (const Empty&) {
                      }
                      wait({&nothing}, 0s);
                  },
                  [&] { EXPECT_EQ(nothing.getting() + queue.getting(), 0u); }),
              0u);
}

TENDRIL_TEST(Allocation, NoneForASendThatIsOnItsWay) {
    Async async([] {});
    async.send_threadsafe();
    EXPECT_EQ(allocated_by([&] { async.send_threadsafe(); }), 0u);
}

}  // namespace
}  // namespace tendril

#endif
